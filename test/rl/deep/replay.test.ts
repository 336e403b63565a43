import { expect, test } from "vitest";
import { featuresOf } from "../../../src/rl/deep/features.ts";
import { pack, unpack } from "../../../src/rl/deep/parts.ts";
import { Replay, type ReplayOptions } from "../../../src/rl/deep/replay.ts";
import { SumTree } from "../../../src/rl/deep/sum-tree.ts";
import type { Transitions } from "../../../src/rl/deep/world.ts";
import { fastRandom } from "../../../src/rl/random.ts";
import { Box, Dict, Discrete, MultiDiscrete } from "../../../src/rl/spaces.ts";

const features = featuresOf(new Box(-99, 99, [1]));
const replayOf = (options: Partial<ReplayOptions> = {}): Replay =>
  new Replay({ capacity: 8, envs: 1, features, actionWidth: 1, gamma: 0.5, ...options });

/** A step of one environment from state s to s + 1. */
const step = (
  s: number,
  reward: number,
  how: { terminated?: 1; truncated?: 1; valid?: 0 } = {},
): Transitions => ({
  observations: Float32Array.of(s),
  actions: Int32Array.of(s),
  rewards: Float64Array.of(reward),
  next: Float32Array.of(s + 1),
  terminated: Uint8Array.of(how.terminated ?? 0),
  truncated: Uint8Array.of(how.truncated ?? 0),
  valid: Uint8Array.of(how.valid ?? 1),
  masks: undefined,
  nextMasks: undefined,
});

/** Every row as [s, R, γᵏ, s′], by s. */
function rows(replay: Replay): number[][] {
  const found = new Map<number, number[]>();
  const rng = fastRandom(0);
  for (let i = 0; i < 40; i++) {
    const { observations, rewards, discounts, next } = replay.sample(8, rng);
    for (let b = 0; b < 8; b++)
      found.set(observations[b]!, [observations[b]!, rewards[b]!, discounts[b]!, next[b]!]);
  }
  return [...found.values()].sort((a, b) => a[0]! - b[0]!);
}

test("one step: the end has discount 0, a cut bootstraps from the last observation, resets are no rows", () => {
  const replay = replayOf();
  replay.add(step(0, 1));
  replay.add(step(1, 2, { truncated: 1 }));
  replay.add(step(50, 0, { valid: 0 }));
  replay.add(step(10, 3, { terminated: 1 }));
  replay.add(step(20, 4, { terminated: 1, truncated: 1 }));
  expect(rows(replay)).toEqual([
    [0, 1, 0.5, 1],
    [1, 2, 0.5, 2],
    [10, 3, 0, 11],
    [20, 4, 0, 21],
  ]);
});

test.each([
  ["truncated", 0.125, 0.25, 0.5],
  ["terminated", 0, 0, 0],
] as const)("three steps, %s: the last states have shorter sums and their own γᵏ", (end, three, two, one) => {
  const replay = replayOf({ n: 3 });
  for (const [s, reward] of [1, 2, 4, 8].entries()) replay.add(step(s, reward, s === 3 ? { [end]: 1 } : {}));
  // The next episode's window begins empty.
  for (const s of [20, 21, 22]) replay.add(step(s, 1));
  expect(rows(replay)).toEqual([
    [0, 1 + 1 + 1, 0.125, 3],
    [1, 2 + 2 + 2, three, 4],
    [2, 4 + 4, two, 4],
    [3, 8, one, 4],
    [20, 1.75, 0.125, 23],
  ]);
});

test("a full ring forgets the oldest; whole rows are kept, so its head cuts nothing", () => {
  const replay = replayOf({ capacity: 3, n: 2 });
  for (let s = 0; s < 7; s++) replay.add(step(s, 1));
  expect(replay.size).toBe(3);
  expect(rows(replay)).toEqual([
    [3, 1.5, 0.25, 5],
    [4, 1.5, 0.25, 6],
    [5, 1.5, 0.25, 7],
  ]);
});

test("priorities: chosen in proportion, weighed by (N P)^−β over the largest", () => {
  const replay = replayOf({ alpha: 1 });
  for (let s = 0; s < 4; s++) replay.add(step(s, s));
  replay.setPriorities(Int32Array.of(0, 1, 2, 3), [1, 2, 3, 4]);
  const counts = new Float64Array(4);
  const rng = fastRandom(1);
  for (let i = 0; i < 2000; i++) {
    const { slots, weights } = replay.sample(4, rng, 1);
    for (const slot of slots) counts[slot]!++;
    const smallest = Math.min(...slots);
    for (const [b, slot] of slots.entries()) expect(weights[b]).toBeCloseTo((smallest + 1) / (slot + 1), 4);
  }
  for (let s = 0; s < 4; s++) expect(counts[s]! / 8000).toBeCloseTo((s + 1) / 10, 1.5);
});

test("saved and loaded in the middle of windows, it gives the same batches", () => {
  const options = { n: 3, alpha: 0.6 };
  const replay = replayOf(options);
  for (let s = 0; s < 11; s++) replay.add(step(s, s, s === 5 ? { truncated: 1 } : {}));
  replay.setPriorities(Int32Array.of(1, 2), [5, 0.1]);
  const packed = pack(replay.save());
  const copy = replayOf(options);
  copy.load(unpack({ ...packed, plain: JSON.parse(JSON.stringify(packed.plain)) as unknown }));
  for (const each of [replay, copy]) for (let s = 11; s < 14; s++) each.add(step(s, s));
  expect(copy.sample(6, fastRandom(3), 0.5)).toEqual(replay.sample(6, fastRandom(3), 0.5));
});

test("a sum tree finds shares, and never a zero", () => {
  const tree = new SumTree(5);
  for (const [i, x] of [1, 0, 2, 0, 3].entries()) tree.set(i, x);
  expect(tree.total).toBe(6);
  expect([0, 0.99, 1, 2.9, 3, 5.99, 6].map((share) => tree.find(share))).toEqual([0, 0, 2, 2, 4, 4, 4]);
  tree.set(4, 0);
  expect(tree.find(3)).toBe(2);
});

test("trees of arrays and numbers survive as JSON and tensors", () => {
  const tree = {
    a: Float64Array.of(0.1, NaN),
    b: [1, { c: Int8Array.of(-3), d: Number.NEGATIVE_INFINITY }],
    e: -0,
    f: "text",
    g: Float32Array.of(),
  };
  const { tensors, plain } = pack(tree);
  expect(unpack({ tensors, plain: JSON.parse(JSON.stringify(plain)) as unknown })).toEqual(tree);
});

test("features: one-hot for whole numbers, numbers as they are, parts by their keys", () => {
  const space = new Dict({ b: new Box(-1, 1, [2]), a: new Discrete(3, 1), c: new MultiDiscrete([2, 2]) });
  const { size, write } = featuresOf(space);
  const out = new Float32Array(2 * size);
  write(Float32Array.of(0, 0, 0, 0, 0, 2, 0.5, -0.5, 1, 0), 1, out, 1);
  expect([...out.subarray(size)]).toEqual([0, 1, 0, 0.5, -0.5, 0, 1, 1, 0]);
});
