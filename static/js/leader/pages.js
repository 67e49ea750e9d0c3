// Small additions to every page but the logging screen and the wallboard. The pages work without them.

import { tellInside } from "../shared/inside.js";

function prepare() {
  document.getElementById("errors")?.focus();
  // The menu scrolls sideways on a phone; where one is should be in sight.
  // Not scrollIntoView: Tab would go on from there, past the link that skips the menu.
  for (const row of document.querySelectorAll(".page-nav, .tabs")) {
    const here = row.querySelector("[aria-current]");
    if (here) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
}

prepare();
tellInside();

// What was typed and is saved now must not stay in the fields: a morph leaves those alone that somebody has typed in.
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  if (ctx.request.method === "POST" && ctx.response.status < 400) ctx.sourceElement.reset?.();
});

// A form that swapped the page in place: its filters go into the address, so that a reload or a shared link keeps them.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id !== "main") return;
  if (ctx.request.method === "GET") history.replaceState(history.state, "", ctx.response.raw.url);
  prepare();
});

// A link in the summary of errors puts the cursor in its field; in a group, on the first choice.
document.addEventListener("click", (event) => {
  const link = event.target.closest('.errors a[href^="#"]');
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  (target.matches("fieldset") ? target.querySelector("input") ?? target : target).focus();
  target.scrollIntoView({ block: "center" });
});

document.addEventListener("click", async ({ target }) => {
  if (target.closest("[data-print]")) window.print();
  const button = target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  field.select();
  await navigator.clipboard.writeText(field.value);
  button.textContent = button.dataset.copied;
  setTimeout(() => (button.textContent = label), 3000);
});

// The back-forward cache keeps whole pages, even those marked no-store: after signing out, the back button would show
// them. So a page that comes from it asks whether the session still is, and is loaded anew when it is not.
window.addEventListener("pageshow", async (event) => {
  if (!event.persisted || !document.body.classList.contains("signed-in")) return;
  try {
    const answer = await fetch("/api/v1/hello", { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.status === 401) location.reload();
  } catch {
    // No answer: hide what this person may no longer see.
    document.querySelector("main").hidden = true;
    addEventListener("online", () => location.reload(), { once: true });
  }
});

if ("serviceWorker" in navigator) navigator.serviceWorker.register(document.body.dataset.worker);
