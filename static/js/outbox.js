// The phone's half of the promise: never lost, never counted twice. docs/sync.md has the protocol and the states.
//
// A tap becomes an operation: a text that is kept until the server has it. A change folds into it until it is first
// sent; from then on it is frozen, and a change is a new operation with a higher revision.

import { Database, Failure, ask, each } from "./database.js";
import { newId } from "./ids.js";
import { pack, unpack } from "./outboxfile.js";

const SCHEMA = 1;
const BATCH_OPERATIONS = 50;
const BATCH_BYTES = 128_000;
const ENVELOPE_BYTES = 1_000; // what stands around the operations, with room to spare
const OPERATION_BYTES = 16_000; // some 400 topics
const MINUTE = 60_000; // ms
const DAY = 1_440 * MINUTE;
const KEPT_FOR = 30 * DAY; // when the server says nothing of backups
// The server may read its clock before it commits: a backup begun just after may lack what the answer spoke of.
const BACKUP_MARGIN = MINUTE;
const STAYS = 240 * MINUTE; // on a shift after its end: the last doors, and the way home
const EARLY = 60 * MINUTE; // before its beginning somebody may have logged on it

const UNREACHED = ["not_home", "inaccessible", "no_answer", "wrong_number"]; // nobody opened or answered
const STATES = ["pending", "acknowledged", "quarantined"];
const KEPT_BY_SERVER = ["stored", "duplicate", "superseded"];
const STORES = ["facts", "operations", "attempts", "outlines"];

// All keys that begin with these parts: an array sorts after every number and string.
const under = (...parts) => IDBKeyRange.bound(parts, [...parts, []]);
const sizeOf = (text) => new TextEncoder().encode(text).length;
const minus = (time, ms) => new Date(new Date(time) - ms).toISOString();

// The shift as a hello describes it, with the campaign it is in; null when it is not there.
export function shiftIn(hello, id) {
  for (const { id: campaign, shifts = [] } of hello?.campaigns ?? []) {
    const shift = shifts.find((each) => each.id === id);
    if (shift) return { ...shift, campaign };
  }
  return null;
}

// How many attempts, in how many somebody opened or answered, conversations, and of those how many by colour.
export function tally(attempts) {
  const counts = { attempts: 0, reached: 0, conversations: 0, colours: {} };
  for (const { n, outcome, colour } of attempts) {
    counts.attempts += n;
    if (!UNREACHED.includes(outcome)) counts.reached += n;
    if (outcome !== "talked") continue;
    counts.conversations += n;
    if (colour) counts.colours[colour] = (counts.colours[colour] ?? 0) + n;
  }
  return counts;
}

// Rejects with a Failure whose `code` says why this phone cannot save.
export async function open() {
  const outbox = new Outbox();
  await outbox.refresh();
  return outbox;
}

class Outbox {
  #database = new Database();
  #facts = new Map(); // small and read at every start: person, context, settings, counters
  #listeners = new Set();
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("canvass") : null;
  #hasAskedToPersist = false;

  constructor() {
    this.#channel?.addEventListener("message", () => {
      this.refresh().then(
        () => this.#call("elsewhere"),
        () => {}, // the next tap will say what is wrong
      );
    });
  }

  // --- whose phone, and what it knows ---

  get install() {
    return this.#facts.get("install");
  }

  person() {
    return this.#facts.get("person") ?? null;
  }

  // null when somebody signs out: what that person knew goes, the operations stay.
  setPerson(person) {
    return this.#write("person", (tables) => setPerson(tables, person));
  }

  context() {
    return this.#facts.get("context") ?? null;
  }

  setContext(hello) {
    return this.#write("context", async ({ facts }) => facts.set("context", hello));
  }

  outlines() {
    return this.#database.read(["outlines"], async (outlines) => (await ask(outlines.get("areas"))) ?? null);
  }

  setOutlines(geojson, tag = null) {
    return this.#write("outlines", async ({ facts, outlines }) => {
      outlines.put(geojson, "areas");
      facts.set("outlinesTag", tag);
    });
  }

  get outlinesTag() {
    return this.#facts.get("outlinesTag") ?? null;
  }

  setting(name) {
    return this.#facts.get(`setting:${name}`) ?? null;
  }

  setSetting(name, value) {
    return this.#write("setting", async ({ facts }) => facts.set(`setting:${name}`, value));
  }

  // --- the shift ---

  // The one this phone is out on, as the server last described it. It is left by itself some hours after its end.
  shift() {
    return current(this.#facts.get("shift"), this.#facts.get("offset"));
  }

  isOver(shift) {
    return !current(shift, this.#facts.get("offset"));
  }

  // Out on `shift` (of shiftIn) from the next tap on, or on none; with `settings` that go with it, kept at once.
  setShift(shift, settings = {}) {
    return this.#write("shift", async ({ facts }) => {
      facts.set("shift", shift);
      for (const [name, value] of Object.entries(settings)) facts.set(`setting:${name}`, value);
    });
  }

  // --- taps ---

  // These three resolve when it is on the phone's disk. When they reject with a Failure, nothing was saved.

  // `colour` says which of the group it was, and stays on this phone.
  async log({ campaign, area = null, channel, outcome, n = 1, topics = [], colour = null }) {
    const on = this.shift();
    const shift = on?.campaign === campaign ? on.id : null;
    const facts = { campaign, area, channel, outcome, n, topics, shift, colour, deleted: false };
    const attempt = await this.#save(newId(), () => facts);
    if (!this.#hasAskedToPersist) {
      // When there is something to lose, because some browsers put the question to the person.
      this.#hasAskedToPersist = true;
      navigator.storage?.persist?.().catch(() => {});
    }
    return attempt;
  }

  change(attemptId, { area, channel, outcome, n, topics, colour }) {
    const changes = Object.entries({ area, channel, outcome, n, topics, colour }).filter(([, value]) => value !== undefined);
    return this.#save(attemptId, (before) => {
      if (!before) throw new Failure("unknown");
      if (before.deleted) throw new Failure("deleted");
      return { ...before, ...Object.fromEntries(changes) };
    });
  }

  undo(attemptId) {
    return this.#save(attemptId, (before) => {
      if (!before) throw new Failure("unknown");
      return { ...before, deleted: true };
    });
  }

  #save(attemptId, shape) {
    const newOp = newId();
    const tappedAt = new Date().toISOString();
    return this.#write("saved", async ({ facts, operations, attempts }) => {
      const person = await facts.get("person");
      // Missing when the site's data was cleared under an open page.
      const install = (await facts.get("install")) ?? facts.set("install", newId());
      const before = await ask(attempts.get(attemptId));
      if (!person) throw new Failure("nobody");
      if (before && before.author !== person.id) throw new Failure("unknown");

      const last = before && (await ask(operations.get(before.op)));
      const attempt = { ...shape(before) };
      // Nothing to tell the server; or a second run after a first one that was kept after all.
      if (before && contentOf(before) === contentOf(attempt)) {
        if (before.colour !== attempt.colour) attempts.put(attempt);
        return seen(attempt, last);
      }
      let head = last?.state === "pending" && last.sends === 0 && JSON.parse(last.text);
      if (!head) {
        const seq = ((await facts.get(`seq:${install}`)) ?? 0) + 1;
        facts.set(`seq:${install}`, seq);
        head = { op: newOp, attempt: attemptId, rev: (before?.rev ?? 0) + 1, base: before?.rev ?? 0, seq };
        head.kind = before ? "edit" : "create";
      }
      // When the attempt was made, however late it is corrected.
      const at = before?.at ?? tappedAt;
      const offset = before ? before.offset : ((await facts.get("offset")) ?? null);
      Object.assign(attempt, { id: attemptId, author: person.id, op: head.op, rev: head.rev, at, offset });
      const text = wording(head, attempt);
      if (sizeOf(text) > OPERATION_BYTES) throw new Failure("too_large");

      const record = { op: head.op, install, author: person.id, seq: head.seq, state: "pending", sends: 0, text };
      operations.put(record);
      attempts.put(attempt);
      return seen(attempt, record);
    });
  }

  // --- what the screen shows ---

  // Today's, or since the beginning of another day, the latest first, without the undone.
  async recent(limit = 20, since = Date.now()) {
    const me = this.person()?.id;
    if (!me) return [];
    return this.#database.read(["attempts", "operations"], async (attempts, operations) => {
      const found = [];
      for await (const { value } of each(attempts.index("day").openCursor(days(me, since), "prev"))) {
        if (value.deleted) continue;
        found.push(seen(value, await ask(operations.get(value.op))));
        if (found.length === limit) break;
      }
      return found;
    });
  }

  today(campaignId) {
    return this.#count(Date.now(), ({ campaign }) => campaign === campaignId);
  }

  // The same for what this person has logged on a shift.
  onShift({ id, starts_at: startsAt }) {
    return this.#count(beginning(startsAt), ({ shift }) => shift === id);
  }

  async #count(since, isWanted) {
    const me = this.person()?.id;
    if (!me) return tally([]);
    const range = days(me, since);
    const found = await this.#database.read(["attempts"], (attempts) => ask(attempts.index("day").getAll(range)));
    return tally(found.filter((attempt) => !attempt.deleted && isWanted(attempt)));
  }

  async status() {
    const me = this.person()?.id;
    const status = {
      pending: 0,
      foreign: 0,
      quarantined: 0,
      oldestPendingAt: null,
      signInNeeded: this.#facts.get("signInNeeded") ?? false,
      lastDeliveredAt: this.#facts.get("lastDeliveredAt") ?? null,
    };
    await this.#database.read(["operations"], async (operations) => {
      for (const { author, count, first } of await groups(operations, "pending")) {
        status[author === me ? "pending" : "foreign"] += count;
        if (author !== me) continue;
        const { at } = JSON.parse((await ask(operations.get(first))).text);
        if (!status.oldestPendingAt || at < status.oldestPendingAt) status.oldestPendingAt = at;
      }
      for (const { author, count } of await groups(operations, "quarantined")) {
        if (author === me) status.quarantined += count;
      }
    });
    return status;
  }

  // `listener` is called after any change, in this tab or another, with a word for what happened.
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Reads what other tabs may have changed while this one slept.
  async refresh() {
    const load = async (facts) => {
      const [keys, values] = await Promise.all([ask(facts.getAllKeys()), ask(facts.getAll())]);
      return new Map(keys.map((key, at) => [key, values[at]]));
    };
    this.#facts = await this.#database.read(["facts"], load);
    if (this.install) return;
    this.#facts = await this.#database.write(["facts"], async (facts) => {
      if (!(await ask(facts.getKey("install")))) facts.put(newId(), "install"); // two tabs may start at once
      return load(facts);
    });
  }

  // --- the outbox as a file ---

  // Everything of this person's that is still here. The file may be delivered from elsewhere, so what stands in it
  // counts as sent, and is frozen before it is handed out.
  async export() {
    const { installs, records } = await this.#write("exported", async ({ facts, operations }) => {
      const person = await facts.get("person");
      if (!person) throw new Failure("nobody");
      const found = { installs: {}, records: [] };
      for (const state of STATES) {
        for (const { install } of await groups(operations, state, person.id)) {
          found.installs[install] = await facts.get(`seq:${install}`);
          const own = operations.index("queue").openCursor(under(state, install, person.id));
          for await (const { value } of each(own)) {
            if (value.sends === 0) operations.put({ ...value, sends: 1 });
            found.records.push(value);
          }
        }
      }
      return found;
    });
    return pack(installs, records);
  }

  // Takes in what is not here already, to be sent under the installation and author it was made by. Rejects with
  // Failure("not_outbox") when the text is no such file.
  async import(text) {
    const { installs, entries, refused } = unpack(text, OPERATION_BYTES);
    return this.#write("saved", async ({ facts, operations, attempts }) => {
      const counts = { added: 0, known: 0, refused };
      for (const [install, seq] of installs) {
        facts.set(`seq:${install}`, Math.max(seq, (await facts.get(`seq:${install}`)) ?? 0));
      }
      for (const { install, author, text, sent } of entries) {
        const held = await ask(operations.get(sent.op));
        if (held) {
          counts[held.text === text ? "known" : "refused"] += 1;
          continue;
        }
        operations.put({ op: sent.op, install, author, seq: sent.seq, state: "pending", sends: 1, text });
        counts.added += 1;
        const { campaign, at, offset, rev } = sent;
        const before = await ask(attempts.get(sent.attempt));
        if (before && (before.author !== author || before.rev >= rev)) continue;
        const attempt = { area: null, topics: [], n: 1, ...before, ...sent.data, id: sent.attempt, author, campaign };
        attempts.put({ ...attempt, op: sent.op, rev, at: before?.at ?? at, offset, deleted: sent.kind === "delete" });
      }
      return counts;
    });
  }

  // --- for deliver.js ---

  // What an author has in a state, by the installation that made it: [{install, author, count, first}].
  groups(state, author) {
    return this.#database.read(["operations"], (operations) => groups(operations, state, author));
  }

  // The next batch of a group, from a position in the queue to `last`. It is counted as sent before it is: whatever
  // becomes of the request, these texts never change again. `end` is null when nothing was left.
  take({ install, author, state, after = [], last = [[]] }) {
    return this.#write(null, async ({ facts, operations }) => {
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
        // A leader needs time to decide: what is in quarantine is asked about once a day.
        if (state === "quarantined" && !isDue(record, heardAt)) continue;
        operations.put({ ...record, sends: record.sends + 1 });
        ops.push({ op: record.op, text: record.text, position: end });
      }
      const pending = await ask(queue.count(under("pending", install)));
      const maxSeq = (await facts.get(`seq:${install}`)) ?? 0;
      const epoch = (await facts.get("epoch")) ?? null;
      // Of this phone alone: what was read from a file says nothing of where its own phone is.
      const isOwn = install === (await facts.get("install"));
      const shift = isOwn ? (current(await facts.get("shift"), await facts.get("offset"))?.id ?? null) : undefined;
      return { install, author, ops, end, pending, maxSeq, epoch, shift };
    });
  }

  // What the server said, to the operations `sent` (ids) or as a `hello` to the person `asking` (id). Times in `answer`
  // are the server's; `offset` is seconds to add to the phone's clock. Gives how many operations were settled, left as
  // they were, and put back in the queue; null when somebody has signed in or out since the hello was asked for.
  hear(answer, { offset = null, sent = [], hello = null, asking }) {
    const { now } = answer;
    return this.#write("heard", async (tables) => {
      const { facts, operations, attempts } = tables;
      if (hello && (await facts.get("person"))?.id !== asking) return null;
      const outcome = { settled: 0, left: 0, requeued: 0 };
      const requeue = (record) => {
        operations.put({ ...record, state: "pending", settled: undefined, code: undefined, sentence: undefined });
        outcome.requeued += 1;
      };

      // The server was restored, and may lack anything it ever said it had.
      const epoch = await facts.get("epoch");
      if (epoch && epoch !== answer.epoch) {
        for (const state of ["acknowledged", "quarantined"]) {
          for await (const { value } of each(operations.index("queue").openCursor(under(state)))) requeue(value);
        }
      }

      const waiting = new Set(sent);
      for (const { op, verdict, code = null, sentence = null } of answer.results ?? []) {
        const record = waiting.has(op) && (await ask(operations.get(op)));
        if (!record) continue;
        const isKept = KEPT_BY_SERVER.includes(verdict);
        if (!isKept && verdict !== "quarantined") continue;
        waiting.delete(op);
        if (record.state === "acknowledged") continue; // another tab was told first
        // Dismissed is the last word too, and on the server's record.
        const settled = isKept || code === "dismissed" ? (record.settled ?? now) : undefined;
        const state = isKept ? "acknowledged" : "quarantined";
        operations.put({ ...record, state, settled, askedAt: now, code, sentence });
        outcome.settled += 1;
      }
      outcome.left = waiting.size;

      // A number that is missed though it was acknowledged: the server has lost something without knowing.
      for (const seq of answer.missing ?? []) {
        const record = await ask(operations.index("seq").get([await facts.get("install"), seq]));
        if (record?.state === "acknowledged") requeue(record);
      }

      const limit = answer.durableBefore ? minus(answer.durableBefore, BACKUP_MARGIN) : minus(now, KEPT_FOR);
      const safe = IDBKeyRange.upperBound(limit < now ? limit : now, true);
      for await (const cursor of each(operations.index("settled").openCursor(safe))) cursor.delete();
      // By the phone's clock, since these are only for its screen.
      const old = IDBKeyRange.upperBound(minus(new Date(), KEPT_FOR), true);
      for await (const { primaryKey } of each(attempts.index("at").openKeyCursor(old))) attempts.delete(primaryKey);

      facts.set("epoch", answer.epoch);
      facts.set("heardAt", now);
      facts.set("signInNeeded", false);
      if (offset !== null) facts.set("offset", offset);
      if (hello) {
        await setPerson(tables, hello.person);
        facts.set("context", hello);
        const shift = shiftIn(hello, (await facts.get("shift"))?.id);
        if (shift) facts.set("shift", shift); // it may have another time by now
      } else {
        facts.set("lastDeliveredAt", new Date().toISOString());
      }
      return outcome;
    });
  }

  // For the one operation that the server will not read.
  refuse(op, code) {
    return this.#write("heard", async ({ facts, operations }) => {
      const record = await ask(operations.get(op));
      if (!record || record.state === "acknowledged") return;
      operations.put({ ...record, state: "quarantined", code, sentence: null, askedAt: await facts.get("heardAt") });
    });
  }

  async needSignIn() {
    if (this.#facts.get("signInNeeded")) return;
    await this.#write("sign_in", async ({ facts }) => facts.set("signInNeeded", true));
  }

  // One transaction over everything; the facts in memory follow when it has been kept.
  async #write(what, work) {
    const changed = new Map();
    const result = await this.#database.write(STORES, (store, operations, attempts, outlines) => {
      changed.clear();
      const facts = {
        get: (key) => (changed.has(key) ? changed.get(key) : ask(store.get(key))),
        set: (key, value) => {
          changed.set(key, value);
          store.put(value, key);
          return value;
        },
      };
      return work({ facts, operations, attempts, outlines });
    });
    for (const [key, value] of changed) this.#facts.set(key, value);
    if (what) {
      this.#call(what);
      this.#channel?.postMessage(what);
    }
    return result;
  }

  #call(what) {
    // Later, so that a listener's mistake cannot make a saved tap look unsaved.
    for (const listener of this.#listeners) queueMicrotask(() => listener(what));
  }
}

async function setPerson({ facts, outlines }, person) {
  if ((await facts.get("person"))?.id !== person?.id) {
    facts.set("context", null);
    facts.set("shift", null);
    facts.set("outlinesTag", null);
    outlines.clear();
  }
  facts.set("person", person);
}

// One jump in the index per installation and author, however many operations there are.
async function groups(operations, state, author) {
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

function isDue({ settled, askedAt }, heardAt) {
  return !settled && (!askedAt || !heardAt || Date.parse(heardAt) - Date.parse(askedAt) >= DAY);
}

function wording(head, { campaign, at, offset, deleted, ...facts }) {
  const { op, attempt, rev, base, seq } = head;
  const kind = deleted ? "delete" : head.kind;
  const data = deleted ? {} : dataOf(facts);
  return JSON.stringify({ op, attempt, rev, base, kind, schema: SCHEMA, seq, campaign, at, offset, data });
}

// What is sent. The colour is not: who of the group it was is nobody else's business.
const dataOf = ({ area, channel, outcome, n, topics, shift }) => ({
  area,
  channel,
  outcome,
  n,
  topics,
  ...(shift && { shift }),
});
const contentOf = (attempt) => JSON.stringify([attempt.deleted, dataOf(attempt)]);

// An attempt as the screen sees it; `settled` is the server's time. An operation that is no longer here was sent and is
// safe in a backup.
function seen({ id, rev, at, campaign, deleted, ...facts }, operation) {
  const { state, settled = null, code = null, sentence = null } = operation ?? {};
  const shown = state === "pending" || state === "quarantined" ? state : "sent";
  const { shift = null, colour = null } = facts;
  return { id, rev, at, campaign, deleted, ...dataOf(facts), shift, colour, state: shown, settled, code, sentence };
}

// The shift, unless it is long over by the server's clock.
function current(shift, offset) {
  const now = Date.now() + (offset ?? 0) * 1_000;
  return shift && now < Date.parse(shift.ends_at) + STAYS ? shift : null;
}

// Early enough to find all that was logged on the shift, also when it was taken the day before.
export const beginning = (startsAt) => Math.min(Date.now(), Date.parse(startsAt) - EARLY);

// From midnight of one day to the coming midnight where the phone is, also on the days when the clocks change.
function days(author, since) {
  const start = new Date(since);
  start.setHours(0, 0, 0, 0);
  const end = new Date();
  end.setHours(24, 0, 0, 0);
  return IDBKeyRange.bound([author, start.toISOString()], [author, end.toISOString()], false, true);
}
