// The wallboard around its block, which live.js replaces: the number counts up, a milestone is celebrated, the screen
// stays awake. The page runs for weeks: every timer and listener is made once, and nothing is kept of an old block.

const CLIMB = 1_200; // ms from the former number to the new
const GLOW = 20_000; // ms that a milestone is celebrated
const IDLE = 3_000; // ms after which the pointer hides
const SOON = 5_000; // ms; a page of another version is loaded anew after one to seven times as long, at random

const board = document.getElementById("wall");
const clock = document.getElementById("clock");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const locale = document.documentElement.lang === "en" ? "en-GB" : "sv-SE";
const numbers = new Intl.NumberFormat(locale);
const hours = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Stockholm" });
const written = (number) => numbers.format(number).replace(/\s/g, "\u202f"); // as the server writes it

// --- the number ----------------------------------------------------------------------------------------------------

let goal = Number(document.getElementById("number").dataset.count);
let standing = goal; // what is shown, on its way to the goal
let frame = 0;

function climb() {
  const wanted = Number(document.getElementById("number").dataset.count);
  if (wanted === goal) return;
  goal = wanted;
  cancelAnimationFrame(frame);
  // Downwards, after an undo, the new number is there at once.
  if (wanted < standing || calm.matches || document.hidden) {
    standing = wanted;
    return;
  }
  const from = standing;
  const began = performance.now();
  const step = (now) => {
    const number = document.getElementById("number");
    if (!number) return;
    const part = Math.min(1, Math.max(0, now - began) / CLIMB);
    standing = from + Math.round((wanted - from) * (1 - (1 - part) ** 3));
    number.firstChild.data = written(standing);
    if (part < 1) frame = requestAnimationFrame(step);
  };
  step(began);
}

// --- milestones ----------------------------------------------------------------------------------------------------

const block = () => board.firstElementChild;
let news = block().dataset.news;
let glowing = 0;

function celebrate() {
  const { news: latest } = block().dataset;
  if (latest === news) return;
  news = latest;
  clearTimeout(glowing);
  board.classList.toggle("celebrating", Boolean(latest));
  if (latest) glowing = setTimeout(() => board.classList.remove("celebrating"), GLOW);
}

// --- another version of the product --------------------------------------------------------------------------------

const { version } = block().dataset;
let renewing = 0;

// Not at once: every screen hears it at the same moment, and the server may still be starting.
function renewPage() {
  const { version: latest } = block().dataset;
  if (latest === version || renewing || sessionStorage.getItem("wall") === latest) return;
  renewing = setTimeout(async () => {
    renewing = 0;
    if (board.classList.contains("celebrating")) return;
    const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
    if (!answer?.ok) return;
    sessionStorage.setItem("wall", latest); // once per version: two servers of unlike versions would reload it for ever
    location.reload();
  }, SOON * (1 + 6 * Math.random()));
}

// --- whenever the block is renewed ---------------------------------------------------------------------------------

new MutationObserver(() => {
  if (!document.getElementById("number")) return;
  climb();
  celebrate();
  renewPage();
}).observe(board, { childList: true, subtree: true, attributeFilter: ["data-count", "data-news", "data-version"] });

// --- the clock ------------------------------------------------------------------------------------------------------

function tell() {
  const time = hours.format();
  if (clock.textContent !== time) clock.textContent = time;
}

setInterval(tell, 1_000);
tell();

// --- the screen ----------------------------------------------------------------------------------------------------

let lock = null;

async function stayAwake() {
  if (document.hidden || !navigator.wakeLock || (lock && !lock.released)) return;
  lock = await navigator.wakeLock.request("screen").catch(() => null); // refused on a low battery: then it sleeps
}

document.addEventListener("visibilitychange", stayAwake);
stayAwake();

function fillScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

document.addEventListener("click", fillScreen);
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "f" && !event.ctrlKey && !event.metaKey && !event.altKey) fillScreen();
});

let resting = 0;

function rest() {
  document.body.classList.remove("idle");
  clearTimeout(resting);
  resting = setTimeout(() => document.body.classList.add("idle"), IDLE);
}

document.addEventListener("pointermove", rest);
rest();
