import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { Lab } from "./lab-pages.ts";

/**
 * A second visit, with the network off, to pages that were visited before; what each fetched was kept in the background.
 * @param use what is done with a page, to its end
 */
export async function visitOffline(
  { browser, url }: Lab,
  pages: Readonly<Record<string, (page: Page) => Promise<unknown>>>,
  kept: readonly RegExp[],
): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const visitAll = async (): Promise<void> => {
    for (const [address, use] of Object.entries(pages)) {
      await page.evaluate((hash) => (location.hash = hash), `#/${address}`);
      await use(page);
    }
  };
  await page.goto(url);
  await visitAll();
  const found = () =>
    page.evaluate(async () => {
      const all = await Promise.all(
        (await caches.keys()).map(async (name) => (await caches.open(name)).keys()),
      );
      return all.flat().map(({ url: address }) => address);
    });
  await expect
    .poll(found, { timeout: 60_000 })
    .toEqual(expect.arrayContaining(kept.map((of) => expect.stringMatching(of))));
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await context.setOffline(true);
  await page.reload();
  await visitAll();
  await context.close();
}
