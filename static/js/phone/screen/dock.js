// What was just saved, with undo, and the topics of the last conversation.

import { announce, byId, chip, chosenChips, closeSheets, failure, say, time } from "./page.js";

export const UNDO_FOR = 10_000; // ms

// Gives {show, clear, forget, tell, fail, paint, paintTopics}. `screen.last` is the attempt that the topics belong to.
export function wireDock(screen) {
  let said = { look: "idle", text: "" };
  let timer = null;
  let undoable = null;
  let changes = Promise.resolve(); // topics are saved in the order they were chosen

  // An attempt that was just saved or practised.
  function show(attempt, text) {
    screen.last = undoable = attempt;
    remark("saved", text, UNDO_FOR);
    paintTopics();
  }

  function clear() {
    screen.last = undoable = null;
    remark("idle", "");
    paintTopics();
  }

  // The attempt was changed or removed elsewhere; without an id, the last one whatever it was.
  function forget(id) {
    if (id === undefined || undoable?.id === id) undoable = null;
    if (id === undefined || screen.last?.id === id) screen.last = null;
    paintTopics();
  }

  async function undo() {
    const attempt = undoable;
    undoable = null;
    if (!attempt) return;
    try {
      await changes; // a topic of the same attempt may still be on its way to the disk
      if (attempt.id) await screen.outbox.undo(attempt.id);
      forget(attempt.id);
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
    const topics = chosenChips(byId("topics-chips"));
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
    undoable = null;
    closeSheets();
    remark("failed", text);
  }

  function remark(look, text, duration = null) {
    clearTimeout(timer);
    said = { look, text };
    if (text) announce(text, { isUrgent: look === "failed" });
    if (duration) {
      timer = setTimeout(() => {
        undoable = null;
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
    byId("undo").hidden = !undoable;
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
