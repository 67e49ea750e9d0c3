// Recorder mode: one phone logs for up to six people, who each take a colour. The colour is never sent. It shows
// everybody that they are counted, and whose attempt it is when one has to be corrected.

import { byId, make, number, openSheet, say, wireSheet } from "./page.js";

// Each colour has its own shape, since colour alone is not enough. SVG paths in a square of 24.
const SHAPES = {
  red: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  blue: "M4 4h16v16H4z",
  green: "M12 2.5 22 20.5H2z",
  yellow: "M12 1.5 22.5 12 12 22.5 1.5 12z",
  purple: "m12 1.5 3.2 7 7.6.8-5.7 5.1 1.6 7.5L12 18.1l-6.7 3.8 1.6-7.5-5.7-5.1 7.6-.8z",
  black: "M8.5 2.5h7v6h6v7h-6v6h-7v-6h-6v-7h6z",
};
const COLOURS = Object.keys(SHAPES);
const FEWEST = 2;
const SVG = "http://www.w3.org/2000/svg";

export function mark(colour) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `mark mark-${colour}`);
  svg.setAttribute("aria-hidden", "true");
  const path = svg.appendChild(document.createElementNS(SVG, "path"));
  path.setAttribute("d", SHAPES[colour]);
  return svg;
}

// Inputs to choose colours with; `type` is radio or checkbox.
export function choices(type, name, colours, isChosen) {
  return colours.map((colour) => {
    const input = make("input", { type, name, value: colour, checked: isChosen(colour) });
    return make("label", {}, input, make("span", { className: "choice" }, mark(colour), say(colour)));
  });
}

// Gives {open, paint, colours, chosen}.
export async function wireRecorder(screen) {
  await look(); // first: when it fails, all of this is done again
  const { outbox } = screen;
  const row = byId("colours");
  const legend = row.querySelector("legend");
  const sheet = wireChoice();
  let shape = "";

  const setting = () => outbox.setting("recorder");

  function paint(counts) {
    const { colours = [], chosen } = setting() ?? {};
    document.body.classList.toggle("recording", colours.length > 0);
    row.hidden = colours.length === 0;
    // Only when the colours have changed: a chip that is being pressed must not be replaced.
    if (shape !== colours.join()) row.replaceChildren(legend, ...colours.map(chip));
    shape = colours.join();
    for (const input of row.querySelectorAll("input")) {
      const n = number(counts[input.value] ?? 0);
      input.checked = input.value === chosen;
      input.setAttribute("aria-label", say("colour_count", { colour: say(input.value), n }));
      input.nextElementSibling.querySelector(".colour-count").textContent = n;
    }
  }

  function chip(colour) {
    const radio = make("input", { type: "radio", name: "colour", value: colour });
    radio.addEventListener("change", () => choose(colour));
    const top = make("span", { className: "colour-top" }, mark(colour), make("span", { className: "colour-count" }));
    return make("label", {}, radio, make("span", { className: "colour" }, top, make("small", {}, say(colour))));
  }

  // Known at once, though it is saved a moment later: the next tap may come between.
  let next = null;
  function choose(colour) {
    next = colour;
    return outbox.setSetting("recorder", { ...setting(), chosen: colour }).then(
      () => next === colour && (next = null),
      () => {}, // the tap that follows will say what is wrong
    );
  }

  function wireChoice() {
    const body = byId("recorder-colours");
    wireSheet(byId("recorder"));
    const chosen = () => [...body.querySelectorAll(":checked")].map((input) => input.value);
    const check = () => (byId("recorder-start").disabled = chosen().length < FEWEST);
    body.addEventListener("change", check);
    byId("recorder-form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const colours = chosen();
      const before = setting()?.chosen;
      byId("recorder").close();
      await outbox.setSetting("recorder", { colours, chosen: colours.includes(before) ? before : colours[0] });
    });
    byId("recorder-stop").addEventListener("click", async () => {
      byId("recorder").close();
      await outbox.setSetting("recorder", null);
    });
    return { check };
  }

  function open() {
    const { colours } = setting() ?? {};
    const first = COLOURS.slice(0, FEWEST);
    const boxes = choices("checkbox", "recorder-colour", COLOURS, (colour) => (colours ?? first).includes(colour));
    byId("recorder-colours").querySelector(".segments-row").replaceChildren(...boxes);
    byId("recorder-stop").hidden = !colours;
    byId("recorder-start").textContent = say(colours ? "recorder_save" : "recorder_start");
    sheet.check();
    openSheet("recorder");
  }

  return {
    open,
    paint,
    get colours() {
      return setting()?.colours ?? [];
    },
    get chosen() {
      return setting() && (next ?? setting().chosen);
    },
  };
}

// Loads the style sheet, once it has succeeded. Its address is in the page.
let styles = null;
export function look() {
  styles ??= new Promise((resolve, reject) => {
    const link = make("link", { rel: "stylesheet", href: document.body.dataset.recorderStyles });
    link.addEventListener("load", resolve);
    link.addEventListener("error", (event) => {
      styles = null;
      link.remove();
      reject(event);
    });
    document.head.append(link);
  });
  return styles;
}
