import type { Communicator } from "../../src/train/parallel/communicator.ts";

/** Ranks in one process, for tests: each call of a rank waits until all have made it. */
export function ranksOf(size: number): Communicator[] {
  let waiting: { value: unknown; done: (all: unknown[]) => void }[] = [];
  const meet = (rank: number, value: unknown): Promise<unknown[]> =>
    new Promise((done) => {
      waiting[rank] = { value, done };
      if (Object.keys(waiting).length < size) return;
      const all = waiting;
      waiting = [];
      const values = all.map((one) => one.value);
      for (const one of all) one.done(values);
    });
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    waited: 0,
    sum: async (values) => {
      const all = (await meet(rank, values.slice())) as Float32Array[];
      values.forEach((_, i) => {
        values[i] = all.reduce((sum, one) => Math.fround(sum + one[i]!), 0);
      });
    },
    gather: async (values) => (await meet(rank, [...values])) as number[][],
    broadcast: async (text) => (await meet(rank, text))[0] as string,
    barrier: async () => void (await meet(rank, 0)),
    remark: () => undefined,
  }));
}
