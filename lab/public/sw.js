/*
 * A second visit needs no network. What has a hash in its name never changes, and comes from the cache at once; the rest comes from
 * the network, and from the cache where there is none. Runs (api/) are never kept here, and data sets (mnist/) are kept by what reads them, which
 * stops where it has enough.
 */
const CACHE = "galatea-lab";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin || /\/(api|mnist)\//.test(url.pathname)) return;
  event.respondWith(url.pathname.includes("/assets/") ? cacheFirst(event.request) : networkFirst(event.request));
});

async function cacheFirst(request) {
  return (await caches.match(request)) ?? fetchAndKeep(request);
}

async function networkFirst(request) {
  try {
    return await fetchAndKeep(request);
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

async function fetchAndKeep(request) {
  const response = await fetch(request);
  if (response.status === 200) {
    const cache = await caches.open(CACHE);
    await cache.put(request, response.clone());
  }
  return response;
}
