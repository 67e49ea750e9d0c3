// What goes to the server and what comes of its answers, inside a transaction over the phone's database: `tables` is
// {facts, operations, attempts, outlines}. docs/sync.md has the protocol and the states.

import { ask, each } from "./database.js";
import { current, shiftIn, sizeOf } from "./operations.js";

const BATCH_OPERATIONS = 50;
const BATCH_BYTES = 128_000;
const ENVELOPE_BYTES = 1_000; // what stands around the operations, with room to spare
const MINUTE = 60_000; // ms
const DAY = 1_440 * MINUTE;
const KEPT_FOR = 30 * DAY; // when the server says nothing of backups
// The server may read its clock before it commits: a backup taken just after may lack what the answer was about.
const BACKUP_MARGIN = MINUTE;
const KEPT_BY_SERVER = ["stored", "duplicate", "superseded"];

// All keys that begin with these parts: an array sorts after every number and string.
export const under = (...parts) => IDBKeyRange.bound(parts, [...parts, []]);
const minus = (time, ms) => new Date(new Date(time) - ms).toISOString();

// What is in a state, by installation and author: [{install, author, count, first}]. One jump in the index for each,
// however many operations there are.
export async function groups(operations, state, author) {
  const queue = operations.index("queue");
  const found = [];
  let range = under(state);
  for (;;) {
    const cursor = await ask(queue.openKeyCursor(range));
    if (!cursor) return found;
    const [, install, whose] = cursor.key;
    const first = cursor.primaryKey;
    if (!author || whose === author) {
      found.push({ install, author: whose, count: await ask(queue.count(under(state, install, whose))), first });
    }
    range = IDBKeyRange.bound([state, install, whose, []], [state, []], true);
  }
}

// The next batch of a group, from a position in the queue to `last`. Each operation is counted as sent before the
// request is made: whatever becomes of it, these texts never change again. `end` is null when nothing was left.
export async function takeBatch({ facts, operations }, { install, author, state, after = [], last = [[]] }) {
  const group = [state, install, author];
  const queue = operations.index("queue");
  const range = IDBKeyRange.bound([...group, ...after], [...group, ...last], true);
  const records = await ask(queue.getAll(range, BATCH_OPERATIONS));
  const heardAt = await facts.get("heardAt");
  const ops = [];
  let bytes = ENVELOPE_BYTES;
  let end = null;
  for (const record of records) {
    bytes += sizeOf(record.text) + 1;
    if (bytes > BATCH_BYTES) break;
    end = [record.seq, record.op];
    if (state === "quarantined" && !isDue(record, heardAt)) continue;
    operations.put({ ...record, sends: record.sends + 1 });
    ops.push({ op: record.op, text: record.text, position: end });
  }
  const pending = await ask(queue.count(under("pending", install)));
  const maxSeq = (await facts.get(`seq:${install}`)) ?? 0;
  const epoch = (await facts.get("epoch")) ?? null;
  // Only for this phone's own batches: an imported file says nothing of where the phone is that made it.
  const isOwn = install === (await facts.get("install"));
  const shift = isOwn ? (current(await facts.get("shift"), await facts.get("offset"))?.id ?? null) : undefined;
  return { install, author, ops, end, pending, maxSeq, epoch, shift };
}

// A leader needs time to decide: what is in quarantine is asked about once a day, by the server's clock.
function isDue({ settled, askedAt }, heardAt) {
  return !settled && (!askedAt || !heardAt || Date.parse(heardAt) - Date.parse(askedAt) >= DAY);
}

// Applies the answer to the operations `sent` (ids), or a `hello` to the person `asking` (id). Times in `answer` are
// the server's; `offset` is seconds to add to the phone's clock. Gives how many operations were settled, left as they
// were, and put back in the queue; null when somebody has signed in or out since the hello was asked for.
export async function applyAnswer(tables, answer, { offset = null, sent = [], hello = null, asking }) {
  const { facts } = tables;
  if (hello && (await facts.get("person"))?.id !== asking) return null;
  const epoch = await facts.get("epoch");
  let requeued = epoch && epoch !== answer.epoch ? await requeueAll(tables) : 0;
  const { settled, left } = await settle(tables, answer, sent);
  requeued += await requeueMissing(tables, answer.missing ?? []);
  await prune(tables, answer);

  facts.set("epoch", answer.epoch);
  facts.set("heardAt", answer.now);
  facts.set("signInNeeded", false);
  if (offset !== null) facts.set("offset", offset);
  if (hello) {
    await setPerson(tables, hello.person);
    facts.set("context", hello);
    const shift = shiftIn(hello, (await facts.get("shift"))?.id);
    if (shift) facts.set("shift", shift); // its times may have changed
  } else {
    facts.set("lastDeliveredAt", new Date().toISOString());
  }
  return { settled, left, requeued };
}

// Another epoch: the server was restored from a backup, and may lack anything it ever acknowledged.
async function requeueAll({ operations }) {
  let count = 0;
  for (const state of ["acknowledged", "quarantined"]) {
    for await (const { value } of each(operations.index("queue").openCursor(under(state)))) {
      requeue(operations, value);
      count += 1;
    }
  }
  return count;
}

// Numbers that the server misses though it acknowledged them: it has lost something without knowing.
async function requeueMissing({ facts, operations }, missing) {
  let count = 0;
  for (const seq of missing) {
    const record = await ask(operations.index("seq").get([await facts.get("install"), seq]));
    if (record?.state !== "acknowledged") continue;
    requeue(operations, record);
    count += 1;
  }
  return count;
}

function requeue(operations, record) {
  operations.put({ ...record, state: "pending", settled: undefined, code: undefined, sentence: undefined });
}

async function settle({ operations }, { now, results = [] }, sent) {
  const waiting = new Set(sent);
  let settled = 0;
  for (const { op, verdict, code = null, sentence = null } of results) {
    const record = waiting.has(op) && (await ask(operations.get(op)));
    if (!record) continue;
    const isKept = KEPT_BY_SERVER.includes(verdict);
    if (!isKept && verdict !== "quarantined") continue;
    waiting.delete(op);
    if (record.state === "acknowledged") continue; // another tab heard it first
    // A dismissed operation is settled too, and the server keeps it.
    const settledAt = isKept || code === "dismissed" ? (record.settled ?? now) : undefined;
    const state = isKept ? "acknowledged" : "quarantined";
    operations.put({ ...record, state, settled: settledAt, askedAt: now, code, sentence });
    settled += 1;
  }
  return { settled, left: waiting.size };
}

// Operations leave when the server says that they are in a verified backup, else after 30 days by its clock. Attempts
// leave by the phone's clock, since they are only for its screen.
async function prune({ operations, attempts }, { now, durableBefore }) {
  // A backup that is yet to come is none: the server's clock has been set back.
  const isKnown = durableBefore && durableBefore <= now;
  const safe = IDBKeyRange.upperBound(isKnown ? minus(durableBefore, BACKUP_MARGIN) : minus(now, KEPT_FOR), true);
  for await (const cursor of each(operations.index("settled").openCursor(safe))) cursor.delete();
  const old = IDBKeyRange.upperBound(minus(new Date(), KEPT_FOR), true);
  for await (const { primaryKey } of each(attempts.index("at").openKeyCursor(old))) attempts.delete(primaryKey);
}

// Puts an operation that the server will not read aside; it is offered again once a day.
export async function refuse({ facts, operations }, op, code) {
  const record = await ask(operations.get(op));
  if (!record || record.state === "acknowledged") return;
  operations.put({ ...record, state: "quarantined", code, sentence: null, askedAt: await facts.get("heardAt") });
}

// Another person: what the one before knew is removed. Operations and attempts stay.
export async function setPerson({ facts, outlines }, person) {
  if ((await facts.get("person"))?.id !== person?.id) {
    facts.set("context", null);
    facts.set("shift", null);
    facts.set("outlinesTag", null);
    outlines.clear();
  }
  facts.set("person", person);
}
