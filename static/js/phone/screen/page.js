// What the parts of the logging screen share: sentences, numbers, elements, sheets.

export const byId = (id) => document.getElementById(id);

const words = JSON.parse(byId("words").textContent);
const isEnglish = document.documentElement.lang === "en";
const locale = isEnglish ? "en-GB" : "sv-SE";
const numbers = new Intl.NumberFormat(locale);
const percents = new Intl.NumberFormat(locale, { style: "percent" });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

// A sentence from the page's words, with each {name} filled in. An unknown key is shown as it is.
export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? "");
}

// 3 412 with a narrow no-break space, as the server writes it.
export const number = (value) => numbers.format(value).replace(/\s/g, "\u202f");

export const percent = (share) => percents.format(share);

export function time(at) {
  const moment = new Date(at);
  return (moment.toDateString() === new Date().toDateString() ? clock : day).format(moment);
}

// 18–20, or 18:30–20.
export function between({ starts_at: start, ends_at: end }) {
  return [start, end].map((at) => clock.format(new Date(at))).join("–");
}

export function failure(error) {
  const key = `failed_${error?.code}`;
  return say(key in words ? key : "failed");
}

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function option(value, label, isChosen) {
  return new Option(label, value, isChosen, isChosen);
}

// A topic that can be switched on and off.
export function chip({ id, name }, isOn, onToggle) {
  const button = make("button", { type: "button", className: "chip", textContent: name, "aria-pressed": isOn });
  button.dataset.topic = id;
  button.addEventListener("click", () => {
    button.ariaPressed = button.ariaPressed !== "true";
    onToggle?.();
  });
  return button;
}

export const chosenChips = (box) => [...box.querySelectorAll('[aria-pressed="true"]')].map((c) => c.dataset.topic);

// Screen readers do not read a text that did not change, so the second "Samtal sparat" gets a space at its end.
export function announce(text, { isUrgent = false } = {}) {
  const region = byId(isUrgent ? "urgent" : "polite");
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}

export function openSheet(id) {
  const sheet = byId(id);
  if (!sheet.open) sheet.showModal();
}

export function closeSheets() {
  for (const sheet of document.querySelectorAll("dialog[open]")) sheet.close();
}

export function wireSheets() {
  for (const sheet of document.querySelectorAll("dialog")) wireSheet(sheet);
}

// Sheets close by their button, by Escape and by a tap outside. The tap must begin outside too: a long press opens a
// sheet under the finger, and lifting the finger must not close it.
export function wireSheet(sheet) {
  let isOutside = false;
  sheet.addEventListener("pointerdown", (event) => (isOutside = event.target === sheet));
  sheet.addEventListener("click", (event) => {
    if ((isOutside && event.target === sheet) || event.target.closest("[data-close]")) sheet.close();
    isOutside = false;
  });
}

export function saveFile(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
