// The end of a shift: what everybody did together, as far as this phone knows.

import { onShift } from "./figures.js";
import { between, byId, make, number, openSheet, say } from "./page.js";
import { lines } from "./waiting.js";

let isWired = false;

export async function openSummary(screen) {
  if (!isWired) wire(screen);
  isWired = true;
  await paint(screen);
  openSheet("summary");
  // Fresher figures, if there is a network.
  await screen.delivery.flush();
  await screen.delivery.refreshHello();
  if (byId("summary").open && screen.shift) await paint(screen);
}

async function paint(screen) {
  const { shift, campaign } = screen;
  const { mine, team } = await onShift(screen);
  const area = screen.area?.name ?? shift.place;
  byId("summary-where").textContent = [between(shift), area, campaign.name].filter(Boolean).join(" · ");
  byId("summary-team").textContent = thanks(shift, team);
  byId("summary-mine").textContent = say("summary_mine", counts(mine));
  byId("summary-link").href = `/shifts/${shift.id}`;
  const [{ look, text }] = lines(await screen.outbox.status(), screen.sentence);
  byId("summary-queue").className = `queue-${look}`;
  byId("summary-queue").textContent = text;
  await paintColours(screen, mine.colours);
}

// On this screen alone: not in the text that is shared.
async function paintColours({ recorder }, counts) {
  const colours = recorder?.colours ?? [];
  const list = byId("summary-colours");
  list.hidden = colours.length === 0;
  if (colours.length === 0) return;
  const { mark } = await import("./recorder.js");
  const row = (colour) => {
    const n = number(counts[colour] ?? 0);
    return make("li", {}, mark(colour), make("span", {}, say("colour_count", { colour: say(colour), n })));
  };
  list.replaceChildren(...colours.map(row));
}

function thanks({ channel }, { conversations, attempts }) {
  const key = channel === "door" && attempts ? "summary_door" : channel === "phone" && attempts ? "summary_phone" : "summary";
  const rate = attempts && number(Math.round((100 * conversations) / attempts));
  return say(key, { n: number(conversations), rate });
}

const counts = ({ conversations, attempts }) => ({ conversations: number(conversations), attempts: number(attempts) });

function wire(screen) {
  byId("summary-leave").addEventListener("click", screen.shifts.leave);
  byId("summary-share").addEventListener("click", async ({ target }) => {
    const text = `${byId("summary-team").textContent}\n${byId("summary-where").textContent}`;
    try {
      if (navigator.share) await navigator.share({ text });
      else {
        await navigator.clipboard.writeText(text);
        target.textContent = say("copied");
      }
    } catch (error) {
      if (error.name !== "AbortError") target.textContent = say("not_shared"); // else they only changed their mind
    }
  });
}
