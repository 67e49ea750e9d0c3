// Operations and attempts as plain values. Nothing here reads the database or the page.

const SCHEMA = 1;
export const MOST_BYTES = 16_000; // of an operation; some 400 topics
const MINUTE = 60_000; // ms
const STAYS = 240 * MINUTE; // a phone stays on a shift for so long after its end: the last doors, and the way home
const EARLY = 60 * MINUTE; // somebody may have logged on it so long before it began
const UNREACHED = ["not_home", "inaccessible", "no_answer", "wrong_number"]; // nobody opened or answered

// A UUIDv7 (sorts by the phone's clock, in ms). The phone makes the ids, so that a row has one before the server
// knows of it; 74 random bits keep phones apart.
export function newId() {
  let time = Date.now();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let at = 5; at >= 0; at -= 1) {
    bytes[at] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export const isId = (value) => typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);

export const sizeOf = (text) => new TextEncoder().encode(text).length; // bytes as UTF-8

// The text that is sent for an attempt; `head` has the operation's ids, numbers and kind.
export function textOf(head, { campaign, at, offset, deleted, ...facts }) {
  const { op, attempt, rev, base, seq } = head;
  const kind = deleted ? "delete" : head.kind;
  const data = deleted ? {} : dataOf(facts);
  return JSON.stringify({ op, attempt, rev, base, kind, schema: SCHEMA, seq, campaign, at, offset, data });
}

// The part of an attempt that is sent. The colour of recorder mode is not: it stays on the phone.
const dataOf = ({ area, channel, outcome, n, topics, shift }) => ({
  area,
  channel,
  outcome,
  n,
  topics,
  ...(shift && { shift }),
});

// Two attempts with equal content need no operation between them.
export const contentOf = (attempt) => JSON.stringify([attempt.deleted, dataOf(attempt)]);

// An attempt as the screen shows it; `settled` is the server's time. Without an operation on the phone it was sent,
// and is in a verified backup.
export function shown({ id, rev, at, campaign, deleted, ...facts }, operation) {
  const { state, settled = null, code = null, sentence = null } = operation ?? {};
  const label = state === "pending" || state === "quarantined" ? state : "sent";
  const { shift = null, colour = null } = facts;
  return { id, rev, at, campaign, deleted, ...dataOf(facts), shift, colour, state: label, settled, code, sentence };
}

// How many attempts, in how many somebody opened or answered, conversations, and conversations by colour.
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

// Did the server have this attempt when it answered at `now`? It may have got it while its answer was on the way.
export const isCountedAt = ({ state, settled }, now) => state !== "pending" && !(Date.parse(settled) > Date.parse(now));

// A shift as a hello describes it, with its campaign; null when it is not in the hello.
export function shiftIn(hello, id) {
  for (const { id: campaign, shifts = [] } of hello?.campaigns ?? []) {
    const shift = shifts.find((each) => each.id === id);
    if (shift) return { ...shift, campaign };
  }
  return null;
}

// The shift, or null when it has been over for hours. `offset`: seconds to add to the phone's clock.
export function current(shift, offset) {
  const now = Date.now() + (offset ?? 0) * 1_000;
  return shift && now < Date.parse(shift.ends_at) + STAYS ? shift : null;
}

// The earliest time (ms) at which something can have been logged on a shift; it may have begun yesterday.
export const beginning = (startsAt) => Math.min(Date.now(), Date.parse(startsAt) - EARLY);
