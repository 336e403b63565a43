import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import type { Communicator } from "./communicator.ts";

/** Milliseconds that a network file system may take to show what another machine has written. */
const PATIENCE = 5000;

const unshared = (rank: number, path: string, where: string): UserError =>
  new UserError(
    `rank ${rank}${where} does not see ${path} as rank 0 does: the run's folder must lie on storage that all ranks share, under the same path (option \`out\`)`,
  );

/** @throws UserError unless every rank sees the lock that rank 0 has put into the run's folder. */
export async function requireShared(ranks: Communicator, path: string): Promise<void> {
  if (ranks.size === 1) return;
  const file = join(path, "lock.json");
  const text = await ranks.broadcast(ranks.rank === 0 ? await readFile(file, "utf8") : "");
  const sees = async (): Promise<boolean> => (await readFile(file, "utf8").catch(() => "")) === text;
  let seen = await sees();
  for (let waited = 0; !seen && waited < PATIENCE; waited += 100) {
    await new Promise((later) => setTimeout(later, 100));
    seen = await sees();
  }
  await requireAll(ranks, seen, path);
}

/** What every rank opens by itself. @throws UserError where rank 0 could and another could not. */
export async function openedByAll<R>(ranks: Communicator, path: string, open: () => Promise<R>): Promise<R> {
  if (ranks.size === 1) return open();
  const opened = await open().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const [here] = await ranks.gather([+("value" in opened)]);
  if (here![0] === 1) await requireAll(ranks, "value" in opened, path);
  if ("error" in opened) throw opened.error;
  return opened.value;
}

async function requireAll(ranks: Communicator, here: boolean, path: string): Promise<void> {
  const blind = (await ranks.gather([+here])).findIndex(([there]) => there === 0);
  if (blind >= 0) throw unshared(blind, path, blind === ranks.rank ? ` on ${hostname()}` : "");
}
