// What waits on the phone, in one line on the screen and in full in a sheet.

import { dayOf } from "../queue/days.js";
import { byId, failure, make, number, openSheet, saveFile, say, time } from "./page.js";

const DAY = 86_400_000; // ms
const WORRY = 3 * DAY; // iOS may delete what a page keeps after seven days without use

// Everything there is to say, the most urgent first: [{look, text}]. Never empty.
export function lines(status, sentence = null, now = Date.now()) {
  const { pending, foreign, quarantined, oldestPendingAt, signInNeeded } = status;
  const waited = oldestPendingAt ? now - Date.parse(oldestPendingAt) : 0;
  const n = number(pending);
  const found = [];
  if (signInNeeded) found.push({ look: "warning", text: pending ? say("waits_sign_in", { n }) : say("sign_in") });
  if (pending && waited >= WORRY) {
    found.push({ look: "warning", text: say("waits_days", { n, days: number(Math.floor(waited / DAY)) }) });
  }
  if (quarantined) {
    const key = sentence ? "to_review_why" : "to_review";
    found.push({ look: "warning", text: say(key, { n: number(quarantined), sentence }) });
  }
  if (pending && !signInNeeded && waited < WORRY) found.push({ look: "waiting", text: say("waits", { n }) });
  if (foreign) found.push({ look: "waiting", text: say("foreign", { n: number(foreign) }) });
  if (found.length === 0) found.push({ look: "ok", text: say("all_sent") });
  return found;
}

// Gives a sentence about what became of it.
export async function exportFile(outbox) {
  return saveFile(await outbox.export(), `canvass-${dayOf(Date.now())}.json`);
}

export function wireWaiting(screen) {
  const paint = () => {
    const { status, sentence } = screen;
    if (!status) return;
    const rows = lines(status, sentence).map(({ look, text }) => make("li", { className: `queue-${look}` }, text));
    if (status.quarantined) rows.push(make("li", { className: "soft" }, say("kept_on_server")));
    if (status.lastDeliveredAt) {
      rows.push(make("li", { className: "soft" }, say("last_sent", { time: time(status.lastDeliveredAt) })));
    }
    byId("waiting-list").replaceChildren(...rows);
    byId("waiting-sign-in").hidden = !status.signInNeeded;
  };
  const tell = (text) => (byId("waiting-text").textContent = text);

  const actions = {
    send: async () => {
      await screen.delivery.flush();
      if ((await screen.outbox.status()).pending) tell(say("still_waiting"));
    },
    export: async () => tell(await exportFile(screen.outbox)),
  };
  for (const button of byId("waiting").querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => actions[button.dataset.do]().catch((error) => tell(failure(error))));
  }
  byId("import").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    try {
      const counts = await screen.outbox.import(await textOf(file));
      tell(say("imported", counts));
      screen.delivery.flush();
    } catch (error) {
      tell(failure(error));
    }
    target.value = ""; // so that the same file can be chosen again
  });

  const open = () => {
    tell("");
    paint();
    openSheet("waiting");
  };
  byId("queue").addEventListener("click", open);
  return { open, paint };
}

// Notepad may have saved it as "Unicode", which is UTF-16.
async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const marks = { "255,254": "utf-16le", "254,255": "utf-16be" };
  return new TextDecoder(marks[bytes.slice(0, 2)] ?? "utf-8").decode(bytes);
}
