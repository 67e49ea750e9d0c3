// On to a shift and off it again: by its link, or from the list.

import { shiftIn } from "./outbox.js";
import { between, closeSheets, failure, say } from "./page.js";

// `openWhere` shows the sheet where the area is chosen. Gives {begin, heed, take, leave}.
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

  // A phone that cannot keep a shift says so, and logs on without one.
  const safely =
    (work) =>
    (...given) =>
      work(...given).catch((error) => screen.fail(failure(error)));
  return { begin: safely(begin), heed: safely(heed), take: safely(take), leave: safely(leave) };
}
