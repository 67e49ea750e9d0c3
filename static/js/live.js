// Keeps a block of the page as it is on the server for as long as somebody looks:
//
//   <div data-live="where the stream is" data-part="where the block is, alone">…</div>  {% include "_live.html" %}
//
// The server sends the block whenever it has changed, and a sign of life in between. A server that keeps no streams is
// asked for the block now and then. In a hidden tab nothing is connected and nothing asked. EventSource would tell
// neither "signed out" from "no coverage", nor when it last heard anything; so the stream is read by hand.

const PART_EVERY = 5_000; // ms
const SILENCE = 25_000; // ms: the server says something every 15 s
const LONGEST_WAIT = 15_000; // ms between two tries
const GONE = [401, 403, 404, 410];

const block = document.querySelector("[data-live]");
const state = document.getElementById("live-state");
const age = document.getElementById("live-age");
let shown = null;
let heardAt = Date.now();
let beganAt = 0;
let failures = 0;
let leaving = null; // aborts what is going on
let ticking = 0;
let hurry = () => {};

async function keepUp() {
  if (leaving || document.visibilityState === "hidden") return;
  const { signal } = (leaving = new AbortController());
  failures = 0;
  ticking = setInterval(tell, 1000);
  while (!signal.aborted) {
    let pause = Math.random() * 1500; // a server that starts anew meets its watchers one by one
    try {
      if (!(await follow(signal))) pause = PART_EVERY;
    } catch {
      failures += 1;
      pause = Math.min(LONGEST_WAIT, 1000 * 2 ** (failures - 1)) * (0.5 + Math.random());
    }
    if (signal.aborted) return;
    tell();
    await new Promise((resolve) => {
      hurry = resolve;
      setTimeout(resolve, pause);
    });
  }
}

function stop() {
  leaving?.abort();
  leaving = null;
  clearInterval(ticking);
  hurry();
}

// One stream from its first word to its last, or the block alone; tells whether it was a stream.
async function follow(leave) {
  const giveUp = new AbortController();
  const signal = AbortSignal.any([leave, giveUp.signal]);
  beganAt = Date.now();
  const watchdog = setInterval(() => silence() > SILENCE && giveUp.abort(), 1000);
  try {
    const answer = await ask(block.dataset.live, signal);
    if (answer.status === 204) {
      const part = await ask(block.dataset.part, signal);
      await show(await part.text());
      heard();
      return false;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      heard();
      const events = (text + read.value).split("\n\n");
      text = events.pop();
      for (const event of events) await take(event);
    }
    return true;
  } finally {
    clearInterval(watchdog);
  }
}

async function ask(address, signal) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal });
  // Signed out, or no longer allowed: the page itself says which.
  if (GONE.includes(answer.status)) location.reload();
  if (!answer.ok) throw new Error(String(answer.status));
  return answer;
}

async function take(event) {
  const lines = event.split("\n").filter((line) => line.startsWith("data: "));
  if (lines.length) await show(lines.map((line) => line.slice(6)).join("\n"));
}

async function show(text) {
  if (text === shown) return;
  shown = text;
  await htmx.swap({ sourceElement: block, target: block, swap: "innerMorph", text });
}

// What somebody has opened stays open, though the server knows nothing of it.
block.addEventListener("htmx:before:morph:attr", (event) => {
  if (event.detail.attrName === "open") event.preventDefault();
});

function heard() {
  heardAt = Date.now();
  failures = 0;
  tell();
}

const silence = () => Date.now() - Math.max(heardAt, beganAt);

// Said once to those who listen, counted on for those who see.
function tell() {
  const isLost = failures > 0 || silence() > SILENCE;
  const seconds = Math.floor((Date.now() - heardAt) / 1000);
  const [unit, size] = seconds < 60 ? ["seconds", 1] : seconds < 3600 ? ["minutes", 60] : ["hours", 3600];
  write(state, isLost ? state.dataset.lost : "");
  write(age, isLost ? age.dataset[unit].replace("{n}", Math.floor(seconds / size)) : "");
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? stop() : keepUp()));
addEventListener("pagehide", stop);
addEventListener("pageshow", keepUp); // also out of the browser's memory
addEventListener("online", () => hurry());
keepUp();
