// What the parts of the logging screen share: sentences, numbers, elements, sheets.

import { inside, isHomeScreenApp } from "../../shared/inside.js";
import { ZONE, dayOf } from "../queue/days.js";

export const byId = (id) => document.getElementById(id);

export const QUICK = 400; // ms between two touches that are one, and from a finger's lifting to its click
const NEAR = 30; // px between them

const words = JSON.parse(byId("words").textContent);
const isEnglish = document.documentElement.lang === "en";
const locale = isEnglish ? "en-GB" : "sv-SE";
const numbers = new Intl.NumberFormat(locale);
const percents = new Intl.NumberFormat(locale, { style: "percent" });
const hours = { hour: "2-digit", minute: "2-digit", timeZone: ZONE };
const clock = new Intl.DateTimeFormat(locale, hours);
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...hours });

// A sentence from the page's words, with each {name} filled in. An unknown key is shown as it is.
export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? "");
}

// 3 412 with a narrow no-break space, as the server writes it.
export const number = (value) => numbers.format(value).replace(/\s/g, "\u202f");

export const percent = (share) => percents.format(share);

export function time(at) {
  return (dayOf(at) === dayOf(Date.now()) ? clock : day).format(new Date(at));
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
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
    onToggle?.();
  });
  return button;
}

// The chosen topics, and those of the attempt that are not offered any more.
export function chosenTopics(box, topics) {
  const offered = [...box.children];
  const gone = topics.filter((id) => !offered.some((button) => button.dataset.topic === id));
  const chosen = offered.filter((button) => button.getAttribute("aria-pressed") === "true");
  return [...gone, ...chosen.map((button) => button.dataset.topic)];
}

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

// A finger that taps twice means one tap: its second must not land on what the first has opened or uncovered.
export function wireEchoes() {
  let last = null;
  const listen = (event) => {
    const { timeStamp, clientX, clientY, target } = event;
    const sheet = target.closest("dialog");
    const isQuick = last && timeStamp - last.timeStamp < QUICK;
    if (isQuick && sheet !== last.sheet && Math.hypot(clientX - last.clientX, clientY - last.clientY) < NEAR) refuse(event);
    last = { timeStamp, clientX, clientY, sheet };
  };
  addEventListener("click", (event) => event.detail && listen(event), { capture: true }); // 0: a key, or a script
}

// A finger has been held and is still down: the click of its lifting may come to whatever is beneath it by then, and is
// refused. Calls `done` when there can be no such click any more.
export function refuseLifting(done) {
  const listening = new AbortController();
  const listen = (name, act) => addEventListener(name, act, { capture: true, signal: listening.signal });
  const end = () => {
    listening.abort();
    done();
  };
  listen("click", (event) => {
    refuse(event);
    end();
  });
  listen("pointerup", () => setTimeout(end, QUICK));
  listen("pointerdown", end);
  listen("keydown", end);
}

function refuse(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

// Gives a sentence about what became of the file. An iPhone's home screen app cannot download, only share.
export async function saveFile(blob, name) {
  const file = new File([blob], name, { type: blob.type });
  if (isHomeScreenApp || inside() !== null) return say(await share(file), { name });
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return say("file_saved", { name });
}

async function share(file) {
  if (!navigator.canShare?.({ files: [file] })) return "file_none";
  try {
    await navigator.share({ files: [file] });
    return "file_shared";
  } catch (error) {
    return error.name === "AbortError" ? "file_cancelled" : "file_none"; // AbortError: the person closed the sheet
  }
}
