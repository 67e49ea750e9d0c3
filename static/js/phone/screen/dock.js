// What was just saved, with undo, and the topics of the last conversation.

import { announce, byId, chip, chosenTopics, closeSheets, failure, number, say, time } from "./page.js";

export const UNDO_FOR = 10_000; // ms
const ROW = 2_000; // ms between taps on the same button that are undone together

// Gives {show, clear, forget, tell, fail, paint, paintTopics}. `screen.last` is the attempt that the topics belong to.
export function wireDock(screen) {
  let said = { look: "idle", text: "" };
  let timer = null;
  let undoable = []; // attempts
  let shownAt = -Infinity;
  let changes = Promise.resolve(); // topics are saved in the order they were chosen

  // An attempt that was just saved or practised.
  function show(attempt) {
    const [before] = undoable;
    const isSame = before?.outcome === attempt.outcome && before.colour === attempt.colour && before.id && attempt.id;
    const now = performance.now();
    undoable = isSame && now - shownAt < ROW ? [...undoable, attempt] : [attempt];
    shownAt = now;
    screen.last = attempt;
    remark("saved", saved(), UNDO_FOR);
    paintTopics();
  }

  function saved() {
    const [{ id, colour, n, outcome }] = undoable;
    const total = undoable.reduce((sum, each) => sum + each.n, 0);
    const key = !id ? "practised" : undoable.length > 1 ? "saved_row" : n > 1 ? "saved_several" : "saved";
    const text = say(key, { n: number(total), outcome: say(outcome) });
    return colour ? say("for_colour", { colour: say(colour), text }) : text;
  }

  function clear() {
    screen.last = null;
    undoable = [];
    remark("idle", "");
    paintTopics();
  }

  // The attempt was changed or removed elsewhere; without an id, the last one whatever it was.
  function forget(id) {
    undoable = id === undefined ? [] : undoable.filter((attempt) => attempt.id !== id);
    if (id === undefined || screen.last?.id === id) screen.last = null;
    paintTopics();
  }

  async function undo() {
    const attempts = undoable;
    undoable = [];
    if (attempts.length === 0) return;
    try {
      await changes; // a topic of the same attempt may still be on its way to the disk
      for (const { id } of attempts) {
        if (id) await screen.outbox.undo(id);
        forget(id);
      }
      remark("undone", say("undone"), UNDO_FOR / 2);
      byId("today-button").focus({ preventScroll: true });
    } catch (error) {
      fail(failure(error));
    }
  }

  function toggleTopics() {
    const attempt = screen.last;
    if (!attempt?.id) return;
    const before = attempt.topics;
    const topics = chosenTopics(byId("topics-chips"), before);
    attempt.topics = topics;
    changes = changes
      .then(() => screen.outbox.change(attempt.id, { topics }))
      .catch((error) => {
        attempt.topics = before;
        paintTopics();
        fail(failure(error));
      });
  }

  function tell(text) {
    remark("undone", text, UNDO_FOR / 2);
  }

  // Stays until the next tap, so that somebody sees it.
  function fail(text) {
    undoable = [];
    closeSheets();
    remark("failed", text);
  }

  function remark(look, text, duration = null) {
    clearTimeout(timer);
    said = { look, text };
    if (text) announce(text, { isUrgent: look === "failed" });
    if (duration) {
      timer = setTimeout(() => {
        undoable = [];
        said = { look: "idle", text: "" };
        screen.paint();
      }, duration);
    }
    paint();
  }

  // `latest`: the attempt to speak of when there is nothing else to say.
  function paint(latest = null) {
    const { look, text } = said;
    const box = byId("said");
    const values = latest && { time: time(latest.at), outcome: say(latest.outcome) };
    if (text) box.textContent = text;
    else if (look === "idle") box.textContent = values ? say("latest", values) : say("first");
    // Reset, so that the line which runs out with the ten seconds starts over.
    const parent = box.parentElement;
    if (parent.dataset.look !== look || look === "saved") {
      parent.dataset.look = "";
      void parent.offsetWidth;
      parent.dataset.look = look;
    }
    byId("undo").hidden = undoable.length === 0;
  }

  function paintTopics() {
    const { last, campaign } = screen;
    const topics = campaign?.topics ?? [];
    const isAsking = last?.outcome === "talked" && topics.length > 0;
    // Always in the page and only made invisible, so that the buttons do not move.
    byId("topics-chips").replaceChildren(...topics.map((t) => chip(t, last?.topics.includes(t.id) ?? false, toggleTopics)));
    byId("topics").classList.toggle("resting", !isAsking);
    byId("hint").textContent = isAsking ? "" : say("hint");
  }

  byId("undo").addEventListener("click", undo);
  return { show, clear, forget, tell, fail, paint, paintTopics };
}
