// The sheet where campaign, shift and area are chosen.

import { announce, byId, closeSheets, make, openSheet, say } from "./page.js";
import { areaAt } from "./place.js";

const SEARCH_FROM = 8; // areas; a shorter list needs no search

export function wireWhere(screen) {
  const search = byId("area-search");
  const campaigns = byId("where-campaign-list");
  const areas = byId("where-area-list");
  let outlines = null;

  async function open() {
    search.value = "";
    byId("locate-text").textContent = byId("locate-text").dataset.first ??= byId("locate-text").textContent;
    paint();
    openSheet("where");
    if (screen.area) areas.querySelector('[aria-pressed="true"]')?.scrollIntoView({ block: "center" });
    outlines = await screen.outbox.outlines();
    byId("locate").hidden = byId("locate-text").hidden = !(outlines?.features?.length && navigator.geolocation);
  }

  function paint() {
    const all = screen.outbox.context()?.campaigns ?? [];
    byId("where-campaigns").hidden = all.length < 2;
    campaigns.replaceChildren(...all.map((c) => pick(c.name, c === screen.campaign, () => chooseCampaign(c))));
    screen.shifts?.paint();
    const list = screen.campaign?.areas ?? [];
    byId("where-areas").hidden = list.length === 0;
    search.hidden = list.length < SEARCH_FROM;
    paintAreas();
  }

  function paintAreas() {
    const wanted = plain(search.value);
    const found = (screen.campaign?.areas ?? []).filter((area) => plain(`${area.code} ${area.name}`).includes(wanted));
    const given = screen.shift?.areas ?? [];
    const isGiven = ({ id }) => given.includes(id);
    found.sort((one, other) => isGiven(other) - isGiven(one)); // the shift's first; the sort is stable
    const rows = found.map((area) => {
      const code = isGiven(area) ? say("of_shift") : area.code;
      return pick(area.name, area === screen.area, () => chooseArea(area.id), code);
    });
    if (!wanted) rows.push(pick(say("no_area"), screen.area === null, () => chooseArea(null)));
    areas.replaceChildren(...rows);
    byId("where-none").hidden = rows.length > 0;
  }

  async function chooseCampaign(campaign) {
    if (campaign !== screen.campaign) await screen.choose({ campaign: campaign.id });
    search.value = "";
    paint();
    if (campaign.areas.length === 0) closeSheets();
  }

  async function chooseArea(id) {
    await screen.choose({ area: id });
    closeSheets();
  }

  function tell(key, values) {
    byId("locate-text").textContent = say(key, values);
  }

  // The position is compared with the outlines and not kept.
  function locate() {
    tell("locating");
    const found = async ({ coords }) => {
      const id = areaAt(outlines, coords.longitude, coords.latitude);
      const area = screen.campaign.areas.find((candidate) => candidate.id === id);
      if (!area) return tell("located_none");
      await chooseArea(area.id);
      announce(say("located", { area: area.name }));
    };
    const lost = (error) => tell(error.code === error.PERMISSION_DENIED ? "located_denied" : "located_failed");
    navigator.geolocation.getCurrentPosition(found, lost, { enableHighAccuracy: true, timeout: 20_000, maximumAge: 15_000 });
  }

  search.addEventListener("input", paintAreas);
  byId("locate").addEventListener("click", locate);
  byId("where-button").addEventListener("click", open);
  return open;
}

export function pick(name, isChosen, onPick, code = "") {
  const button = make("button", { type: "button", className: "pick", "aria-pressed": isChosen }, make("span", {}, name));
  if (code && code !== name) button.append(make("span", { className: "pick-code" }, code));
  button.addEventListener("click", onPick);
  return make("li", {}, button);
}

const plain = (text) => text.trim().normalize("NFC").toLocaleLowerCase("sv");
