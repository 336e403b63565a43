import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fullTrajectory, trajectory, visiting } from "../../../src/generative/diffusion/index.ts";

const times = (options: Parameters<typeof trajectory>[0]): number[] =>
  trajectory(options)
    .steps.map((s) => s.t)
    .toReversed();

test("the official code's subsequences", () => {
  const official = { T: 1000, convention: "official" } as const;
  const ten = [0, 9, 39, 88, 158, 246, 355, 483, 632, 800];
  expect(times({ ...official, S: 10, spacing: "quadratic" })).toEqual(ten);
  expect(times({ ...official, S: 100, spacing: "quadratic" })).toHaveLength(96);
  expect(times({ ...official, S: 300 })).toHaveLength(334);
  expect(times({ ...official, S: 10 })).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
  expect(times({ ...official, S: 1, spacing: "quadratic" })).toEqual([0]);
});

test("the official quadratic subsequence is numpy's, to the last bit, for every S at T = 1000", () => {
  const file = new URL("../../goldens/subsequences.json", import.meta.url);
  const golden = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  expect(Object.keys(golden)).toHaveLength(999);
  const different = Object.keys(golden).filter((S) => {
    const found = times({ T: 1000, S: Number(S), spacing: "quadratic", convention: "official" }).join(",");
    return createHash("sha256").update(found).digest("hex").slice(0, 8) !== golden[S];
  });
  expect(different).toEqual([]);
});

test("the paper's: ⌊c·i⌋ and ⌊c·i²⌋ of 1 … T, ending at T", () => {
  expect(times({ T: 1000, S: 10 })).toEqual([99, 199, 299, 399, 499, 599, 699, 799, 899, 999]);
  expect(times({ T: 1000, S: 3 })).toEqual([332, 665, 999]);
  expect(times({ T: 1000, S: 10, spacing: "quadratic" })).toEqual([
    9, 39, 89, 159, 249, 359, 489, 639, 809, 999,
  ]);
});

test("every trajectory falls strictly, its pairs join, and it ends at the image", () => {
  const options = fc.integer({ min: 1, max: 300 }).chain((T) =>
    fc.record({
      T: fc.constant(T),
      S: fc.integer({ min: 1, max: T }),
      spacing: fc.constantFrom("linear" as const, "quadratic" as const),
      convention: fc.constantFrom("paper" as const, "official" as const),
    }),
  );
  fc.assert(
    fc.property(options, (o) => {
      const { steps } = trajectory(o);
      expect(steps.at(-1)!.prev).toBe(-1);
      expect(steps[0]!.t).toBeLessThan(o.T);
      if (o.convention === "paper") expect(steps[0]!.t).toBe(o.T - 1);
      for (const [i, { t, prev }] of steps.entries()) {
        expect(prev).toBeLessThan(t);
        expect(prev).toBe(steps[i + 1]?.t ?? -1);
      }
    }),
  );
});

test("the full chain is S = T in either convention", () => {
  const full = fullTrajectory(20).steps;
  expect(full[0]).toEqual({ t: 19, prev: 18 });
  expect(full).toHaveLength(20);
  for (const convention of ["paper", "official"] as const)
    expect(trajectory({ T: 20, S: 20, convention }).steps).toEqual(full);
});

test("a trajectory says which steps run", () => {
  expect(trajectory({ T: 1000, S: 100, spacing: "quadratic", convention: "official" }).description).toBe(
    "quadratic, as in the official DDIM code, S = 100: 96 steps at t = 800, 783, 768, 752, 736, 721, …, 5, 3, 2, 1, 0",
  );
  expect(visiting([5, 0, 5]).description).toBe("chosen steps: 2 steps at t = 5, 0");
});

test("what cannot be is refused", () => {
  expect(() => trajectory({ T: 100, S: 101 })).toThrow("101 sampling steps were asked for, but the noise schedule has 100: ask for 100 or fewer"); // biome-ignore format: a sentence
  expect(() => trajectory({ T: 100, S: 0 })).toThrow("1 or more, not 0");
  expect(() => trajectory({ T: 100, S: 2.5 })).toThrow("a whole number of steps");
  expect(() => trajectory({ T: 100, S: 10, spacing: "quadratc" as "linear" })).toThrow(
    'Did you mean "quadratic"?',
  );
  expect(() => visiting([])).toThrow(
    "needs at least one time, and times are whole numbers from 0; it was given none",
  );
  expect(() => visiting([3, -1])).toThrow("it was given -1");
});
