// Fills in the meeting point by a tap on the map, or by the phone's position. Nothing is sent before the form is.

const field = document.getElementById("f-coordinates");
const frame = document.querySelector("[data-meeting]");
const here = document.querySelector("[data-here]");

function put(latitude, longitude) {
  field.value = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  mark();
}

// Draws a ring at the field's position, if it holds one.
function mark() {
  const svg = frame?.querySelector("svg");
  const [latitude, longitude] = field.value.split(/[;,]\s*/).map(Number);
  svg?.querySelector("circle")?.remove();
  if (!svg || !latitude || !longitude) return;
  const { west, north, left, top, across, down } = view();
  const ring = document.createElementNS(svg.namespaceURI, "circle");
  ring.setAttribute("class", "meeting");
  ring.setAttribute("cx", left + (longitude - west) * across);
  ring.setAttribute("cy", top + (north - latitude) * down);
  ring.setAttribute("r", 12);
  svg.append(ring);
}

function view() {
  return Object.fromEntries(Object.entries(frame.dataset).map(([name, value]) => [name, Number(value)]));
}

if (frame) {
  frame.querySelector("[hidden]").hidden = false;
  frame.querySelector("svg").addEventListener("click", (event) => {
    const svg = event.currentTarget;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const { west, north, left, top, across, down } = view();
    put(north - (at.y - top) / down, west + (at.x - left) / across);
  });
  field.addEventListener("input", mark);
  mark();
}

if (navigator.geolocation && window.isSecureContext) {
  here.hidden = false;
  here.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(({ coords }) => put(coords.latitude, coords.longitude), () => {
      here.hidden = true; // not allowed, or not known; the field remains
      field.focus();
    });
  });
}
