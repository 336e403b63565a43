import fc from "fast-check";
import { expect, test } from "vitest";
import type { Examples } from "../../src/data/data.ts";
import { holdOutValidation, view } from "../../src/data/validation.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { Key } from "../../src/tensor/random.ts";

/** Examples that hold their own index. */
const numbered = (length: number): Examples => ({
  length,
  fields: { index: { shape: [], dtype: "int32" } },
  batch: (indices) => ({ index: ndarray(Int32Array.from(indices)) }),
});
const all = async (examples: Examples): Promise<number[]> => {
  const { index } = await examples.batch(Array.from({ length: examples.length }, (_, i) => i));
  return [...(index!.data as Int32Array)];
};

test("every example is on one side, ⌊share · n⌋ held out, and the rest keeps its order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 200 }),
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      fc.nat(),
      async (n, share, seed) => {
        const { train, validation } = holdOutValidation(numbered(n), share, Key.seed(seed));
        const [kept, held] = [await all(train), await all(validation)];
        expect(held).toHaveLength(Math.max(1, Math.floor(share * n)));
        expect(kept).toEqual([...kept].sort((a, b) => a - b));
        expect([...kept, ...held].sort((a, b) => a - b)).toEqual(await all(numbered(n)));
      },
    ),
  );
});

test("the key decides, and the same key always alike", async () => {
  const held = async (seed: number) => all(holdOutValidation(numbered(1000), 0.1, Key.seed(seed)).validation);
  expect(await held(1)).toEqual(await held(1));
  expect(await held(1)).not.toEqual(await held(2));
  // Drawn from everywhere, and not from one end: 100 of 1000, about 50 in each half (σ = 4.7).
  const low = (await held(1)).filter((i) => i < 500).length;
  expect(Math.abs(low - 50)).toBeLessThan(19);
});

test("what cannot be held out is refused", async () => {
  for (const share of [0, 1, -0.1, 1.5, Number.NaN])
    expect(() => holdOutValidation(numbered(9), share, Key.seed(0))).toThrow(`a share of ${share} cannot`);
  expect(() => holdOutValidation(numbered(1), 0.5, Key.seed(0))).toThrow("at least 2 are needed");
  expect(() => view(numbered(9), [3, 4]).batch([2])).toThrow("there is no example 2; there are 2");
});
