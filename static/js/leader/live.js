// Keeps a block of the page as it is on the server for as long as somebody looks:
//
//   <div data-live="where the stream is" data-part="where the block is, alone">…</div>  {% include "_live.html" %}
//
// htmx's extension for server-sent events reads the stream and swaps the block. When to connect stands here, since the
// extension connects in hidden tabs, gives up after a first answer that fails, asks again for ever when it is told that
// the page is gone (401, 404, 410), does not see that a server has fallen silent, and cannot ask for a part instead.
// And so does what the page says while nothing comes.
//
// Virus scanners and company proxies swallow streams: the page gets none of it, or all of it at its end. After two such
// streams the block is asked for every few seconds instead.

const POLL = 5_000; // ms between two questions to a server that keeps no streams
const SILENCE = 25_000; // ms: the server sends something every 15 s
const LONGEST_WAIT = 15_000; // ms between two tries
const MOST_MUTES = 2; // streams in a row that brought nothing
const MUTED_FOR = 15 * 60_000; // ms until a stream is tried again
const GONE = [401, 403, 404, 410];

const state = document.getElementById("live-state");
const age = document.getElementById("live-age");
let heardAt = Date.now();
let askedAt = 0; // 0 while nothing is asked
let status = 0; // of the latest answer
let failures = 0;
let mutes = 0;
let mutedAt = 0;
let hasHeard = false; // anything since the latest question
let isSilent = false; // the latest question was given up
let hasLeft = false; // it was taken back, since nobody looks
let next = 0;

const isHidden = () => document.visibilityState === "hidden";
const block = () => document.querySelector("[data-live]"); // a form in the page may have replaced it
const on = (name, act) => document.addEventListener(name, (event) => event.target === block() && act(event));

async function watch() {
  clearTimeout(next);
  if (askedAt || isHidden()) return;
  if (mutes === MOST_MUTES && Date.now() - mutedAt > MUTED_FOR) mutes -= 1;
  if (mutes < MOST_MUTES) await listen();
  const isPolled = status === 204 || mutes === MOST_MUTES;
  if (isPolled && !isHidden()) {
    await ask(block().dataset.part);
    if (isSilent) failed();
  }
  let wait = Math.random() * 1500; // so that not all watchers come back to a restarted server at once
  if (failures) wait = Math.min(LONGEST_WAIT, 1000 * 2 ** (failures - 1)) * (0.5 + Math.random());
  else if (isPolled) wait = POLL;
  next = setTimeout(watch, wait);
}

// Until the stream has ended.
async function listen() {
  const begun = Date.now();
  await ask(block().dataset.live);
  if (isSilent || (status === 200 && !hasHeard && !hasLeft)) {
    mutes += 1;
    mutedAt = Date.now();
    if (mutes < MOST_MUTES) failed(); // else the block is asked for at once
  } else if (heardAt - begun > SILENCE) {
    mutes = 0;
  }
}

async function ask(address) {
  hasHeard = isSilent = hasLeft = false;
  status = 0;
  askedAt = Date.now();
  await htmx.ajax("GET", address, { source: block(), swap: "innerMorph" });
  askedAt = 0;
}

function leave() {
  hasLeft = true;
  stop();
}

function stop() {
  if (askedAt) htmx.trigger(block(), "htmx:abort");
}

on("htmx:before:response", (event) => {
  status = event.detail.ctx.response.status;
  if (status >= 400) {
    event.preventDefault(); // its page does not belong in the block
    failed();
  }
  if (GONE.includes(status)) location.reload(); // the page, loaded anew, says which it is
});
on("htmx:sse:after:connection", () => (status = 200)); // of a stream the event above does not come
on("htmx:after:swap", heard);
on("htmx:sse:after:message", heard); // also a sign of life, which is an event without data
on("htmx:sse:error", failed);
on("htmx:error", failed);

function heard() {
  hasHeard = true;
  heardAt = Date.now();
  failures = 0;
  tell();
}

function failed() {
  failures += 1;
  tell();
}

// The state is announced once; the age is counted on for those who see it. Numbers from before the page was hidden have
// their age too, until the newer ones are there.
function tell() {
  const isLost = failures > 0;
  const isOld = isLost || Date.now() - heardAt > SILENCE;
  const seconds = Math.floor((Date.now() - heardAt) / 1000);
  const [unit, size] = seconds < 60 ? ["seconds", 1] : seconds < 3600 ? ["minutes", 60] : ["hours", 3600];
  write(state, isLost ? state.dataset.lost : "");
  write(age, isOld ? age.dataset[unit].replace("{n}", Math.floor(seconds / size)) : "");
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

setInterval(() => {
  if (askedAt && Date.now() - Math.max(heardAt, askedAt) > SILENCE) {
    isSilent = true;
    stop();
  }
  tell();
}, 1000);
document.addEventListener("visibilitychange", () => (isHidden() ? leave() : watch()));
addEventListener("pagehide", leave);
addEventListener("pageshow", watch); // from the back-forward cache too
addEventListener("online", watch);
