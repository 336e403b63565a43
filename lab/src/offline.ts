/** A second visit without a network: public/sw.js answers from what is kept here. */
const CACHE = "galatea-lab";

/** Keep what was fetched before the service worker saw it. */
export async function keep(addresses: readonly string[]): Promise<void> {
  if (!("caches" in globalThis)) return; // not a secure page: there is no service worker either
  const cache = await caches.open(CACHE);
  const own = addresses.filter((address) => {
    const { origin, pathname } = new URL(address, location.href);
    return origin === location.origin && !/\/(api|mnist)\//.test(pathname);
  });
  // What cannot be kept is fetched again another time.
  await Promise.all(
    own.map(async (address) => (await cache.match(address)) ?? cache.add(address).catch(() => {})),
  );
}

/** What this thread has fetched so far. */
export const fetched = (): string[] => performance.getEntriesByType("resource").map(({ name }) => name);

export function startOffline(): void {
  if (!("serviceWorker" in navigator)) return;
  void navigator.serviceWorker
    .register("sw.js")
    .then(() => keep([location.href.replace(/#.*/, ""), ...fetched()]));
}
