// How it stands. The figures are the server's; own attempts that it had not counted when it answered are added here, so
// that the count climbs with every tap and never twice for the same.

import { beginning, shiftIn, tally } from "./outbox.js";
import { byId, number, say } from "./page.js";

const CLIMB = matchMedia("(prefers-reduced-motion: reduce)").matches
  ? []
  : [{ transform: "translateY(0.12em)", opacity: 0.4 }, { transform: "none", opacity: 1 }];

// Gives this person's counts: the shift's when on one, else today's in the campaign.
export async function paintFigures({ campaign, shift, outbox }) {
  const day = await outbox.today(campaign.id);
  const counted = await countedByServer(outbox, shift);
  const own = day.conversations - counted.campaigns[campaign.id];
  const result = campaign.result + own;
  const count = byId("count");
  const shown = number(result);
  if (count.textContent && count.textContent !== shown) count.animate?.(CLIMB, 300);
  count.textContent = shown;
  byId("target").textContent = campaign.target ? `/ ${number(campaign.target)}` : "";
  const progress = byId("progress");
  progress.hidden = !campaign.target;
  progress.max = campaign.target || 1;
  progress.value = Math.min(result, campaign.target || 0);
  byId("today-button").textContent = say("today", { n: number(day.attempts) });
  if (!shift) {
    const team = number(campaign.association_today + own);
    byId("mine").textContent = say("mine", { mine: number(day.conversations), team });
    return day;
  }
  const { mine, team } = await onShift(outbox);
  byId("mine").textContent = say("mine_shift", { mine: number(mine.conversations), team: number(team.conversations) });
  return mine;
}

// What this person and everybody together have done on the present shift.
export async function onShift(outbox) {
  const mine = await outbox.onShift(outbox.shift());
  const shift = outbox.shift(); // as the same answer has it that is heeded in the next line
  const { shift: counted } = await countedByServer(outbox, shift);
  const team = {};
  for (const key of ["attempts", "reached", "conversations"]) team[key] = shift.counts[key] + mine[key] - counted[key];
  return { mine, team };
}

// How much of this person's own stood in the server's figures when it gave them: what it had by then, of today's
// conversations and of the shift. Some may have reached it while its answer was on the way here.
async function countedByServer(outbox, shift) {
  const hello = outbox.context();
  const today = new Date().toDateString();
  const known = outbox.setting("counted");
  const isSame = known?.now === hello.now;
  const isToday = known?.day === today;
  const isOfShift = !shift || known?.shift?.id === shift.id;
  if (isSame && isToday && isOfShift) return known;

  const isIn = ({ state, settled }) => state !== "pending" && !(Date.parse(settled) > Date.parse(hello.now));
  const counted = { now: hello.now, day: today, campaigns: none(hello), shift: known?.shift ?? null };
  if (isSame && isToday) counted.campaigns = known.campaigns;
  else if (!isSame) {
    for (const attempt of await outbox.recent(Infinity)) {
      const { campaign, outcome, n } = attempt;
      if (isIn(attempt) && outcome === "talked" && campaign in counted.campaigns) counted.campaigns[campaign] += n;
    }
  }
  // An answer that says nothing of the shift leaves its figures as they were.
  if (shift && !(isOfShift && (isSame || !shiftIn(hello, shift.id)))) {
    const own = await outbox.recent(Infinity, beginning(shift.starts_at));
    counted.shift = { id: shift.id, ...tally(own.filter((each) => each.shift === shift.id && isIn(each))) };
  }
  await outbox.setSetting("counted", counted);
  return counted;
}

const none = (hello) => Object.fromEntries(hello.campaigns.map(({ id }) => [id, 0]));
