// The end of a shift: what everybody did together, by the server's latest figures and this phone's own attempts.

import { between, byId, make, number, openSheet, percent, say } from "./page.js";
import { lines } from "./waiting.js";

let isWired = false;

export async function openSummary(screen) {
  if (!isWired) wire(screen);
  isWired = true;
  await paint(screen);
  openSheet("summary");
  // Newer figures, if there is a network; the subscription paints them.
  await screen.delivery.flush();
  await screen.delivery.refreshHello();
}

async function paint({ outbox, shifts, campaign, area, sentence, recorder }) {
  const { mine, team } = await shifts.figures();
  const [{ look, text }] = lines(await outbox.status(), sentence);
  const shift = outbox.shift();
  byId("summary-where").textContent = [between(shift), area?.name ?? shift.place, campaign.name].filter(Boolean).join(" · ");
  byId("summary-team").textContent = thanks(shift, team);
  const values = { conversations: number(mine.conversations), attempts: number(mine.attempts) };
  byId("summary-mine").textContent = say("summary_mine", values);
  const link = byId("summary-link");
  link.href = link.dataset.page.replace("ID", shift.id);
  byId("summary-queue").className = `queue-${look}`;
  byId("summary-queue").textContent = text;
  await paintColours(recorder?.colours ?? [], mine.colours);
}

// Shown here only, and not in the text that is shared.
async function paintColours(colours, counts) {
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

function thanks({ channel }, { conversations, attempts, reached }) {
  if (!attempts) return say("summary", { n: number(conversations) });
  const opens = ["door", "phone"].includes(channel); // elsewhere nobody opens or answers
  const share = percent((opens ? reached : conversations) / attempts);
  return say(opens ? `summary_${channel}` : "summary_other", { n: number(conversations), share });
}

function wire(screen) {
  screen.outbox.subscribe(() => {
    if (byId("summary").open && screen.outbox.shift()) paint(screen);
  });
  byId("summary-leave").addEventListener("click", () => screen.shifts.leave());
  byId("summary-share").addEventListener("click", async ({ target }) => {
    const text = `${byId("summary-team").textContent}\n${byId("summary-where").textContent}`;
    try {
      if (navigator.share) await navigator.share({ text });
      else {
        await navigator.clipboard.writeText(text);
        target.textContent = say("copied");
      }
    } catch (error) {
      if (error.name !== "AbortError") target.textContent = say("not_shared"); // AbortError: the person cancelled
    }
  });
}
