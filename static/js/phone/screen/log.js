// The logging screen: shows what the outbox knows and hands it the taps. It decides nothing about the queue.

import { isHomeScreenApp, tellInside } from "../../shared/inside.js";
import { start } from "../queue/deliver.js";
import { open } from "../queue/outbox.js";
import { wireDock } from "./dock.js";
import { wireMenu } from "./menu.js";
import { wirePad } from "./pad.js";
import { announce, between, byId, failure, number, say, wireEchoes, wireSheets } from "./page.js";
import { wireToday } from "./today.js";
import { lines, wireWaiting } from "./waiting.js";
import { wireWhere } from "./where.js";

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
  shifts: null, // what wireShift() gives, once it is wanted
  recorder: null, // what wireRecorder() gives, the same way
  isPractice: false,
  last: null, // the attempt that the topics belong to
  choose,
  paint,
};
const dock = wireDock(screen);
const pad = wirePad(screen, dock);
Object.assign(screen, { forget: dock.forget, tell: dock.tell, fail: dock.fail });
let sheets = {};
let painting = null;
let isStale = false;
let isFetched = false;

begin();

async function begin() {
  wireSheets();
  wireEchoes();
  tellInside();
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
    several: () => pad.openSeveral("talked"),
    today: sheets.today.open,
    waiting: sheets.waiting.open,
  });
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
  // After midnight "idag" is another day, and a tab may have slept for hours.
  addEventListener("visibilitychange", () => document.visibilityState === "visible" && paint());
  for (const name of ["online", "offline"]) addEventListener(name, paint);
  if ("serviceWorker" in navigator) navigator.serviceWorker.register(document.body.dataset.worker);
}

// For parts of the screen that few use: imported after the rest.
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

async function recorder() {
  screen.recorder ??= await (await import("./recorder.js")).wireRecorder(screen);
  return screen.recorder;
}

// After the first paint all parts are fetched: they may be wanted without a network, at a phone's very first visit too,
// when no service worker has cached them yet; and a screen that is left open must not get them of a newer version later.
async function fetchAhead() {
  if (isFetched) return;
  isFetched = true;
  try {
    await Promise.all([shifts(), import("./summary.js"), import("./recorder.js").then(({ look }) => look())]);
  } catch {
    isFetched = false; // the next paint tries again
  }
}

// --- campaign, area, channel, practice --------------------------------------------------------------------------

// Reads what was chosen last, as far as the server still offers it.
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

function practise(isOn) {
  screen.isPractice = isOn;
  document.body.classList.toggle("practising", isOn);
  byId("practice").hidden = !isOn;
  byId("menu").querySelector('[data-do="practice"]').setAttribute("aria-checked", isOn);
  dock.clear();
  if (isOn) announce(byId("practice").querySelector("p").textContent);
  paint();
}

// --- painting ---------------------------------------------------------------------------------------------------

// Draws everything from what the outbox says. A call during a paint makes it start once more.
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
    screen.fail(failure(error));
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
    const name = (outbox.context()?.person.removed_from ?? []).join(", ");
    if (name) nothing("removed", say("nothing_removed_text", { name }));
    else nothing(outbox.context() ? "campaigns" : "loading");
    return;
  }
  paintWhere();
  pad.paint();
  await paintFigures();
  paintQueue();
  dock.paint(recent[0]);
  fetchAhead();
}

// Without a campaign: is nobody signed in, or is there no network? Only the server can tell.
async function explainNothing() {
  if (screen.outbox.context()) return;
  // The body is read though it is not used: a request whose body is not read never ends.
  const asked = fetch("/api/v1/hello", { cache: "no-store" }).then((answer) => answer.text().then(() => answer.status));
  const status = await asked.catch(() => 0);
  // After a 200 the delivery gets the same answer, and the screen is painted when it is kept.
  if (status !== 200 && !screen.outbox.context()) nothing(status === 401 ? "nobody" : "offline");
}

function nothing(why, text = null) {
  byId("work").hidden = true;
  byId("where-button").disabled = true;
  byId("nothing").hidden = false;
  byId("nothing-title").textContent = say(`nothing_${why}`);
  const key = why === "nobody" && isHomeScreenApp ? "home" : why;
  byId("nothing-text").textContent = text ?? say(`nothing_${key}_text`);
  byId("nothing-join").hidden = byId("nothing-sign-in").hidden = why !== "nobody";
  byId("nothing-again").hidden = !["offline", "campaigns", "removed"].includes(why);
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

// The server's figures, and on top of them this phone's attempts that are not in them yet: the count rises with
// every tap.
async function paintFigures() {
  const { campaign, outbox } = screen;
  const day = await outbox.today(campaign.id);
  const ahead = await outbox.ahead(campaign.id);
  const result = campaign.result + ahead.all;
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
  byId("today-button").setAttribute("aria-label", say("today_long", { n: number(day.attempts) }));
  const onShift = screen.shift && (await screen.shifts?.figures());
  const mine = number((onShift?.mine ?? day).conversations);
  const team = onShift ? onShift.team.conversations : ahead.today === null ? null : campaign.association_today + ahead.today;
  const whose = onShift ? "mine_shift" : team === null ? "mine_alone" : "mine";
  // A campaign that was fetched by an older version has no names.
  const name = campaign.association_name ?? say("team");
  byId("mine").textContent = say(whose, { mine, name, team: number(team) });
  if (campaign.organisation_name) byId("whose").textContent = say("whose", { name: campaign.organisation_name });
  screen.recorder?.paint((onShift?.mine ?? day).colours);
}

function paintQueue() {
  const [{ look, text }] = lines(screen.status, screen.sentence);
  byId("queue").className = `queue queue-${look}`;
  byId("queue-text").textContent = text;
  if (byId("waiting").open) sheets.waiting.paint();
}
