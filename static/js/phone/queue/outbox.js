// The phone's half of the promise: never lost, never counted twice. docs/sync.md has the protocol and the states.
//
// A tap becomes an operation: a text that is kept until the server has it. Changes fold into it until it is first
// sent; from then on it is frozen, and a change is a new operation with a higher revision.

import { Database, Failure, ask, each } from "./database.js";
import { dayOf, midnight } from "./days.js";
import { applyAnswer, groups, refuse, setPerson, takeBatch } from "./exchange.js";
import { MOST_BYTES, beginning, contentOf, current, isCountedAt, newId, shiftIn, shown, sizeOf, tally, textOf } from "./operations.js";
import { collect, pack, takeIn, unpack } from "./outboxfile.js";

const STORES = ["facts", "operations", "attempts", "outlines"];

// Rejects with a Failure whose `code` says why this phone cannot save.
export async function open() {
  const outbox = new Outbox();
  await outbox.refresh();
  return outbox;
}

class Outbox {
  #database = new Database();
  #facts = new Map(); // small, and read at every start: person, context, settings, counters
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

  // --- the person, and what the server has told ---

  get install() {
    return this.#facts.get("install");
  }

  person() {
    return this.#facts.get("person") ?? null;
  }

  // null signs out: what the person knew is removed, the operations stay.
  setPerson(person) {
    return this.#write("person", (tables) => setPerson(tables, person));
  }

  context() {
    return this.#facts.get("context") ?? null;
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

  // The shift that this phone is on, as the server last described it. Some hours after its end it is null by itself.
  shift() {
    return current(this.#facts.get("shift"), this.#facts.get("offset"));
  }

  isOver(shift) {
    return !current(shift, this.#facts.get("offset"));
  }

  // On `shift` (of shiftIn) from the next tap on, or on none. The settings are saved in the same transaction.
  setShift(shift, settings = {}) {
    return this.#write("shift", async ({ facts }) => {
      facts.set("shift", shift);
      for (const [name, value] of Object.entries(settings)) facts.set(`setting:${name}`, value);
    });
  }

  // --- taps ---

  // These three resolve when it is on the phone's disk. When they reject with a Failure, nothing was saved.

  // `colour` says whom of the group it was for, and stays on this phone.
  async log({ campaign, area = null, channel, outcome, n = 1, topics = [], colour = null }) {
    const on = this.shift();
    const shift = on?.campaign === campaign ? on.id : null;
    const facts = { campaign, area, channel, outcome, n, topics, shift, colour, deleted: false };
    const attempt = await this.#save(newId(), () => facts);
    if (!this.#hasAskedToPersist) {
      // Not before there is something to lose: some browsers ask the person.
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
      // Nothing to tell the server; or the second run of a transaction whose first was kept after all.
      if (before && contentOf(before) === contentOf(attempt)) {
        if (before.colour !== attempt.colour) attempts.put(attempt);
        return shown(attempt, last);
      }
      let head = last?.state === "pending" && last.sends === 0 && JSON.parse(last.text);
      if (!head) {
        const seq = ((await facts.get(`seq:${install}`)) ?? 0) + 1;
        facts.set(`seq:${install}`, seq);
        head = { op: newOp, attempt: attemptId, rev: (before?.rev ?? 0) + 1, base: before?.rev ?? 0, seq };
        head.kind = before ? "edit" : "create";
      }
      // A correction keeps the time at which the attempt was made.
      const at = before?.at ?? tappedAt;
      const offset = before ? before.offset : ((await facts.get("offset")) ?? null);
      Object.assign(attempt, { id: attemptId, author: person.id, op: head.op, rev: head.rev, at, offset });
      const text = textOf(head, attempt);
      if (sizeOf(text) > MOST_BYTES) throw new Failure("too_large");

      const record = { op: head.op, install, author: person.id, seq: head.seq, state: "pending", sends: 0, text };
      operations.put(record);
      attempts.put(attempt);
      return shown(attempt, record);
    });
  }

  // --- what the screen shows ---

  // Today's attempts, or those since the beginning of another day; the latest first, without the undone.
  async recent(limit = 20, since = Date.now()) {
    const me = this.person()?.id;
    if (!me) return [];
    return this.#database.read(["attempts", "operations"], async (attempts, operations) => {
      const found = [];
      for await (const { value } of each(attempts.index("day").openCursor(days(me, since), "prev"))) {
        if (value.deleted) continue;
        found.push(shown(value, await ask(operations.get(value.op))));
        if (found.length === limit) break;
      }
      return found;
    });
  }

  // This person's tally of today in a campaign.
  today(campaignId) {
    return this.#count(Date.now(), ({ campaign }) => campaign === campaignId);
  }

  // This person's tally on a shift.
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

  // How many of this person's conversations in a campaign the server's figures lack: of all of them, and of today's. The
  // second is null when the figures are of another day. Negative when more was taken back than is new.
  async ahead(campaignId) {
    const counted = await this.#counted();
    const own = (await this.recent(Infinity, counted.since)).filter(({ campaign }) => campaign === campaignId);
    const { all, today } = counted.campaigns[campaignId] ?? { all: 0, today: 0 };
    const isOfToday = counted.day === dayOf(Date.now() + (this.#facts.get("offset") ?? 0) * 1_000);
    return {
      all: tally(own).conversations - all,
      today: isOfToday ? tally(own.filter(isToday)).conversations - today : null,
    };
  }

  // How many conversations were in the figures of the latest hello, by campaign. They go back to what waited then or when
  // the hello before came, whatever day that was. Worked out once per hello, since the states change after it.
  async #counted() {
    const hello = this.context();
    const known = this.setting("counted");
    if (known?.now === hello.now && known.since) return known;
    const { oldestPendingAt } = await this.status();
    const waiting = midnight(oldestPendingAt && oldestPendingAt < new Date().toISOString() ? oldestPendingAt : Date.now());
    const counted = { now: hello.now, day: dayOf(hello.now), waiting, campaigns: {} };
    counted.since = Math.min(waiting, known?.waiting ?? Infinity);
    for (const attempt of await this.recent(Infinity, counted.since)) {
      if (!isCountedAt(attempt, hello.now) || attempt.outcome !== "talked") continue;
      const sums = (counted.campaigns[attempt.campaign] ??= { all: 0, today: 0 });
      sums.all += attempt.n;
      if (isToday(attempt)) sums.today += attempt.n;
    }
    await this.setSetting("counted", counted);
    return counted;
  }

  // What was in the figures of a shift, as a tally. A hello that does not have the shift leaves its figures as they were.
  async countedOnShift(shift) {
    const hello = this.context();
    const known = this.setting("countedOnShift");
    if (known?.id === shift.id && (known.now === hello.now || !shiftIn(hello, shift.id))) return known;
    const own = await this.recent(Infinity, beginning(shift.starts_at));
    const sum = tally(own.filter((attempt) => attempt.shift === shift.id && isCountedAt(attempt, hello.now)));
    const counted = { ...sum, id: shift.id, now: hello.now };
    await this.setSetting("countedOnShift", counted);
    return counted;
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

  // Calls `listener` with a word for what happened after every change, in this tab or another.
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

  async export() {
    return pack(await this.#write("exported", collect));
  }

  // Gives how many operations were added, known already, and refused. Rejects with Failure("not_outbox").
  async import(text) {
    const file = unpack(text);
    return this.#write("saved", (tables) => takeIn(tables, file));
  }

  // --- for deliver.js; exchange.js says what they do ---

  groups(state, author) {
    return this.#database.read(["operations"], (operations) => groups(operations, state, author));
  }

  take(part) {
    return this.#write(null, (tables) => takeBatch(tables, part));
  }

  hear(answer, about) {
    return this.#write("heard", (tables) => applyAnswer(tables, answer, about));
  }

  refuse(op, code) {
    return this.#write("heard", (tables) => refuse(tables, op, code));
  }

  async needSignIn() {
    if (this.#facts.get("signInNeeded")) return;
    await this.#write("sign_in", async ({ facts }) => facts.set("signInNeeded", true));
  }

  // One transaction over everything. The facts in memory change when it has been kept, and then the listeners hear
  // `what`, unless it is null.
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
    // Later, so that an error in a listener does not make a saved tap look unsaved.
    for (const listener of this.#listeners) queueMicrotask(() => listener(what));
  }
}

const isToday = ({ at }) => dayOf(at) === dayOf(Date.now());

// From the beginning of the day of `since` to the coming midnight.
function days(author, since) {
  const [start, end] = [midnight(since), midnight(Date.now(), 1)].map((time) => new Date(time).toISOString());
  return IDBKeyRange.bound([author, start], [author, end], false, true);
}
