import { describe, expect, it } from "vitest";
import {
  fastRandom,
  Generator,
  npRandom,
  Pcg64,
  type Pcg64State,
  SeedSequence,
} from "../../src/rl/random.ts";
import { golden } from "./golden.ts";

const times = <T>(n: number, f: () => T): T[] => Array.from({ length: n }, f);

describe("NumPy's random numbers", () => {
  for (const [seed, want] of Object.entries(golden.draws)) {
    it(`gives every method's numbers for seed ${seed}`, () => {
      const g = npRandom(Number(seed));
      expect(times(5, () => g.random())).toEqual(want.random);
      expect(times(9, () => g.integers(10))).toEqual(want.integers10);
      expect(times(5, () => g.integers(3_000_000_000))).toEqual(want.integersLarge);
      expect(times(5, () => g.integers(2 ** 40))).toEqual(want.integers2e40);
      expect(times(3, () => g.integers(2 ** 32))).toEqual(want.integers2e32);
      expect(times(8, () => g.integers(-5, 7))).toEqual(want.integersRange);
      expect(times(4, () => g.uniform(-2, 3))).toEqual(want.uniform);
      expect(times(8, () => g.normal(1, 2))).toEqual(want.normal);
      expect(times(8, () => g.exponential(2))).toEqual(want.exponential);
      expect(times(12, () => g.poisson(3))).toEqual(want.poisson);
      expect(times(12, () => g.poisson(50))).toEqual(want.poissonLarge);
      expect(times(8, () => g.choice([4, 8, 15, 16, 23, 42]))).toEqual(want.choice);
      expect(times(8, () => g.categorical([0.1, 0.2, 0.3, 0.4]))).toEqual(want.choiceP);
      expect(g.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])).toEqual(want.shuffle);
      expect([...g.permutation(9)]).toEqual(want.permutation);
      expect(g.sampleWithoutReplacement(30, 10)).toEqual(want.withoutReplacement);
      expect(g.sampleWithoutReplacement(20000, 500).slice(0, 20)).toEqual(want.withoutReplacementLarge);
      expect([...g.bytes(1, 11)]).toEqual(want.int8);
      expect([...g.bytes(6, 11)]).toEqual(want.int8of7);
      // Nothing was drawn too much or too little on the way.
      expect(g.random()).toBe(want.last);
      const gamma = [0.3, 0.9, 1, 1.5, 20].flatMap((shape) => times(4, () => g.gamma(shape, 2)));
      const near = (found: number[], wanted: number[]) =>
        wanted.forEach((x, i) => {
          expect(found[i]! / x).toBeCloseTo(1, 13);
        });
      near(gamma, want.gamma);
      near(g.dirichlet(0.3, 5), want.dirichlet);
    });
  }

  it("agrees over many normal and exponential draws, wedges and tails included", () => {
    const g = npRandom(1);
    let normal = 0;
    let exponential = 0;
    for (let i = 0; i < 200_000; i++) normal += Math.floor(g.normal() * 2 ** 20);
    for (let i = 0; i < 200_000; i++) exponential += Math.floor(g.exponential() * 2 ** 20);
    expect({ normal, exponential, last: g.random() }).toEqual(golden.sums);
  });

  it("mixes seeds as SeedSequence does: spawned, from a list, wider than the pool", () => {
    expect([...new SeedSequence(12345, [3]).generateState(6)]).toEqual(golden.seedSequence.spawned);
    expect([...new SeedSequence(12345).spawn(4)[3]!.generateState(6)]).toEqual(golden.seedSequence.spawned);
    expect([...new SeedSequence([1, 2 ** 35, 3]).generateState(4)]).toEqual(golden.seedSequence.list);
    expect([...new SeedSequence(2n ** 130n + 5n).generateState(4)]).toEqual(golden.seedSequence.big);
  });

  it("spawns children that differ, and goes on counting", () => {
    const parent = new SeedSequence(1);
    const first = parent.spawn(2).map((s) => new Generator(new Pcg64(s)).random());
    const later = parent.spawn(1).map((s) => new Generator(new Pcg64(s)).random());
    expect(new Set([...first, ...later]).size).toBe(3);
  });

  it("clones: both go on with the same numbers, apart from each other", () => {
    for (const g of [npRandom(3), fastRandom(3)]) {
      g.integers(10);
      const copy = g.clone();
      const ahead = times(4, () => g.integers(1000));
      expect(times(4, () => copy.integers(1000))).toEqual(ahead);
    }
  });

  it("goes on from NumPy's own states, half a 64-bit draw in hand or not", () => {
    for (const { state, after } of [golden.saved.odd, golden.saved.even]) {
      const g = Generator.from(state);
      expect(g.state()).toEqual(state);
      expect(times(5, () => g.integers(1000))).toEqual(after.integers);
      expect(times(3, () => g.random())).toEqual(after.random);
      expect(times(3, () => g.normal())).toEqual(after.normal);
    }
    expect([golden.saved.odd.state.hasUint32, golden.saved.even.state.hasUint32]).toEqual([1, 0]);
  });

  it("is saved as JSON and restored in place, at any point", () => {
    for (const g of [npRandom(3), fastRandom(3)]) {
      for (let used = 0; used < 5; used++) {
        const saved = JSON.parse(JSON.stringify(g.state())) as ReturnType<typeof g.state>;
        const ahead = times(4, () => [g.integers(1000), g.normal(), g.integers(2 ** 40)]);
        const other = Generator.from(saved);
        expect(times(4, () => [other.integers(1000), other.normal(), other.integers(2 ** 40)])).toEqual(
          ahead,
        );
        g.restore(saved);
        expect(times(4, () => [g.integers(1000), g.normal(), g.integers(2 ** 40)])).toEqual(ahead);
        g.integers(7);
      }
    }
  });

  it("refuses what is no state, or another generator's", () => {
    const state = npRandom(0).state() as Pcg64State;
    expect(() => npRandom(0).restore(fastRandom(0).state())).toThrow(
      "the state of a xoshiro128** generator does not fit a PCG64 generator: make one with Generator.from(state)",
    );
    expect(() => fastRandom(0).restore(state)).toThrow(
      "the state of a PCG64 generator does not fit a xoshiro",
    );
    for (const wrong of [
      { ...state, state: { state: "-1", inc: "1" } },
      { ...state, state: { state: String(2n ** 128n), inc: "1" } },
      { ...state, hasUint32: 2 },
      { ...state, uinteger: 2 ** 32 },
      undefined,
    ])
      expect(() => Generator.from(wrong as Pcg64State)).toThrow("not the state of a PCG64 generator");
    expect(() => Generator.from({ bitGenerator: "xoshiro128**", words: [0, 0, 0, 0] })).toThrow(
      "not the state of a xoshiro128** generator",
    );
  });

  it("refuses what is no seed, no range, no distribution", () => {
    expect(() => npRandom(-1)).toThrow("a seed is a whole number ≥ 0");
    expect(() => npRandom(0.5)).toThrow("a seed is a whole number ≥ 0");
    const g = npRandom(0);
    expect(() => g.integers(0)).toThrow("integers(0): low must be below high");
    expect(() => g.integers(3, 2)).toThrow("integers(3, 2): low must be below high");
    expect(() => g.categorical([0.5, 0.4])).toThrow("sum to 0.9");
    expect(() => g.choice([])).toThrow("nothing to choose from");
    expect(() => g.poisson(-1)).toThrow("the mean must be ≥ 0");
    expect(() => g.sampleWithoutReplacement(3, 4)).toThrow("cannot draw 4 different numbers from 3");
  });
});

describe("the fast generator", () => {
  it("is reproducible, uniform and normal", () => {
    const g = fastRandom(5);
    expect(times(3, () => fastRandom(5).random())).toEqual(times(3, () => fastRandom(5).random()));
    const n = 100_000;
    let [sum, squares, mean, variance] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const u = g.random();
      sum += u;
      squares += u * u;
      const x = g.normal();
      mean += x / n;
      variance += (x * x) / n;
    }
    // five standard errors
    expect(Math.abs(sum / n - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(squares / n - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / n));
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
  });

  it("gives other numbers for other seeds, and fresh ones without a seed", () => {
    expect(fastRandom(1).random()).not.toBe(fastRandom(2).random());
    expect(fastRandom().random()).not.toBe(fastRandom().random());
    expect(npRandom().random()).not.toBe(npRandom().random());
  });
});
