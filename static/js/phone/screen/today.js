// Today's attempts: a list, and a form for each of them.

import { byId, chip, chosenTopics, failure, make, number, openSheet, option, say, time } from "./page.js";

const MOST_ROWS = 500;

export function wireToday(screen) {
  let entry = null;
  let marks = null; // recorder.js, when there are colours to draw

  async function open() {
    await paint();
    openSheet("today");
  }

  async function paint() {
    const entries = await screen.outbox.recent(Infinity);
    const attempts = entries.reduce((sum, { n }) => sum + n, 0);
    const conversations = entries.reduce((sum, { n, outcome }) => sum + (outcome === "talked" ? n : 0), 0);
    const values = { conversations: number(conversations), attempts: number(attempts) };
    if (screen.recorder || entries.some(({ colour }) => colour)) await fetchMarks();
    byId("today-sum").textContent = entries.length ? say("today_sum", values) : say("today_none");
    const rows = entries.slice(0, MOST_ROWS).map(row);
    if (entries.length > MOST_ROWS) rows.push(make("li", { className: "soft" }, say("today_cut", { n: number(MOST_ROWS) })));
    byId("today-list").replaceChildren(...rows);
  }

  // Without it the list is shown without colours.
  async function fetchMarks() {
    try {
      marks ??= await import("./recorder.js");
      await marks.look();
    } catch (error) {
      console.warn("marks:", error);
    }
  }

  function row(attempt) {
    const { areas, topics } = campaignOf(attempt);
    const area = areas.find(({ id }) => id === attempt.area)?.name;
    const raised = attempt.topics.map((id) => topics.find((topic) => topic.id === id)?.name).filter(Boolean);
    const who = attempt.colour && say(attempt.colour);
    const details = [who, say(attempt.channel), area, ...raised].filter(Boolean).join(" · ");
    const mark = marks && attempt.colour && make("span", { className: "entry-mark" }, marks.mark(attempt.colour));
    const what = (attempt.n > 1 ? `${number(attempt.n)} × ` : "") + say(attempt.outcome);
    const button = make(
      "button",
      { type: "button", className: "entry" },
      make("time", { dateTime: attempt.at }, time(attempt.at)),
      make("span", { className: "entry-what" }, mark || null, make("strong", {}, what), make("span", { className: "entry-details" }, details)),
      make("span", { className: `entry-state entry-${attempt.state}` }, say(attempt.state)),
    );
    button.addEventListener("click", () => edit(attempt));
    return make("li", {}, button);
  }

  // A campaign that the hello no longer has offers no choices, but its attempts can still be corrected and removed.
  function campaignOf({ campaign, channel, outcome }) {
    const known = screen.outbox.context()?.campaigns.find(({ id }) => id === campaign);
    return known ?? { areas: [], topics: [], channels: [{ channel, outcomes: [outcome] }] };
  }

  // Also the attempt's own, when the campaign no longer offers it.
  function channelsOf(attempt) {
    const { channels } = campaignOf(attempt);
    const own = { channel: attempt.channel, outcomes: [attempt.outcome] };
    return channels.some(({ channel }) => channel === attempt.channel) ? channels : [own, ...channels];
  }

  function edit(attempt) {
    entry = attempt;
    const { areas, topics } = campaignOf(attempt);
    const sentence = attempt.sentence ?? (attempt.state === "quarantined" ? say("refused_by_server") : "");
    byId("entry-sentence").textContent = sentence;
    byId("entry-sentence").hidden = attempt.state !== "quarantined";
    byId("entry-title").textContent = `${time(attempt.at)} ${say(attempt.outcome)}`;
    byId("entry-channel").replaceChildren(
      ...channelsOf(attempt).map(({ channel }) => option(channel, say(channel), channel === attempt.channel)),
    );
    paintOutcomes();
    const none = option("", say("no_area"), attempt.area === null);
    const isGone = attempt.area !== null && !areas.some(({ id }) => id === attempt.area);
    const gone = isGone ? [option(attempt.area, say("former_area"), true)] : [];
    const offered = areas.map(({ id, name }) => option(id, name, id === attempt.area));
    byId("entry-area").replaceChildren(none, ...gone, ...offered);
    byId("entry-number").value = attempt.n;
    byId("entry-chips").replaceChildren(...topics.map((topic) => chip(topic, attempt.topics.includes(topic.id))));
    paintColours(attempt);
    openSheet("entry");
  }

  function paintOutcomes() {
    const chosen = byId("entry-outcome").value || entry.outcome;
    const { outcomes } = channelsOf(entry).find(({ channel }) => channel === byId("entry-channel").value);
    byId("entry-outcome").replaceChildren(...outcomes.map((o) => option(o, say(o), o === chosen || o === entry.outcome)));
    if (outcomes.includes(chosen)) byId("entry-outcome").value = chosen;
    paintTopics();
  }

  function paintColours({ colour }) {
    const known = screen.recorder?.colours ?? [];
    const offered = marks ? [...new Set(colour ? [...known, colour] : known)] : [];
    byId("entry-colours").hidden = offered.length === 0;
    const boxes = offered.length ? marks.choices("radio", "entry-colour", offered, (each) => each === colour) : [];
    byId("entry-colours").querySelector(".segments-row").replaceChildren(...boxes);
  }

  function paintTopics() {
    const hasTopics = byId("entry-chips").childElementCount > 0 || campaignOf(entry).topics.length > 0;
    byId("entry-topics").hidden = !hasTopics || byId("entry-outcome").value !== "talked";
  }

  async function finish(work, key) {
    try {
      await work();
      byId("entry").close();
      screen.forget(entry.id);
      screen.tell(say(key));
      await paint();
    } catch (error) {
      screen.fail(failure(error));
    }
  }

  // Only what somebody has changed: an area, a topic or a channel that is not offered any more stays.
  function changes() {
    const outcome = byId("entry-outcome").value;
    const chosen = {
      channel: byId("entry-channel").value,
      outcome,
      area: byId("entry-area").value || null,
      n: byId("entry-number").valueAsNumber,
      topics: outcome === "talked" ? chosenTopics(byId("entry-chips"), entry.topics) : [],
      colour: byId("entry-colours").querySelector(":checked")?.value,
    };
    return Object.fromEntries(Object.entries(chosen).filter(([name, value]) => !isSame(value, entry[name])));
  }

  byId("entry-channel").addEventListener("change", paintOutcomes);
  byId("entry-outcome").addEventListener("change", paintTopics);
  byId("entry-form").addEventListener("submit", (event) => {
    event.preventDefault();
    finish(() => screen.outbox.change(entry.id, changes()), "changed");
  });
  byId("entry-delete").addEventListener("click", () => finish(() => screen.outbox.undo(entry.id), "deleted"));
  byId("today-button").addEventListener("click", open);
  return { open, paint };
}

// Of lists, in any order.
const isSame = (one, other) => String([one].flat().sort()) === String([other].flat().sort());
