// Hands the outbox in, whenever there is a chance, for as long as it takes. docs/sync.md says what each answer demands.

import { newId } from "./ids.js";

const APP = "canvass-sync/1";
const SYNC = "/api/v1/sync";
const HELLO = "/api/v1/hello";
const OUTLINES = "/api/v1/outlines";

const SECOND = 1_000; // ms
const REQUEST_PATIENCE = 20 * SECOND;
const LOCK_PATIENCE = 30 * SECOND; // a tab that the system has put to sleep may never let go
const BACKOFF_FIRST = 2 * SECOND;
const BACKOFF_MOST = 300 * SECOND;
const HEARTBEAT_EVERY = 600 * SECOND;
const HELLO_FRESH_FOR = 120 * SECOND;

// The flush can go no further now; `seconds` is how long the server asked us to wait, if it did.
class Halt extends Error {
  constructor(seconds = 0) {
    super("halt");
    this.seconds = seconds;
  }
}

// Gives {flush, stop, refreshHello}. flush() resolves when there is nothing more to do for now, delivered or not.
export function start(outbox, { onStatus = () => {}, onHello = () => {} } = {}) {
  let running = null; // the flush that is under way
  let round = null; // what its present round through the queue has come to
  let isWanted = false; // somebody asked for another one meanwhile
  let isHeld = false; // the server has asked us to wait
  let isStopped = false;
  let hasMoved = false; // on to a shift or off it, and the server has not heard
  let isOutdated = false; // the figures we have may hold something that the queue has too
  let failures = 0;
  let timer = null;
  let heardAt = -Infinity; // by the phone's clock, like the next one
  let greetedAt = -Infinity;
  let greeting = null; // the hello that is under way
  let outlinesFor = null;

  // --- when ---

  function flush() {
    if (running) isWanted = true;
    else {
      running = run().finally(() => {
        running = null;
      });
    }
    return running;
  }

  async function run() {
    let settled = 0;
    let wait = 0; // seconds
    let isDone = false;
    let hasStartedOver = false;
    isHeld = false;
    clearTimeout(timer);
    try {
      do {
        isWanted = false;
        round = { settled: 0, left: 0, requeued: 0, seconds: 0, isProven: false };
        await alone(passThrough);
        settled += round.settled;
        // A restored server gets its share at once, but only once: two that disagree would keep us at it for ever.
        if (round.requeued && !hasStartedOver) isWanted = hasStartedOver = true;
      } while (isWanted && !isStopped);
      wait = round.seconds;
      isDone = !round.left && !round.requeued;
    } catch (error) {
      settled += round.settled;
      wait = error.seconds ?? 0;
      if (!(error instanceof Halt)) console.warn("delivery:", error); // the phone's database; the next try may succeed
    }
    failures = isDone ? 0 : failures + 1;
    if (settled) {
      if (!isDone) failures = 1;
      if (isOutdated || Date.now() - greetedAt > HELLO_FRESH_FOR) refreshHello();
    }
    if (!isStopped) timer = setTimeout(flush, isDone ? HEARTBEAT_EVERY : pause(wait));
  }

  function pause(seconds) {
    const asked = Math.min(BACKOFF_MOST, seconds * SECOND);
    const backoff = Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** (failures - 1));
    isHeld = asked > 0;
    // Spread out, so that a thousand phones do not come back together; never earlier than the server asked.
    return Math.max(asked * (1 + Math.random() / 4), backoff * (0.5 + Math.random() / 2));
  }

  function wake() {
    failures = 0;
    flush();
    if (Math.abs(Date.now() - greetedAt) > HELLO_FRESH_FOR) refreshHello();
  }

  function looked() {
    if (document.visibilityState === "visible") wake();
  }

  async function shown({ persisted }) {
    if (persisted) {
      // Back from the page cache: another page may have signed somebody else in, unheard.
      await outbox.refresh();
      greetedAt = -Infinity;
    }
    wake();
  }

  const unsubscribe = outbox.subscribe(async (what) => {
    if (what === "person") failures = 0;
    if (what === "shift") hasMoved = true;
    if (what === "person" || (["saved", "shift"].includes(what) && !isHeld)) flush();
    onStatus(await outbox.status());
  });

  // One tab at a time, to save traffic. It is the ids that make it right, so it goes on without the lock if need be.
  async function alone(work) {
    const patience = new AbortController();
    const alarm = setTimeout(() => patience.abort(), LOCK_PATIENCE);
    let hasBegun = false;
    try {
      return await navigator.locks.request("canvass-deliver", { signal: patience.signal }, () => {
        hasBegun = true;
        clearTimeout(alarm);
        return work();
      });
    } catch (error) {
      if (hasBegun) throw error;
      return await work();
    } finally {
      clearTimeout(alarm);
    }
  }

  // --- what ---

  // Once through this person's queue, each operation at most once, so that none can hold up the ones behind it.
  async function passThrough() {
    const author = outbox.person()?.id;
    if (!author) return;
    for (const { install } of await outbox.groups("pending", author)) await walk({ install, author, state: "pending" });
    const isIdle = Math.abs(Date.now() - heardAt) >= HEARTBEAT_EVERY;
    if ((isIdle && document.visibilityState === "visible") || hasMoved) await beat(author);
    for (const { install } of await outbox.groups("quarantined", author)) {
      await walk({ install, author, state: "quarantined" });
    }
  }

  async function walk(part) {
    for (let after = []; after; ) after = await send({ ...part, after });
  }

  // Sends the next batch of a part of the queue; gives the position after it, or null when there was none left.
  async function send(part) {
    const batch = await outbox.take(part);
    const { ops, end } = batch;
    const refusal = ops.length && (await post(batch));
    if (!refusal) return end;
    // Something in the batch, or something between us and the server? An empty batch tells.
    if (!round.isProven) await beat(part.author);
    if (ops.length === 1) await outbox.refuse(ops[0].op, refusal);
    else {
      const middle = ops[ops.length >> 1].position;
      const before = ops[(ops.length >> 1) - 1].position;
      await send({ ...part, last: before });
      await send({ ...part, after: before, last: ops.at(-1).position });
    }
    return end;
  }

  // The heartbeat: an empty batch. It tells the server what waits here, and us whether the server was restored.
  async function beat(author) {
    const refusal = await post(await outbox.take({ install: outbox.install, author, state: "none" }));
    if (refusal) throw new Halt();
    round.isProven = true;
  }

  // Gives nothing when the server took the batch, or the code for why it would not read it. Throws Halt when there is
  // no server to be heard: no network, somebody else's page, a server in trouble, or nobody signed in.
  async function post({ install, author, ops, pending, maxSeq, epoch, shift }) {
    const batch = newId();
    const sentAt = new Date().toISOString();
    const head = { schema: 1, install, batch, author, epoch, sent_at: sentAt, pending, max_seq: maxSeq, shift };
    // The operations go in as the texts they are, never read and written anew.
    const body = `${JSON.stringify(head).slice(0, -1)},"ops":[${ops.map(({ text }) => text).join()}]}`;
    const headers = { "Content-Type": "application/json", "X-Sync": "1" };
    const { status, json, offset } = await request(SYNC, { method: "POST", headers, body });
    const answer = status === 200 && json?.batch === batch && Array.isArray(json.results) && proper(json);
    if (answer) {
      heardAt = Date.now();
      if (shift === (outbox.shift()?.id ?? null)) hasMoved = false;
      const results = json.results.filter((result) => result?.op);
      const missing = ops.length ? [] : json.device?.missing;
      const sent = ops.map(({ op }) => op);
      const outcome = await outbox.hear({ ...answer, results, missing }, { offset, sent });
      for (const key of ["settled", "left", "requeued"]) round[key] += outcome[key];
      for (const { verdict, seconds } of results) {
        // It was counted before, perhaps before the last hello: only a new one can tell.
        if (verdict === "duplicate") isOutdated = true;
        if (verdict === "retry") round.seconds = Math.max(round.seconds, Number(seconds) || 0);
      }
      return null;
    }
    if (status === 413) return "too_large";
    if (status === 400) return "refused";
    if (status === 401) {
      await outbox.needSignIn();
      await refreshHello(); // perhaps it is somebody else by now
    }
    throw new Halt([429, 503].includes(status) ? Number(json?.seconds) || 0 : 0);
  }

  // --- who is here, and what can be logged ---

  // Gives the answer, or null when there was none: no network, or no session (the queue needs none).
  function refreshHello() {
    greeting ??= greet()
      .finally(() => {
        greeting = null;
      })
      .then((json) => {
        if (json && isOutdated) refreshHello(); // heard of meanwhile, too late for this answer
        return json;
      });
    return greeting;
  }

  async function greet() {
    const asking = outbox.person()?.id;
    const wasOutdated = isOutdated;
    isOutdated = false;
    const { status, json, offset } = await request(HELLO);
    const answer = status === 200 && json?.person?.id && proper(json);
    if (status) greetedAt = Date.now(); // also when the answer is no: every tap would ask again
    if (!answer) isOutdated ||= wasOutdated;
    if (!answer || isStopped) return null;
    const outcome = await outbox.hear(answer, { offset, hello: json, asking });
    if (!outcome) return null;
    if (outcome.requeued || json.person.id !== asking) {
      failures = 0;
      flush();
    }
    onHello(json);
    if (outlinesFor !== json.person.id) await refreshOutlines(json.person.id);
    return json;
  }

  async function refreshOutlines(person) {
    const tag = outbox.outlinesTag;
    const { status, json, etag } = await request(OUTLINES, { headers: tag ? { "If-None-Match": tag } : {} });
    if (outbox.person()?.id !== person) return;
    if (status === 200 && json?.type === "FeatureCollection") await outbox.setOutlines(json, etag);
    if (status === 200 || status === 304) outlinesFor = person;
  }

  window.addEventListener("online", wake);
  window.addEventListener("pageshow", shown);
  document.addEventListener("visibilitychange", looked);
  flush();
  refreshHello();

  function stop() {
    isStopped = true;
    clearTimeout(timer);
    unsubscribe();
    window.removeEventListener("online", wake);
    window.removeEventListener("pageshow", shown);
    document.removeEventListener("visibilitychange", looked);
  }

  return { flush, stop, refreshHello };
}

// What both answers of the server say of itself, with its times in one form; null when it is not our server speaking.
function proper({ app, epoch, now, durable_before: durableBefore }) {
  if (app !== APP || typeof epoch !== "string" || !epoch || !moment(now)) return null;
  return { epoch, now: moment(now), durableBefore: moment(durableBefore) };
}

function moment(text) {
  const time = typeof text === "string" ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

// Status 0: no answer at all, too late, or a redirect. `offset`: seconds to add to the phone's clock.
async function request(path, options = {}) {
  const patience = new AbortController();
  const alarm = setTimeout(() => patience.abort(), REQUEST_PATIENCE);
  const begun = performance.now();
  try {
    const response = await fetch(path, {
      ...options,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: patience.signal,
    });
    const text = await response.text();
    const halfway = Date.now() - (performance.now() - begun) / 2;
    const answer = { status: response.status, etag: response.headers.get("ETag"), json: null, offset: null };
    try {
      answer.json = JSON.parse(text);
      const now = Date.parse(answer.json.now);
      if (!Number.isNaN(now)) answer.offset = Math.round((now - halfway) / 1000);
    } catch {
      // Somebody else's page.
    }
    return answer;
  } catch {
    return { status: 0, etag: null, json: null, offset: null };
  } finally {
    clearTimeout(alarm);
  }
}
