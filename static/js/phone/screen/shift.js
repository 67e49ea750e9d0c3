// Going on a shift and leaving it, by its link or from the list, and its figures.

import { midnight } from "../queue/days.js";
import { shiftIn } from "../queue/operations.js";
import { between, byId, closeSheets, failure, say } from "./page.js";
import { pick } from "./where.js";

// `openWhere` opens the sheet where the area is chosen. Gives {begin, heed, take, leave, paint, figures}.
export function wireShift(screen, openWhere) {
  const { outbox } = screen;

  // By the link `/log?shift=…`.
  async function begin() {
    const { searchParams, pathname } = new URL(location.href);
    const wanted = searchParams.get("shift");
    if (wanted) {
      await outbox.setSetting("wish", wanted);
      history.replaceState(null, "", pathname); // a reload must not go back to a shift that was left
    }
    await heed(outbox.context(), { isFresh: false });
  }

  // The wish is kept until the server has answered: the phone of somebody who has just joined knows no shifts, and may
  // still know another person. Without a network the latest hello is used.
  async function heed(hello, { isFresh }) {
    const wish = outbox.setting("wish");
    if (!wish) return;
    const shift = shiftIn(hello, wish);
    if (shift && outbox.shift()?.id !== wish) await take(shift);
    if (isFresh) await outbox.setSetting("wish", null);
    if (isFresh && !shift) screen.tell(say("shift_unknown"));
    else if (hello && !shift) screen.tell(say("shift_coming"));
  }

  // From the next tap on campaign, channel and area are the shift's.
  async function take(shift) {
    const key = `area:${shift.campaign}`;
    const isThere = shift.areas.includes(outbox.setting(key));
    const area = isThere ? outbox.setting(key) : shift.areas.length === 1 ? shift.areas[0] : null;
    const wish = outbox.setting("wish") === shift.id ? shift.id : null;
    await outbox.setShift(shift, { campaign: shift.campaign, channel: shift.channel, [key]: area, wish });
    closeSheets();
    await screen.choose({});
    screen.tell(say("shift_taken", { time: between(shift) }));
    if (shift.areas.length && !area) await openWhere();
  }

  async function leave() {
    await outbox.setShift(null, { wish: null });
    closeSheets();
    screen.tell(say("shift_left"));
  }

  // The list of today's shifts, and of the one that the phone is on whenever that is.
  function paint() {
    const tomorrow = midnight(Date.now(), 1);
    const isNow = (shift) => Date.parse(shift.starts_at) < tomorrow && !outbox.isOver(shift);
    const others = (screen.campaign?.shifts ?? []).filter(({ id }) => id !== screen.shift?.id).filter(isNow);
    const found = [screen.shift, ...others].filter(Boolean);
    found.sort((one, other) => Date.parse(one.starts_at) - Date.parse(other.starts_at));
    const rows = found.map(row);
    if (screen.shift) rows.push(pick(say("leave_shift"), false, safely(leave)));
    byId("where-shift-list").replaceChildren(...rows);
    byId("where-shifts").hidden = rows.length === 0;
  }

  function row(shift) {
    const { areas } = screen.campaign;
    const names = areas.filter(({ id }) => shift.areas.includes(id)).map(({ name }) => name);
    const isChosen = shift.id === screen.shift?.id;
    const choose = isChosen ? closeSheets : () => safely(take)({ ...shift, campaign: screen.campaign.id });
    return pick(shift.place || names.join(", ") || say(shift.channel), isChosen, choose, between(shift));
  }

  // Tallies of this person and of everybody on the present shift. The server's, and on top of them this phone's
  // attempts that are not in them yet.
  async function figures() {
    const present = () => outbox.shift() ?? screen.shift; // it may end between two lines
    const mine = await outbox.onShift(present());
    const shift = present(); // read after the await, so that it is of the same hello as the next line
    const counted = await outbox.countedOnShift(shift);
    const team = {};
    for (const key of ["attempts", "reached", "conversations"]) team[key] = shift.counts[key] + mine[key] - counted[key];
    return { mine, team };
  }

  // A shift that cannot be saved is said to be so, and logging goes on without it.
  const safely =
    (work) =>
    (...given) =>
      work(...given).catch((error) => screen.fail(failure(error)));
  return { begin: safely(begin), heed: safely(heed), take: safely(take), leave: safely(leave), paint, figures };
}
