// The outbox as a file: docs/sync.md describes the format.

import { Failure } from "./database.js";
import { isId } from "./ids.js";

const FORMAT = "canvass-outbox/1";
const KINDS = ["create", "edit", "delete"];

// Each operation stands as the text that is sent, not as an object: only then is it the same to the byte elsewhere.
export function pack(installs, records) {
  const operations = records.map(({ install, author, state, text }) => ({ install, author, state, operation: text }));
  const file = { app: FORMAT, exported_at: new Date().toISOString(), installs, operations };
  return new Blob([JSON.stringify(file, null, 1)], { type: "application/json" });
}

// What can be taken in from a file, and how many entries cannot. Throws Failure("not_outbox").
export function unpack(text, mostBytes) {
  const file = parse(text);
  if (file?.app !== FORMAT || !Array.isArray(file.operations)) throw new Failure("not_outbox");
  const installs = new Map();
  const note = (install, seq) => installs.set(install, Math.max(seq, installs.get(install) ?? 0));
  const entries = [];
  for (const entry of file.operations) {
    const sent = parse(entry?.operation);
    if (!isId(entry?.install) || !isId(entry.author) || !isOperation(sent)) continue;
    if (new TextEncoder().encode(entry.operation).length > mostBytes) continue;
    entries.push({ install: entry.install, author: entry.author, text: entry.operation, sent });
    note(entry.install, sent.seq);
  }
  for (const [install, seq] of Object.entries(file.installs ?? {})) {
    // A made-up number would never be reached, and would look like that many losses: only with operations to show.
    if (installs.has(install) && isCount(seq)) note(install, seq);
  }
  return { installs, entries, refused: file.operations.length - entries.length };
}

function isOperation(sent) {
  return (
    isId(sent?.op) &&
    isId(sent.attempt) &&
    isId(sent.campaign) &&
    KINDS.includes(sent.kind) &&
    isCount(sent.rev) &&
    isCount(sent.seq) &&
    !Number.isNaN(Date.parse(sent.at)) &&
    typeof sent.data === "object" &&
    sent.data !== null
  );
}

const isCount = (value) => Number.isInteger(value) && value >= 1 && value < 2 ** 31;

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
