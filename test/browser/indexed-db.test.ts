import { expect, test } from "vitest";
import { IndexedDbStore } from "../../src/train/indexed-db.ts";
import { openPage } from "./harness.ts";

test("checkpoints in IndexedDB: whole, the newest and the best, one history, forgotten on demand", async () => {
  const page = await openPage({ entry: "indexed-db-tasks.ts" });
  const found = await page.call("keeps");
  const refused = await page.call("refused", 0);
  await page.close();
  expect(found).toEqual({
    empty: true,
    where: "IndexedDB galatea/a, step 9",
    late:
      "IndexedDB galatea/a has a checkpoint of step 1000, and one of step 500 was to be saved: continue from the newest " +
      "(`from: await readCheckpoint(store)`), call `forget(500)`, or open a store of another name",
    // Two are kept, and the best.
    steps: [9, 100, 1000],
    best: 9,
    newest: {
      step: 1000,
      seed: 7,
      seconds: 100,
      tensors: [
        ["weights", ["w", "float32", [2], [1000, 0.5]]],
        ["optimizer", ["n", "int32", [1], [1000]]],
      ],
      progress: { position: { epoch: 1, index: 1000 } },
    },
    bytes: 8,
    missing: "IndexedDB galatea/a has no checkpoint of step 3",
    afterwards: [[9, 100], 9],
    forgotten: [[], undefined],
    other: [5],
  });
  expect(refused).toBe("keep is 0: the number of checkpoints to keep is a whole number above 0");
});

test("where there is no IndexedDB, a sentence says so", async () => {
  await expect(IndexedDbStore.open("a")).rejects.toThrow("there is no IndexedDB here: browsers have it");
});
