// Keeps a block of the page up to date while somebody looks at it:
//
//   <div data-live="address of the stream" data-part="address of the block alone">…</div>  {% include "_live.html" %}
//
// The server sends the block whenever it has changed, and a sign of life in between. A server that answers 204 has no
// streams, and is asked for the block every few seconds. A hidden tab has no connection and asks nothing.
// Not EventSource: it tells neither "signed out" from "no network", nor when the last bytes came.

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
let leaving = null; // aborts the present request
let ticking = 0;
let hurry = () => {};

async function keepUp() {
  if (leaving || document.visibilityState === "hidden") return;
  const { signal } = (leaving = new AbortController());
  failures = 0;
  ticking = setInterval(tell, 1000);
  while (!signal.aborted) {
    let pause = Math.random() * 1500; // so that not all watchers come back to a restarted server at once
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

// Reads one stream to its end, or the block alone; gives whether it was a stream.
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
  // Signed out, or no longer allowed: the page, loaded anew, says which.
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

// What somebody has unfolded stays so: the server's block has it folded.
block.addEventListener("htmx:before:morph:attr", (event) => {
  if (event.detail.attrName === "open") event.preventDefault();
});

function heard() {
  heardAt = Date.now();
  failures = 0;
  tell();
}

const silence = () => Date.now() - Math.max(heardAt, beganAt);

// The state is announced once; the age is counted on for those who see it.
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
addEventListener("pageshow", keepUp); // from the back-forward cache too
addEventListener("online", () => hurry());
keepUp();
