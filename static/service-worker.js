// Keeps the logging screen on the phone, so that it opens without a network from the second visit on.
//
// The server puts two lines before this text: VERSION, which changes with any file of the shell, and SHELL, the files'
// addresses. There is one cache per version, filled whole or not at all, and /log and its files are answered from it:
// if the page came from the network and its scripts from the cache, they could be of different versions. Updates
// therefore come by the worker itself, which the browser asks for at every visit.
//
// Other pages get a page about the missing network when there is none. Everything else passes the worker by, POST above
// all: in some browsers a worker that forwards one sends an empty body.

const CACHE = `shell-${VERSION}`;
const FILES = new Set(SHELL);
const SCREEN = "/log";
const OFFLINE = "/offline";
const HANDOVERS = 2;
let handovers = 0;

// Shown while a new worker takes over, which takes as long as the phone is slow: asked again only once it has.
const HANDOVER = `<!doctype html><script>
  const again = () => location.reload();
  navigator.serviceWorker.addEventListener("controllerchange", again);
  navigator.serviceWorker.getRegistration().then((registration) => registration?.waiting || again());
  setTimeout(again, 15_000);
</script>`;

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(sweep()));
// Not clients.claim(): a page that was loaded from the network stays with it until it is opened again.

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === SCREEN) event.respondWith(screen(request));
    // Without a network the front page leads to the logging screen.
    else if (url.pathname === "/") event.respondWith(fetch(request).catch(() => Response.redirect(SCREEN)));
    // Opened from the home screen, the browser's own error page has no way back.
    else if (FILES.has(OFFLINE)) event.respondWith(fetch(request).catch(() => stored(OFFLINE)));
  } else if (FILES.has(url.pathname + url.search)) event.respondWith(file(event));
});

async function fill() {
  const cache = await caches.open(CACHE);
  await Promise.all(
    SHELL.map(async (address) => {
      // A captive portal answers with its own page or a redirect: fail, and be tried again at the next visit.
      const response = await fetch(address, { cache: "reload", redirect: "error", credentials: "same-origin" });
      const isPage = (response.headers.get("Content-Type") ?? "").startsWith("text/html");
      if (response.status !== 200 || isPage === address.includes(".")) throw new TypeError(`not ours: ${address}`);
      await cache.put(address, response);
    }),
  );
  // If the server's version changed meanwhile, the files may be of both.
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
  if (await handOver()) return new Response(HANDOVER, { headers: { "Content-Type": "text/html" } });
  return (await stored(SCREEN)) ?? fetch(request);
}

// A new worker waits until every page of the old one is closed, which on a phone may never happen. So it takes over
// when the screen is opened or reloaded and at most one is open already: this one, or one that most likely has loaded
// its scripts.
async function handOver() {
  const { waiting } = self.registration;
  if (!waiting || handovers >= HANDOVERS) return false;
  const open = await self.clients.matchAll({ type: "window" });
  if (open.filter(({ url }) => new URL(url).pathname === SCREEN).length > 1) return false;
  handovers += 1;
  waiting.postMessage("take over");
  return true;
}

// Other pages come from the network, and so must their scripts: from the cache only when there is no network.
async function file({ request, clientId }) {
  const client = clientId && (await self.clients.get(clientId));
  const { pathname, search } = new URL(request.url);
  const cached = await stored(pathname + search);
  const isScreen = !client || new URL(client.url).pathname === SCREEN;
  return isScreen && cached ? cached : fetch(request).catch(() => cached ?? Response.error());
}
