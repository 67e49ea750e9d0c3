// Sends the outbox to the server, whenever there is a chance, until it has it. docs/sync.md says what each answer means.

import { newId } from "./operations.js";

const APP = "canvass-sync/1";
const SYNC = "/api/v1/sync";
const HELLO = "/api/v1/hello";
const OUTLINES = "/api/v1/outlines";

const SECOND = 1_000; // ms
const REQUEST_PATIENCE = 20 * SECOND;
const LOCK_PATIENCE = 30 * SECOND; // a tab that the system has put to sleep may never let go
const BACKOFF_FIRST = 2 * SECOND;
const BACKOFF_MOST = 300 * SECOND;
const SPREAD = 10 * SECOND;
const HEARTBEAT_EVERY = 600 * SECOND;
const HELLO_FRESH_FOR = 120 * SECOND;

// Ends a flush that can go no further now; `seconds` is how long the server asked us to wait, if it did.
class Halt extends Error {
  constructor(seconds = 0) {
    super("halt");
    this.seconds = seconds;
  }
}

// Gives {flush, stop, refreshHello}. flush() resolves when no more can be done for now, delivered or not.
export function start(outbox, { onStatus = () => {}, onHello = () => {} } = {}) {
  let running = null; // the flush that is under way
  let round = null; // the counts of its present round through the queue
  let isWanted = false; // another flush was asked for meanwhile
  let isHeld = false; // the server has asked us to wait
  let isStopped = false;
  let hasMoved = false; // the phone is on another shift, or on none, and the server has not been told
  let isOutdated = false; // the latest hello may count something that the queue holds too
  let failures = 0;
  let timer = null;
  let heardAt = -Infinity; // the phone's clock, as the next one
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
        // To a restored server everything is sent again at once, but only once: two servers that disagree about the
        // epoch would keep the phone sending for ever.
        if (round.requeued && !hasStartedOver) isWanted = hasStartedOver = true;
      } while (isWanted && !isStopped);
      wait = round.seconds;
      isDone = !round.left && !round.requeued;
    } catch (error) {
      settled += round.settled;
      wait = error.seconds ?? 0;
      if (!(error instanceof Halt)) console.warn("delivery:", error); // of the phone's database; the next try may succeed
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
    // Spread out, so that a thousand phones do not come back together. What the server asked for is spread already.
    return isHeld ? asked * (1 + Math.random() / 4) : backoff * (0.5 + Math.random() / 2);
  }

  function wake() {
    failures = 0;
    flush();
    if (Math.abs(Date.now() - greetedAt) > HELLO_FRESH_FOR) refreshHello();
  }

  function looked() {
    if (document.visibilityState === "visible" && !isHeld) wake();
  }

  // After an outage all phones may come online at one moment. Those with a backlog wait for up to ten seconds; a tap goes
  // at once, with the backlog, as taps do not come at one moment.
  async function cameOnline() {
    const { pending } = await outbox.status();
    if (isHeld || isStopped) return;
    if (!pending || running) wake();
    else {
      clearTimeout(timer);
      timer = setTimeout(wake, Math.random() * SPREAD);
    }
  }

  async function shown({ persisted }) {
    if (persisted) {
      // Back from the back-forward cache, where it heard nothing: somebody else may have signed in.
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

  // One tab at a time, only to save traffic: correctness rests on the ids, so it goes on without the lock if need be.
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

  // Once through this person's queue. What the server does not take waits for the next round, and holds up nothing.
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

  // Sends the next batch of a part of the queue; gives the position after it, or null when nothing was left.
  async function send(part) {
    const batch = await outbox.take(part);
    const { ops, end } = batch;
    const refusal = ops.length && (await post(batch));
    if (!refusal) return end;
    // Is it the batch, or the connection to the server? An empty batch tells.
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

  // The heartbeat: an empty batch. The server learns how much waits here, the phone whether the server was restored.
  async function beat(author) {
    const refusal = await post(await outbox.take({ install: outbox.install, author, state: "none" }));
    if (refusal) throw new Halt();
    round.isProven = true;
  }

  // Gives null when the server took the batch, or the code for why it would not read it. Throws Halt when there is no
  // answer of ours: no network, a captive portal's page, an error of the server, or nobody is signed in.
  async function post({ install, author, ops, pending, maxSeq, epoch, shift }) {
    const batch = newId();
    const sentAt = new Date().toISOString();
    const head = { schema: 1, install, batch, author, epoch, sent_at: sentAt, pending, max_seq: maxSeq, shift };
    // The operations are sent as the texts they are kept as, never parsed and written anew.
    const body = `${JSON.stringify(head).slice(0, -1)},"ops":[${ops.map(({ text }) => text).join()}]}`;
    const headers = { "Content-Type": "application/json", "X-Sync": "1" };
    const { status, json, offset, retryAfter } = await request(SYNC, { method: "POST", headers, body });
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
        // It was counted before, perhaps before the latest hello: only a new one tells.
        if (verdict === "duplicate") isOutdated = true;
        if (verdict === "retry") round.seconds = Math.max(round.seconds, Number(seconds) || 0);
      }
      return null;
    }
    if (status === 413) return "too_large";
    if (status === 400) return "refused";
    if (status === 401) {
      await outbox.needSignIn();
      await refreshHello(); // perhaps somebody else is signed in by now
    }
    throw new Halt([429, 503].includes(status) ? Number(json?.seconds ?? retryAfter) || 0 : 0);
  }

  // --- who is here, and what can be logged ---

  // Gives the answer, or null when there was none: no network, or no session. The queue needs no session.
  function refreshHello() {
    greeting ??= greet()
      .finally(() => {
        greeting = null;
      })
      .then((json) => {
        if (json && isOutdated) refreshHello(); // outdated again while it was on its way
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
    if (status) greetedAt = Date.now(); // after a 401 too, or every tap would ask again
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

  window.addEventListener("online", cameOnline);
  window.addEventListener("pageshow", shown);
  document.addEventListener("visibilitychange", looked);
  flush();
  refreshHello();

  function stop() {
    isStopped = true;
    clearTimeout(timer);
    unsubscribe();
    window.removeEventListener("online", cameOnline);
    window.removeEventListener("pageshow", shown);
    document.removeEventListener("visibilitychange", looked);
  }

  return { flush, stop, refreshHello };
}

// What a hello and a sync answer have in common, with times in one form; null when it is no answer of our server's.
function proper({ app, epoch, now, durable_before: durableBefore }) {
  if (app !== APP || typeof epoch !== "string" || !epoch || !moment(now)) return null;
  return { epoch, now: moment(now), durableBefore: moment(durableBefore) };
}

function moment(text) {
  const time = typeof text === "string" ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

// Gives {status, etag, json, offset, retryAfter}. Status 0: no answer, one that came too late, or a redirect. `offset`: seconds to
// add to the phone's clock.
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
    const { status, headers } = response;
    const answer = { status, etag: headers.get("ETag"), json: null, offset: null, retryAfter: headers.get("Retry-After") };
    try {
      answer.json = JSON.parse(text);
      const now = Date.parse(answer.json.now);
      if (!Number.isNaN(now)) answer.offset = Math.round((now - halfway) / 1000);
    } catch {
      // Not JSON: a captive portal's page.
    }
    return answer;
  } catch {
    return { status: 0, etag: null, json: null, offset: null };
  } finally {
    clearTimeout(alarm);
  }
}
