// The logging screen: shows what the outbox knows and hands it the taps. It decides nothing about the queue.

import { start } from "./deliver.js";
import { onTap } from "./hold.js";
import { wireMenu } from "./menu.js";
import { open } from "./outbox.js";
import { announce, between, byId, chip, chosenChips, closeSheets, failure, make, number, openSheet, say, time, wireSheets } from "./page.js";
import { wireToday } from "./today.js";
import { lines, wireWaiting } from "./waiting.js";
import { wireWhere } from "./where.js";

const UNDO_FOR = 10_000; // ms
const BUZZ = 15; // ms
const MOST_AT_ONCE = 50;
const CLIMB = matchMedia("(prefers-reduced-motion: reduce)").matches
  ? []
  : [{ transform: "translateY(0.12em)", opacity: 0.4 }, { transform: "none", opacity: 1 }];

const screen = {
  outbox: null,
  delivery: null,
  status: null,
  sentence: null, // why the latest attempt in quarantine is there
  campaign: null,
  area: null,
  channel: null,
  shift: null, // the one that the next tap belongs to
  shifts: null, // what shift.js does, once it is wanted
  recorder: null, // the same of recorder.js
  isPractice: false,
  last: null, // the attempt that undo and topics speak of
  choose,
  forget,
  tell,
  fail,
};
let sheets = {};
let said = { look: "idle", text: "" };
let saidTimer = null;
let undoable = null;
let changes = Promise.resolve(); // topics are saved in the order they were chosen
let shape = ""; // what the buttons were drawn for
let painting = null;
let isStale = false;
let isFetched = false;

begin();

async function begin() {
  wireSheets();
  try {
    screen.outbox = await open();
  } catch (error) {
    nothing("storage", failure(error));
    return;
  }
  sheets = { waiting: wireWaiting(screen), today: wireToday(screen), where: wireWhere(screen) };
  wireMenu(screen, {
    practice: () => practise(!screen.isPractice),
    recorder: () => later(async () => (await recorder()).open()),
    summary: () => later(async () => (await import("./summary.js")).openSummary(screen)),
    several: () => openSeveral("talked"),
    today: sheets.today.open,
    waiting: sheets.waiting.open,
  });
  wireSeveral();
  byId("undo").addEventListener("click", undo);
  byId("practice-end").addEventListener("click", () => practise(false));
  byId("nothing-again").addEventListener("click", async () => {
    nothing("loading");
    await screen.delivery.refreshHello();
    await explainNothing();
  });
  if (screen.outbox.setting("recorder")) await later(recorder);
  if (location.search || screen.outbox.setting("wish") || screen.outbox.shift()) await later(shifts);
  screen.outbox.subscribe(paint);
  await screen.shifts?.begin();
  screen.delivery = start(screen.outbox, { onHello: (hello) => screen.shifts?.heed(hello, { isFresh: true }) });
  await paint();
  await explainNothing();
  // At midnight "idag" is another day, and a tab may have slept for hours.
  addEventListener("visibilitychange", () => document.visibilityState === "visible" && paint());
  for (const name of ["online", "offline"]) addEventListener(name, paint);
  if ("serviceWorker" in navigator) navigator.serviceWorker.register(document.body.dataset.worker);
}

// Parts that few use are fetched when they are wanted; from the phone's own store, but at the very first visit.
async function later(work) {
  try {
    await work();
  } catch (error) {
    console.warn("part:", error);
    screen.tell(say("part_missing"));
  }
}

async function shifts() {
  screen.shifts ??= (await import("./shift.js")).wireShift(screen, sheets.where);
  return screen.shifts;
}

// Where there are shifts they may be wanted where there is no network; and at a phone's very first visit, straight from
// the link at the meeting point, the parts are not in its store yet.
async function fetchAhead() {
  if (isFetched || !(screen.shift || screen.campaign.shifts?.length)) return;
  isFetched = true;
  try {
    await Promise.all([shifts(), import("./summary.js"), import("./recorder.js").then(({ look }) => look())]);
  } catch {
    isFetched = false; // the next time it is painted
  }
}

async function recorder() {
  screen.recorder ??= await (await import("./recorder.js")).wireRecorder(screen);
  return screen.recorder;
}

// --- where one stands -------------------------------------------------------------------------------------------

function settle() {
  const { outbox } = screen;
  const campaigns = outbox.context()?.campaigns ?? [];
  const campaign = campaigns.find(({ id }) => id === outbox.setting("campaign")) ?? campaigns[0] ?? null;
  screen.campaign = campaign;
  screen.area = campaign?.areas.find(({ id }) => id === outbox.setting(`area:${campaign.id}`)) ?? null;
  screen.channel =
    campaign?.channels.find(({ channel }) => channel === outbox.setting("channel")) ?? campaign?.channels[0] ?? null;
  const shift = outbox.shift();
  screen.shift = shift?.campaign === campaign?.id ? shift : null;
}

async function choose({ campaign, area, channel }) {
  const { outbox } = screen;
  if (campaign !== undefined) {
    if (outbox.shift()) await outbox.setShift(null);
    await outbox.setSetting("campaign", campaign);
  }
  if (area !== undefined) await outbox.setSetting(`area:${screen.campaign.id}`, area);
  if (channel !== undefined) await outbox.setSetting("channel", channel);
  await paint();
}

// --- taps -------------------------------------------------------------------------------------------------------

async function tap(outcome, n = 1) {
  const { campaign, area, channel, isPractice } = screen;
  const colour = screen.recorder?.chosen ?? null;
  const facts = { campaign: campaign.id, area: area?.id ?? null, channel: channel.channel, outcome, n, topics: [], colour };
  try {
    const attempt = isPractice ? { ...facts, id: null } : await screen.outbox.log(facts);
    screen.last = attempt;
    undoable = attempt;
    const values = { n: number(n), outcome: say(outcome) };
    navigator.vibrate?.(BUZZ);
    const text = isPractice ? say("practised", values) : say(n > 1 ? "saved_several" : "saved", values);
    remark("saved", colour ? say("for_colour", { colour: say(colour), text }) : text, UNDO_FOR);
    paintTopics();
  } catch (error) {
    fail(failure(error));
  }
}

async function undo() {
  const attempt = undoable;
  undoable = null;
  if (!attempt) return;
  try {
    await changes; // a topic may still be on its way to the same attempt
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

// Changed or gone by another way: undo and topics no longer speak of it.
function forget(id) {
  if (undoable?.id === id) undoable = null;
  if (screen.last?.id === id) screen.last = null;
  paintTopics();
}

function practise(isOn) {
  screen.isPractice = isOn;
  screen.last = undoable = null;
  document.body.classList.toggle("practising", isOn);
  byId("practice").hidden = !isOn;
  byId("menu").querySelector('[data-do="practice"]').ariaChecked = isOn;
  remark("idle", "");
  paintTopics();
  if (isOn) announce(byId("practice").querySelector("p").textContent);
  paint();
}

// --- what was just done -----------------------------------------------------------------------------------------

function tell(text) {
  remark("undone", text, UNDO_FOR / 2);
}

// Stays until the next tap: somebody has to see it.
function fail(text) {
  undoable = null;
  closeSheets();
  remark("failed", text);
}

function remark(look, text, duration = null) {
  clearTimeout(saidTimer);
  said = { look, text };
  if (text) announce(text, { isUrgent: look === "failed" });
  if (duration) {
    saidTimer = setTimeout(() => {
      undoable = null;
      said = { look: "idle", text: "" };
      paint();
    }, duration);
  }
  paintSaid();
}

function paintSaid(latest = null) {
  const { look, text } = said;
  const box = byId("said");
  const values = latest && { time: time(latest.at), outcome: say(latest.outcome) };
  if (text) box.textContent = text;
  else if (look === "idle") box.textContent = values ? say("latest", values) : say("first");
  // Drawn anew, so that the line which counts the ten seconds down starts over.
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
  // Always there and only made invisible, so that nothing on the screen moves when they are asked for.
  byId("topics-chips").replaceChildren(...topics.map((t) => chip(t, last?.topics.includes(t.id) ?? false, toggleTopics)));
  byId("topics").classList.toggle("resting", !isAsking);
  byId("hint").textContent = isAsking ? "" : say("hint");
}

// --- several at once --------------------------------------------------------------------------------------------

function openSeveral(outcome) {
  const outcomes = screen.channel.outcomes;
  const legend = byId("several-outcomes").querySelector("legend");
  const row = make("div", { className: "segments-row" });
  for (const value of outcomes) {
    const radio = make("input", { type: "radio", name: "several-outcome", value, checked: value === outcome });
    row.append(make("label", {}, radio, make("span", {}, say(value))));
  }
  byId("several-outcomes").replaceChildren(legend, row);
  byId("several-number").value = 2;
  paintSeveral();
  navigator.vibrate?.(BUZZ);
  openSheet("several");
  // Not the field: that would bring up the keyboard over half the screen.
  byId("several").querySelector('[data-step="1"]').focus();
}

function paintSeveral() {
  const outcome = document.querySelector('input[name="several-outcome"]:checked')?.value;
  const n = byId("several-number").valueAsNumber || 0;
  byId("several-save").textContent = say("several_save", { n: number(n), outcome: say(outcome) });
}

function wireSeveral() {
  const field = byId("several-number");
  byId("several").addEventListener("input", paintSeveral);
  for (const button of byId("several").querySelectorAll("[data-step], [data-number]")) {
    button.addEventListener("click", () => {
      const { step, number: wanted } = button.dataset;
      const n = wanted ? Number(wanted) : (field.valueAsNumber || 2) + Number(step);
      field.value = Math.min(Math.max(n, 2), MOST_AT_ONCE);
      paintSeveral();
    });
  }
  byId("several-form").addEventListener("submit", (event) => {
    event.preventDefault();
    byId("several").close();
    tap(document.querySelector('input[name="several-outcome"]:checked').value, field.valueAsNumber);
  });
}

// --- painting ---------------------------------------------------------------------------------------------------

// Everything anew from what the outbox says; calls that come meanwhile make one more round.
function paint() {
  isStale = true;
  painting ??= paintAll();
  return painting;
}

async function paintAll() {
  try {
    while (isStale) {
      isStale = false;
      await paintOnce();
    }
  } catch (error) {
    fail(failure(error));
  } finally {
    painting = null;
  }
}

async function paintOnce() {
  const { outbox } = screen;
  const status = await outbox.status();
  const recent = await outbox.recent(status.quarantined ? 200 : 1);
  screen.status = status;
  screen.sentence = recent.find(({ state }) => state === "quarantined")?.sentence ?? null;
  settle();
  byId("work").hidden = !screen.campaign;
  byId("nothing").hidden = Boolean(screen.campaign);
  if (!screen.campaign) {
    nothing(outbox.context() ? "campaigns" : "loading");
    return;
  }
  paintWhere();
  paintButtons();
  await paintFigures();
  paintQueue();
  paintSaid(recent[0]);
  fetchAhead();
}

// Nothing to log with: is nobody signed in, or is there no network? Nobody but the server can tell.
async function explainNothing() {
  if (screen.outbox.context()) return;
  // The body is read though nobody wants it: a request left half-read never ends.
  const asked = fetch("/api/v1/hello", { cache: "no-store" }).then((answer) => answer.text().then(() => answer.status));
  const status = await asked.catch(() => 0);
  // For 200 the delivery is hearing the same answer, and what it brings is painted when it is kept.
  if (status !== 200 && !screen.outbox.context()) nothing(status === 401 ? "nobody" : "offline");
}

function nothing(why, text = null) {
  byId("work").hidden = true;
  byId("where-button").disabled = true;
  byId("nothing").hidden = false;
  byId("nothing-title").textContent = say(`nothing_${why}`);
  byId("nothing-text").textContent = text ?? say(`nothing_${why}_text`);
  byId("nothing-join").hidden = byId("nothing-sign-in").hidden = why !== "nobody";
  byId("nothing-again").hidden = why !== "offline" && why !== "campaigns";
}

function paintWhere() {
  const { campaign, area, shift } = screen;
  byId("where-button").disabled = false;
  const { name } = campaign;
  byId("where-campaign").textContent = shift ? say("on_shift", { time: between(shift), campaign: name }) : name;
  const areaName = byId("where-area");
  areaName.textContent = area ? area.name : campaign.areas.length ? say("choose_area") : "";
  areaName.classList.toggle("missing", !area);
}

// Only when there is something else to draw: a button that is being pressed must not be replaced.
function paintButtons() {
  const { campaign, channel } = screen;
  const wanted = JSON.stringify([campaign.id, campaign.topics, campaign.channels, channel]);
  if (wanted === shape) return;
  shape = wanted;
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
  // Not scrollIntoView: Tab would go on from there, past everything before it.
  if (chosen) box.scrollLeft = chosen.offsetLeft - box.offsetLeft - (box.clientWidth - chosen.offsetWidth) / 2;

  const buttons = (channel?.outcomes ?? []).map((outcome) => {
    const button = make("button", { type: "button", className: "outcome" }, make("span", {}, say(outcome)));
    button.dataset.outcome = outcome;
    onTap(button, { tap: () => tap(outcome), hold: () => openSeveral(outcome) });
    return button;
  });
  byId("pad-main").replaceChildren(...buttons.slice(0, 2));
  byId("pad-rest").replaceChildren(...buttons.slice(2));
  byId("pad-rest").hidden = buttons.length < 3;
  if (screen.last?.campaign !== campaign.id) screen.last = undoable = null;
  paintTopics();
}

// The campaign's figures are the server's; own attempts that it had not counted when it answered are added here, so
// that the count climbs with every tap and never twice for the same.
async function paintFigures() {
  const { campaign, outbox } = screen;
  const day = await outbox.today(campaign.id);
  const { conversations, attempts } = day;
  const own = conversations - (await countedByServer())[campaign.id];
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
  byId("today-button").textContent = say("today", { n: number(attempts) });
  const onShift = screen.shift && (await screen.shifts?.figures());
  const mine = number((onShift?.mine ?? day).conversations);
  const team = number(onShift ? onShift.team.conversations : campaign.association_today + own);
  byId("mine").textContent = say(onShift ? "mine_shift" : "mine", { mine, team });
  screen.recorder?.paint((onShift?.mine ?? day).colours);
}

// How many of today's own conversations stood in the server's figures when it gave them: those it had by then. Some
// may have reached it while its answer was on the way here.
async function countedByServer() {
  const { outbox } = screen;
  const hello = outbox.context();
  const today = new Date().toDateString();
  const known = outbox.setting("counted");
  if (known?.now === hello.now) return known.day === today ? known.campaigns : none(hello);
  const campaigns = none(hello);
  for (const { campaign, outcome, n, state, settled } of await outbox.recent(Infinity)) {
    const isIn = state !== "pending" && !(Date.parse(settled) > Date.parse(hello.now));
    if (isIn && outcome === "talked" && campaign in campaigns) campaigns[campaign] += n;
  }
  await outbox.setSetting("counted", { now: hello.now, day: today, campaigns });
  return campaigns;
}

const none = (hello) => Object.fromEntries(hello.campaigns.map(({ id }) => [id, 0]));

function paintQueue() {
  const [{ look, text }] = lines(screen.status, screen.sentence);
  byId("queue").className = `queue queue-${look}`;
  byId("queue-text").textContent = text;
  if (byId("waiting").open) sheets.waiting.paint();
}
