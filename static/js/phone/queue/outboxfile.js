// The outbox as a file; docs/sync.md describes the format. `tables` as in exchange.js.

import { Failure, ask, each } from "./database.js";
import { groups, under } from "./exchange.js";
import { MOST_BYTES, isId, sizeOf } from "./operations.js";

const FORMAT = "canvass-outbox/1";
const KINDS = ["create", "edit", "delete"];
const STATES = ["pending", "acknowledged", "quarantined"];

// Everything of one person's that is still on the phone. The file may be delivered from elsewhere, so what is in it
// counts as sent, and is frozen here before it is handed out.
export async function collect({ facts, operations }) {
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
}

// Each operation is in the file as the text that is sent, not as an object: it must stay the same to the byte.
export function pack({ installs, records }) {
  const operations = records.map(({ install, author, state, text }) => ({ install, author, state, operation: text }));
  const file = { app: FORMAT, exported_at: new Date().toISOString(), installs, operations };
  return new Blob([JSON.stringify(file, null, 1)], { type: "application/json" });
}

// What can be read of a file, and how many of its entries cannot. Throws Failure("not_outbox"), or Failure("cut") for the
// beginning of one.
export function unpack(text) {
  const file = parse(text.replace(/^\ufeff/, ""));
  if (!file && text.slice(0, 200).includes(FORMAT)) throw new Failure("cut");
  if (file?.app !== FORMAT || !Array.isArray(file.operations)) throw new Failure("not_outbox");
  const installs = new Map();
  const note = (install, seq) => installs.set(install, Math.max(seq, installs.get(install) ?? 0));
  const entries = [];
  for (const entry of file.operations) {
    const sent = parse(entry?.operation);
    if (!isId(entry?.install) || !isId(entry.author) || !isOperation(sent)) continue;
    if (sizeOf(entry.operation) > MOST_BYTES) continue;
    entries.push({ install: entry.install, author: entry.author, text: entry.operation, sent });
    note(entry.install, sent.seq);
  }
  for (const [install, seq] of Object.entries(file.installs ?? {})) {
    // Only with operations to show for it: the server would count every number up to a made-up one as lost.
    if (installs.has(install) && isCount(seq)) note(install, seq);
  }
  return { installs, entries, refused: file.operations.length - entries.length };
}

// Puts in the queue what is not on the phone already, under the installation and author that made it.
export async function takeIn({ facts, operations, attempts }, { installs, entries, refused }) {
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
    const attempt = { area: null, topics: [], n: 1, ...before, ...known(sent.data), id: sent.attempt, author, campaign };
    attempts.put({ ...attempt, op: sent.op, rev, at: before?.at ?? at, offset, deleted: sent.kind === "delete" });
  }
  return counts;
}

// What the screen knows of an attempt; nothing else in a file is kept in one.
function known({ area, channel, outcome, n, topics, shift }) {
  const fields = Object.entries({ area, channel, outcome, n, topics, shift });
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

function isOperation(sent) {
  return (
    isId(sent?.op) &&
    isId(sent.attempt) &&
    isId(sent.campaign) &&
    KINDS.includes(sent.kind) &&
    isCount(sent.rev) &&
    isCount(sent.seq) &&
    isMoment(sent.at) &&
    typeof sent.data === "object" &&
    sent.data !== null
  );
}

// Without a zone it would be another moment on each phone.
const isMoment = (text) => /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));

const isCount = (value) => Number.isInteger(value) && value >= 1 && value < 2 ** 31;

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
