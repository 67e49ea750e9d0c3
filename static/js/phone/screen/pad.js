// The channels, the outcome buttons, and the sheet for several attempts at once.

import { QUICK, byId, failure, make, number, openSheet, refuseLifting, say } from "./page.js";

const HOLD = 500; // ms
const SLIP = 12; // px a resting finger may move
const BUZZ = 15; // ms
const MOST_AT_ONCE = 50;

// Gives {paint, openSeveral}.
export function wirePad(screen, dock) {
  let drawn = ""; // what the buttons were drawn for

  async function tap(outcome, n = 1) {
    const { campaign, area, channel, isPractice } = screen;
    const colour = screen.recorder?.chosen ?? null;
    const facts = { campaign: campaign.id, area: area?.id ?? null, channel: channel.channel, outcome, n, topics: [], colour };
    try {
      const attempt = isPractice ? { ...facts, id: null } : await screen.outbox.log(facts);
      navigator.vibrate?.(BUZZ);
      dock.show(attempt);
    } catch (error) {
      dock.fail(failure(error));
    }
  }

  // Only when something has changed: a button that is being pressed must not be replaced.
  function paint() {
    const { campaign, channel } = screen;
    const wanted = JSON.stringify([campaign.id, campaign.topics, campaign.channels, channel]);
    if (wanted === drawn) return;
    drawn = wanted;
    paintChannels(screen);
    const buttons = (channel?.outcomes ?? []).map((outcome) => {
      const button = make("button", { type: "button", className: "outcome" }, make("span", {}, say(outcome)));
      button.dataset.outcome = outcome;
      onTap(button, { tap: () => tap(outcome), hold: () => openSeveral(outcome) });
      return button;
    });
    byId("pad-main").replaceChildren(...buttons.slice(0, 2));
    byId("pad-rest").replaceChildren(...buttons.slice(2));
    byId("pad-rest").hidden = buttons.length < 3;
    if (screen.last?.campaign !== campaign.id) dock.forget();
    else dock.paintTopics();
  }

  const openSeveral = wireSeveral(screen, tap);
  return { paint, openSeveral };
}

function paintChannels({ campaign, channel, choose }) {
  const box = byId("channels");
  box.hidden = campaign.channels.length < 2;
  const tabs = campaign.channels.map((each) => {
    const isChosen = each === channel;
    const radio = make("input", { type: "radio", name: "channel", value: each.channel, checked: isChosen });
    radio.addEventListener("change", () => choose({ channel: each.channel }));
    return make("label", {}, radio, make("span", {}, say(each.channel)));
  });
  const focused = document.activeElement?.name === "channel";
  box.replaceChildren(box.querySelector("legend"), ...tabs);
  if (focused) box.querySelector(":checked").focus();
  const chosen = box.querySelector(":checked")?.parentElement;
  // Not scrollIntoView: it moves the starting point of Tab past everything before the tabs.
  if (chosen) box.scrollLeft = chosen.offsetLeft - box.offsetLeft - (box.clientWidth - chosen.offsetWidth) / 2;
}

// Gives the function that opens the sheet for an outcome.
function wireSeveral(screen, tap) {
  const sheet = byId("several");
  const field = byId("several-number");
  const chosen = () => document.querySelector('input[name="several-outcome"]:checked')?.value;

  function open(outcome) {
    const legend = byId("several-outcomes").querySelector("legend");
    const row = make("div", { className: "segments-row" });
    for (const value of screen.channel.outcomes) {
      const radio = make("input", { type: "radio", name: "several-outcome", value, checked: value === outcome });
      row.append(make("label", {}, radio, make("span", {}, say(value))));
    }
    byId("several-outcomes").replaceChildren(legend, row);
    field.value = 2;
    paint();
    navigator.vibrate?.(BUZZ);
    openSheet("several");
    // Not the field: that would bring up the keyboard over half the screen.
    sheet.querySelector('[data-step="1"]').focus();
  }

  function paint() {
    byId("several-save").textContent = say("several_save", { n: number(field.valueAsNumber || 0), outcome: say(chosen()) });
  }

  sheet.addEventListener("input", paint);
  for (const button of sheet.querySelectorAll("[data-step], [data-number]")) {
    button.addEventListener("click", () => {
      const { step, number: wanted } = button.dataset;
      const n = wanted ? Number(wanted) : (field.valueAsNumber || 2) + Number(step);
      field.value = Math.min(Math.max(n, 2), MOST_AT_ONCE);
      paint();
    });
  }
  byId("several-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sheet.close();
    tap(chosen(), field.valueAsNumber);
  });
  return open;
}

// Tells a tap from a hold. A tap is the browser's own click, which comes once per touch, key press or voice command;
// touches are not listened to as well, so that one touch never counts twice. A click right after another is the same tap.
function onTap(button, { tap, hold }) {
  let timer = null;
  let start = null;
  let isHeld = false;
  let tappedAt = -Infinity;

  const rest = () => {
    clearTimeout(timer);
    timer = null;
    start = null;
  };
  const take = () => {
    rest();
    isHeld = true;
    refuseLifting(() => (isHeld = false));
    hold();
  };

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    start = event;
    timer = setTimeout(take, HOLD);
  });
  button.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > SLIP) rest();
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) button.addEventListener(name, rest);

  // The menu key, Shift+F10, a right click, and Android's own long press, which may come before or after ours.
  button.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    if (isHeld) return;
    if (start) take();
    else hold();
  });

  // The keyboard repeats Enter while it is held down, and each would be a click.
  button.addEventListener("keydown", (event) => {
    if (event.repeat && event.key === "Enter") event.preventDefault();
  });
  button.addEventListener("click", ({ timeStamp }) => {
    if (timeStamp - tappedAt < QUICK) return;
    tappedAt = timeStamp;
    tap();
  });
}
