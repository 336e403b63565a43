/** What the page of IndexedDB's test can be asked to do. Everything here runs in the browser. */
import { ndarray } from "../../src/tensor/ndarray.ts";
import type { Checkpoint } from "../../src/train/checkpoint.ts";
import { IndexedDbStore } from "../../src/train/indexed-db.ts";
import { readCheckpoint } from "../../src/train/run.ts";

/** Its tensors lie in memory that threads share, and in the middle of more. */
const checkpoint = (step: number): Checkpoint => {
  const shared = new Float32Array(new SharedArrayBuffer(4 * 100), 40, 2);
  shared.set([step, 0.5]);
  return {
    step,
    seed: 7,
    seconds: step / 10,
    tensors: { weights: { w: ndarray(shared, [2]) }, optimizer: { n: ndarray(Int32Array.of(step)) } },
    progress: { position: { epoch: 1, index: step } },
  };
};

export const tasks = {
  async keeps(): Promise<unknown> {
    const store = await IndexedDbStore.open("a", { keep: 2 });
    const other = await IndexedDbStore.open("b");
    const empty = await readCheckpoint(store);
    const where = await store.save(checkpoint(9));
    await store.markBest(9, { loss: 0.25 });
    for (const step of [10, 100, 1000]) await store.save(checkpoint(step));
    // The same step again, as a run saves it that was stopped where it had just saved.
    await store.save(checkpoint(1000));
    await other.save(checkpoint(5));
    const late = await store.save(checkpoint(500)).catch((error: Error) => error.message);
    store.close();
    const again = await IndexedDbStore.open("a", { keep: 2 });
    const newest = (await readCheckpoint(again))!;
    const bytes = newest.tensors.weights.w!.data.buffer.byteLength;
    const found = {
      empty: empty === undefined,
      where,
      late,
      steps: await again.checkpointSteps(),
      best: await again.bestStep(),
      newest: {
        ...newest,
        tensors: Object.entries(newest.tensors).map(([group, dict]) => [
          group,
          ...Object.entries(dict).map(([name, a]) => [
            name,
            a.dtype,
            [...a.shape],
            Array.from(a.data, Number),
          ]),
        ]),
      },
      bytes,
      missing: await again.checkpointAt(3).catch((error: Error) => error.message),
    };
    await again.forget(100);
    const afterwards = [await again.checkpointSteps(), await again.bestStep()];
    await again.forget();
    return {
      ...found,
      afterwards,
      forgotten: [await again.checkpointSteps(), await again.bestStep()],
      other: await other.checkpointSteps(),
    };
  },

  async refused(keep: number): Promise<string> {
    return IndexedDbStore.open("a", { keep }).then(
      () => "opened",
      (error: Error) => error.message,
    );
  },
};
