/**
 * Keeps static files, whose addresses carry their fingerprint, and one page for when there is no network. Pages with
 * business data are never kept: this device may be somebody else's tomorrow. The server puts version and files in.
 */
const KEPT = "static-";
const NAME = KEPT + "VERSION";
const FILES = ["FILES"];
const OFFLINE = "/offline";

self.addEventListener("install", (event) => {
  // Without the cookie: what is kept is of nobody.
  const asked = FILES.map((address) => new Request(address, { credentials: "omit" }));
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(asked)));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

// The page asks for it when the person agrees: a new version in the middle of a sale would be a surprise.
self.addEventListener("message", (event) => {
  if (event.data === "take-over") self.skipWaiting();
});

/** @param {Request} request */
async function fromCache(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    const cache = await caches.open(NAME);
    await cache.put(request, answer.clone());
  }
  return answer;
}

/** @param {Request} request */
async function fromNetwork(request) {
  try {
    return await fetch(request);
  } catch (problem) {
    const page = await caches.match(OFFLINE, { ignoreVary: true });
    if (page) return page;
    throw problem;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/") && url.searchParams.has("v")) event.respondWith(fromCache(request));
  else if (request.mode === "navigate") event.respondWith(fromNetwork(request));
});
