// On to a shift and off it again, by its link or from the list, and how it stands.

import { beginning, shiftIn, tally } from "./outbox.js";
import { between, byId, closeSheets, failure, say } from "./page.js";
import { pick } from "./where.js";

// `openWhere` shows the sheet where the area is chosen. Gives {begin, heed, take, leave, paint, figures}.
export function wireShift(screen, openWhere) {
  const { outbox } = screen;

  // By the link: `/log?shift=…`.
  async function begin() {
    const { searchParams, pathname } = new URL(location.href);
    const wanted = searchParams.get("shift");
    if (wanted) {
      await outbox.setSetting("wish", wanted);
      history.replaceState(null, "", pathname); // a reload must not bring back a shift that has been left
    }
    await heed(outbox.context(), { isFresh: false });
  }

  // The wish stands until the server has been heard: who has just joined knows of no shifts, and may be somebody else
  // than the phone thinks. Without a network the phone goes by what it heard last.
  async function heed(hello, { isFresh }) {
    const wish = outbox.setting("wish");
    if (!wish) return;
    const shift = shiftIn(hello, wish);
    if (shift && outbox.shift()?.id !== wish) await take(shift);
    if (isFresh) await outbox.setSetting("wish", null);
    if (isFresh && !shift) screen.tell(say("shift_unknown"));
    else if (hello && !shift) screen.tell(say("shift_coming"));
  }

  // Straight in: campaign, way and area are the shift's from the next tap on.
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

  // The list of today's; and of the one that the phone is on, whenever it is.
  function paint() {
    const midnight = new Date().setHours(24, 0, 0, 0);
    const isNow = (shift) => Date.parse(shift.starts_at) < midnight && !outbox.isOver(shift);
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

  // What this person and everybody together have done on the present shift.
  async function figures() {
    const present = () => outbox.shift() ?? screen.shift; // it may run out between two lines
    const mine = await outbox.onShift(present());
    const shift = present(); // as the same answer has it that is heeded in the next line
    const counted = await countedByServer(shift);
    const team = {};
    for (const key of ["attempts", "reached", "conversations"]) team[key] = shift.counts[key] + mine[key] - counted[key];
    return { mine, team };
  }

  // How much of this person's own stood in the shift's figures when the server gave them, as the logging screen asks of
  // the day's. An answer that says nothing of the shift leaves its figures as they were.
  async function countedByServer(shift) {
    const hello = outbox.context();
    const known = outbox.setting("countedOnShift");
    if (known?.id === shift.id && (known.now === hello.now || !shiftIn(hello, shift.id))) return known;
    const isIn = ({ state, settled }) => state !== "pending" && !(Date.parse(settled) > Date.parse(hello.now));
    const own = await outbox.recent(Infinity, beginning(shift.starts_at));
    const sum = tally(own.filter((attempt) => attempt.shift === shift.id && isIn(attempt)));
    const counted = { ...sum, id: shift.id, now: hello.now };
    await outbox.setSetting("countedOnShift", counted);
    return counted;
  }

  // A phone that cannot keep a shift says so, and logs on without one.
  const safely =
    (work) =>
    (...given) =>
      work(...given).catch((error) => screen.fail(failure(error)));
  return { begin: safely(begin), heed: safely(heed), take: safely(take), leave: safely(leave), paint, figures };
}
