import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pairData } from "../../src/data/text.ts";
import { view } from "../../src/data/validation.ts";
import { paddedLengths } from "../../src/sequence/buckets.ts";
import { PADDING } from "../../src/sequence/examples.ts";
import { endOf, pairExamples, pairSets } from "../../src/sequence/pairs.ts";
import { hostPermutation, Key } from "../../src/tensor/random.ts";

const data = pairData(
  "pairs:p",
  Array.from(
    { length: 200 },
    (_, i) => `${"ab".repeat(1 + (i % 7))}\t${"x".repeat(1 + ((i * 3) % 11))}`,
  ).join("\n"),
);

describe("lengths to pad to", () => {
  const cost = (lengths: readonly number[], to: readonly number[]): number =>
    lengths.reduce((sum, length) => sum + to.find((edge) => edge >= length)!, 0);
  test("two of them are the best two, by trying all", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(lengths, (all) => {
        const most = Math.max(...all);
        const best = Math.min(...Array.from({ length: most }, (_, i) => cost(all, [i + 1, most])));
        const found = paddedLengths(all, 2);
        expect(found.length).toBeLessThanOrEqual(2);
        expect(cost(all, found)).toBe(best);
      }),
    );
  });
  test("as many as there are pad nothing", () => {
    expect(paddedLengths([3, 1, 3, 7], 8)).toEqual([1, 3, 7]);
    expect(paddedLengths([], 3)).toEqual([]);
  });
});

describe("pairs as examples", () => {
  const examples = pairExamples(data.train, endOf(data));
  test("targets begin and end with the end, and padding is behind", async () => {
    const { source, target } = await examples.batch([0, 6]);
    expect(source!.shape).toEqual([2, 14]);
    expect(Array.from(source!.data, Number).slice(0, 14)).toEqual([
      0,
      1,
      ...Array.from({ length: 12 }, () => PADDING),
    ]);
    expect(Array.from(target!.data, Number).slice(0, 4)).toEqual([1, 0, 1, PADDING]);
  });
  test("an epoch in batches of like lengths has every pair once, and few shapes", async () => {
    const order = hostPermutation(Key.seed(1), examples.length);
    const arranged = examples.arrange!(order, 8);
    expect(Array.from(arranged).sort((a, b) => a - b)).toEqual(Array.from(order).sort((a, b) => a - b));
    const shapes = new Set<string>();
    let padding = 0;
    for (let at = 0; at + 8 <= arranged.length; at += 8) {
      const { source, target } = await examples.batch(arranged.subarray(at, at + 8));
      shapes.add([...source!.shape, ...target!.shape].join());
      padding += [...source!.data, ...target!.data].filter((token) => Number(token) === PADDING).length;
    }
    expect(shapes.size).toBeLessThanOrEqual(16);
    const { source, target } = await examples.batch(order);
    const all = [...source!.data, ...target!.data].filter((token) => Number(token) === PADDING).length;
    expect(padding).toBeLessThan(all / 2);
    // A part of them is arranged by itself.
    const part = view(examples, [3, 50, 9, 20]);
    expect(Array.from(part.arrange!(Int32Array.of(2, 0, 3, 1), 2)).sort((a, b) => a - b)).toEqual([
      0, 1, 2, 3,
    ]);
  });
  test("a pair that is too long is named", () => {
    expect(() => pairSets(data, 8)).toThrow(
      '"pairs:p": the target of pair 4 (train) has 10 tokens and its end, more than the model\'s context of 8: "xxxxxxxxxx". Give a larger option `context`',
    );
  });
});
