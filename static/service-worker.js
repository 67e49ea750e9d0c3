// Keeps the logging screen on the phone, so that it opens without a network from the second visit on.
//
// The server puts two lines before this text: VERSION, which changes with any file of the shell, and SHELL, their
// addresses. One cache per version, filled whole or not at all, and /log is always answered from it with the files it
// was made with: a page of one version never meets a script of another, as it could if the page came from the network
// and its scripts from the cache. Updates therefore come by the worker itself, which the browser asks for anew at
// every visit.
//
// Other pages get at most a word about the missing network; all else passes the worker by. No POST above all: a worker
// that forwards one can lose its body without a word.

const CACHE = `shell-${VERSION}`;
const FILES = new Set(SHELL);
const SCREEN = "/log";
const OFFLINE = "/offline";
const HANDOVER_PATIENCE = 2_000; // ms
const HANDOVERS = 3;
let handovers = 0;

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(sweep()));
// Not clients.claim(): a page that was loaded from the network goes on so until it is opened again.

self.addEventListener("message", (event) => {
  if (event.data !== "take over") return;
  self.skipWaiting(); // not awaited: it is done only when the worker that asks has answered its page
  event.ports[0]?.postMessage("taking over");
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === SCREEN) event.respondWith(screen(request));
    // Without a network the front door still leads to what can be done without one.
    else if (url.pathname === "/") event.respondWith(fetch(request).catch(() => Response.redirect(SCREEN)));
    // On a home screen the browser's own error page would have no way back.
    else if (FILES.has(OFFLINE)) event.respondWith(fetch(request).catch(() => stored(OFFLINE)));
  } else if (FILES.has(url.pathname + url.search)) event.respondWith(file(event));
});

async function fill() {
  const cache = await caches.open(CACHE);
  await Promise.all(
    SHELL.map(async (address) => {
      // A captive portal answers with a page of its own, or with a redirect to one: then we wait for a better moment.
      const response = await fetch(address, { cache: "reload", redirect: "error", credentials: "same-origin" });
      const isPage = (response.headers.get("Content-Type") ?? "").startsWith("text/html");
      if (response.status !== 200 || isPage === address.includes(".")) throw new TypeError(`not ours: ${address}`);
      await cache.put(address, response);
    }),
  );
  // Was the server replaced by another version while we fetched? Then what we have may be of both.
  const worker = await fetch("/service-worker.js", { cache: "no-store", redirect: "error" });
  if (!(await worker.text()).includes(JSON.stringify(VERSION))) throw new TypeError("changed meanwhile");
}

async function sweep() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("shell-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

const stored = async (address) => (await caches.open(CACHE)).match(address, { ignoreVary: true });

async function screen(request) {
  if (await handOver()) {
    // By the time this page asks again, the new worker answers.
    const again = '<!doctype html><meta http-equiv="refresh" content="0">';
    return new Response(again, { headers: { "Content-Type": "text/html" } });
  }
  return (await stored(SCREEN)) ?? fetch(request);
}

// A new worker would wait until every page of the old one is closed, and on a phone that day may never come. So it
// takes over when the screen is opened or reloaded and no other is being so: the only moment when no page is halfway
// through loading its scripts. (A screen at rest in another tab has all of its own.)
async function handOver() {
  const { waiting } = self.registration;
  if (!waiting || handovers >= HANDOVERS) return false;
  const open = await self.clients.matchAll({ type: "window" });
  if (open.filter(({ url }) => new URL(url).pathname === SCREEN).length > 1) return false;
  handovers += 1;
  await new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    setTimeout(resolve, HANDOVER_PATIENCE);
    waiting.postMessage("take over", [port2]);
  });
  return true;
}

// Other pages come fresh from the network, and so must their scripts: from the shell only when there is no network.
async function file({ request, clientId }) {
  const client = clientId && (await self.clients.get(clientId));
  const { pathname, search } = new URL(request.url);
  const cached = await stored(pathname + search);
  const isScreen = !client || new URL(client.url).pathname === SCREEN;
  return isScreen && cached ? cached : fetch(request).catch(() => cached ?? Response.error());
}
