// The sheet where campaign, shift and area are chosen.

import { announce, byId, closeSheets, make, number, openSheet, say } from "./page.js";
import { areaAt } from "./place.js";

const COARSE = 1_000; // m; a phone that is asked for its exact position and gives this has that switched off
const SEARCH_FROM = 8; // areas; a shorter list needs no search

export function wireWhere(screen) {
  const search = byId("area-search");
  const campaigns = byId("where-campaign-list");
  const areas = byId("where-area-list");
  let outlines = null;
  let near = null; // ids of the areas where the phone may be, when it is not sure

  async function open() {
    near = null;
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
    const offered = screen.campaign?.areas ?? [];
    const found = near
      ? near.map((id) => offered.find((area) => area.id === id))
      : offered.filter((area) => plain(`${area.code} ${area.name}`).includes(wanted));
    const given = screen.shift?.areas ?? [];
    const isGiven = ({ id }) => given.includes(id);
    if (!near) found.sort((one, other) => isGiven(other) - isGiven(one)); // the shift's first; the sort is stable
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
    near = null;
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
      const { areas } = screen.campaign;
      const features = (outlines?.features ?? []).filter(({ id }) => areas.some((area) => area.id === id));
      const at = areaAt({ features }, coords.longitude, coords.latitude, coords.accuracy);
      if (at.id) {
        await chooseArea(at.id);
        announce(say("located", { area: areas.find(({ id }) => id === at.id).name }));
        return;
      }
      const { accuracy } = coords;
      const distance = accuracy < COARSE ? `${number(Math.round(accuracy))} m` : `${number(Math.round(accuracy / 1_000))} km`;
      const key = at.near.length === 0 ? "located_none" : "located_near";
      tell(accuracy < COARSE ? key : "located_coarse", { distance });
      near = at.near.length ? at.near : null;
      search.value = "";
      paintAreas();
    };
    const lost = (error) => tell(error.code === error.PERMISSION_DENIED ? "located_denied" : "located_failed");
    navigator.geolocation.getCurrentPosition(found, lost, { enableHighAccuracy: true, timeout: 20_000, maximumAge: 15_000 });
  }

  search.addEventListener("input", () => {
    near = null;
    paintAreas();
  });
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
