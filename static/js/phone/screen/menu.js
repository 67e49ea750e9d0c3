// The menu: looks, the home screen, the language, and signing out with or without a full outbox.

import { inside, isHomeScreenApp } from "../../shared/inside.js";
import { byId, failure, number, openSheet, say } from "./page.js";
import { exportFile } from "./waiting.js";

const HANDOVER_PATIENCE = 2_000; // ms

export function wireMenu(screen, actions) {
  const menu = byId("menu");
  byId("menu-button").addEventListener("click", () => {
    const { name = "", association_name: association = "" } = screen.outbox.person() ?? {};
    byId("menu-who").textContent = name && say("who", { name, association });
    const link = byId("menu-campaign");
    link.href = screen.campaign ? link.dataset.page.replace("ID", screen.campaign.id) : link.dataset.index;
    for (const item of menu.querySelectorAll("[data-needs-campaign]")) item.hidden = !screen.campaign;
    for (const item of menu.querySelectorAll("[data-needs-shift]")) item.hidden = !screen.shift;
    const { campaign, shift } = screen;
    for (const [name, text] of [["script", shift?.script || campaign?.script], ["points", shift?.points]]) {
      byId(`menu-${name}`).hidden = !text;
      byId(`menu-${name}-text`).textContent = text ?? "";
    }
    openSheet("menu");
  });
  for (const button of menu.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => {
      menu.close();
      actions[button.dataset.do]();
    });
  }
  wireLook(screen);
  wireInstall(screen);
  wireLanguage(screen);
  wireLeaving(screen);
}

function wireLook(screen) {
  const root = document.documentElement;
  check("theme", root.dataset.theme ?? "");
  byId("theme").addEventListener("change", ({ target }) => {
    root.dataset.theme = target.value;
    try {
      localStorage.setItem("theme", target.value);
    } catch {
      // Storage is forbidden: the choice lasts until the page is closed.
    }
  });
  const hand = screen.outbox.setting("hand") ?? "";
  check("hand", hand);
  byId("pad").dataset.hand = hand;
  byId("hand").addEventListener("change", ({ target }) => {
    byId("pad").dataset.hand = target.value;
    screen.outbox.setSetting("hand", target.value);
  });
}

function check(name, value) {
  const wanted = document.querySelector(`input[name="${name}"][value="${value}"]`);
  if (wanted) wanted.checked = true;
}

function wireInstall(screen) {
  const isInside = inside() !== null;
  byId("install").hidden = matchMedia("(display-mode: standalone)").matches || isHomeScreenApp;
  byId("install-inside").hidden = !isInside;
  byId("install-help").hidden = isInside;
  // The app may have a storage of its own, and what waits here is not in it.
  byId("install").addEventListener("toggle", async () => {
    if (!byId("install").open) return;
    await screen.delivery.flush();
    const { pending } = await screen.outbox.status();
    byId("install-waits").textContent = pending ? say("install_waits", { n: number(pending) }) : say("all_sent");
  });
  let question = null;
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    question = event;
    byId("install-button").hidden = false;
    byId("install-help").hidden = true;
  });
  byId("install-button").addEventListener("click", () => question?.prompt());
  addEventListener("appinstalled", () => (byId("install").hidden = true));
}

// The page comes from the service worker's cache, so a worker with the other language is installed before the reload.
function wireLanguage(screen) {
  const form = byId("language");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (!answer.ok) throw new Error(String(answer.status));
      const registration = await navigator.serviceWorker?.getRegistration();
      await registration?.update();
      const coming = registration?.installing;
      if (coming) {
        // It takes over before the reload: when it did so during it, the page sometimes never came.
        await new Promise((resolve) => {
          coming.addEventListener("statechange", () => {
            if (coming.state !== "installed") return resolve();
            coming.postMessage("take over");
            setTimeout(resolve, HANDOVER_PATIENCE);
          });
        });
      }
      location.reload();
    } catch {
      byId("menu").close();
      screen.fail(say("language_offline"));
    }
  });
}

function wireLeaving(screen) {
  const form = byId("sign-out");
  const { outbox } = screen;

  // On the server first: else the phone could have forgotten its person and kept the session's cookie.
  async function leave() {
    try {
      const answer = await fetch(form.action, { method: "POST", cache: "no-store" });
      if (!answer.ok && answer.status !== 401) throw new Error(String(answer.status));
      screen.delivery.stop();
      await outbox.setPerson(null);
      location.assign(answer.redirected ? answer.url : form.dataset.then);
    } catch {
      if (byId("leaving").open) byId("leaving-text").textContent = say("leave_offline");
      else screen.fail(say("leave_offline"));
    }
  }

  const ways = {
    send: async () => {
      await screen.delivery.flush();
      if ((await outbox.status()).pending) byId("leaving-text").textContent = say("still_waiting");
      else await leave();
    },
    keep: leave,
    export: async () => {
      byId("leaving-text").textContent = await exportFile(outbox);
    },
  };
  for (const button of byId("leaving").querySelectorAll("[data-leave]")) {
    button.addEventListener("click", () =>
      ways[button.dataset.leave]().catch((error) => (byId("leaving-text").textContent = failure(error))),
    );
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { pending } = await outbox.status();
    byId("menu").close();
    byId("leaving-title").textContent = say(["leave_none", "leave_one"][pending] ?? "leave_many", { n: pending });
    byId("leaving-text").textContent = "";
    for (const part of byId("leaving").querySelectorAll("[data-waits]")) part.hidden = !pending;
    byId("leaving-now").hidden = Boolean(pending);
    openSheet("leaving");
  });
}
