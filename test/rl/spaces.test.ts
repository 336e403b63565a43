import { describe, expect, it } from "vitest";
import { Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple } from "../../src/rl/spaces.ts";
import { golden } from "./golden.ts";

const SEED = 123;
const times = <T>(n: number, f: () => T): T[] => Array.from({ length: n }, f);
const want = golden.spaces;

describe("samples are Gymnasium's", () => {
  it("Discrete, with start and mask", () => {
    const space = new Discrete(7, 5);
    space.seed(SEED);
    expect(times(6, () => space.sample())).toEqual(want.discrete);
    const masked = new Discrete(5);
    masked.seed(SEED);
    expect(times(6, () => masked.sample([0, 1, 0, 1, 1]))).toEqual(want.discreteMasked);
  });

  it("Box, bounded and not", () => {
    const box = new Box([-1, -2.5, 0.1], [1, 2.25, 0.7]);
    box.seed(SEED);
    expect(times(3, () => [...box.sample()])).toEqual(want.box);
    const mixed = new Box([-Infinity, 1, -Infinity, -Infinity, 0], [Infinity, Infinity, -1, Infinity, 1]);
    mixed.seed(SEED);
    expect(times(3, () => [...mixed.sample()])).toEqual(want.boxMixed);
    const bytes = new Box(0, 255, [2, 3], "uint8");
    bytes.seed(SEED);
    expect([...bytes.sample()]).toEqual(want.boxUint8);
  });

  it("MultiDiscrete and MultiBinary", () => {
    const several = new MultiDiscrete([5, 2, 3]);
    several.seed(SEED);
    expect(times(4, () => [...several.sample()])).toEqual(want.multiDiscrete);
    const bits = new MultiBinary([3, 3]);
    bits.seed(SEED);
    expect(times(3, () => [...bits.sample()])).toEqual(want.multiBinary);
  });

  it("Tuple seeds its parts from its own seed", () => {
    const space = new Tuple([new Discrete(10), new Box(-1, 1, [2])] as const);
    space.seed(SEED);
    expect(
      times(3, () => {
        const [n, x] = space.sample();
        return [n, [...x]];
      }),
    ).toEqual(want.tuple);
  });

  it("the samples that Gymnasium's documentation shows for seed 42", () => {
    const bits = new MultiBinary(5);
    bits.seed(42);
    expect([...bits.sample()]).toEqual([1, 0, 1, 0, 1]);
    const grid = new MultiBinary([3, 2]);
    grid.seed(42);
    expect([...grid.sample()]).toEqual([1, 0, 1, 0, 1, 1]);
    const counts = new MultiDiscrete([1, 2, 3, 4]);
    counts.seed(42);
    expect([...counts.sample()]).toEqual([0, 0, 2, 2]);
    const named = new Dict({ position: new Box(-1, 1, [2]), color: new Discrete(3) });
    named.seed(42);
    const { color, position } = named.sample();
    expect(color).toBe(0);
    expect(position[0]).toBeCloseTo(-0.3991573, 7);
    expect(position[1]).toBeCloseTo(0.21649833, 7);
  });
});

describe("masks", () => {
  it("Discrete draws only what is allowed, and its first element where nothing is", () => {
    const space = new Discrete(5, 10);
    space.seed(1);
    expect(new Set(times(100, () => space.sample([0, 1, 0, 1, 1])))).toEqual(new Set([11, 13, 14]));
    expect(space.sample([0, 0, 0, 0, 0])).toBe(10);
    expect(() => space.sample([1, 0])).toThrow("Discrete(5, start=10): a mask has 5 entries, not 2");
    expect(() => space.sample([1, 0, 2, 0, 0])).toThrow("whole numbers from 0 to 1, not 2 (at 2)");
  });

  it("MultiBinary, MultiDiscrete, Tuple and Dict pass masks on", () => {
    const bits = new MultiBinary(4);
    bits.seed(1);
    expect(new Set(times(50, () => [...bits.sample([0, 1, 2, 2])].slice(0, 2).join("")))).toEqual(
      new Set(["01"]),
    );
    expect(new Set(times(50, () => [...bits.sample([0, 1, 2, 2])].slice(2).join(""))).size).toBe(4);
    const several = new MultiDiscrete([3, 2], [10, 0]);
    expect([
      ...several.sample([
        [0, 0, 1],
        [0, 1],
      ]),
    ]).toEqual([12, 1]);
    expect(() => several.sample([[0, 0, 1]])).toThrow("needs one mask for each of its 2 elements");
    const pair = new Tuple([new Discrete(3), new Discrete(2)] as const);
    expect(
      pair.sample([
        [0, 1, 0],
        [0, 1],
      ]),
    ).toEqual([1, 1]);
    expect(() => pair.sample([])).toThrow("a mask or undefined for each of its 2 spaces");
    const named = new Dict({ a: new Discrete(3) });
    expect(named.sample({ a: [0, 0, 1] })).toEqual({ a: 2 });
    expect(() => named.sample({ b: [1] })).toThrow('has no "b" to mask');
    expect(() => new Box(0, 1).sample([1] as unknown as undefined)).toThrow("a box has no mask");
  });
});

describe("contains", () => {
  it("takes what is inside and nothing else", () => {
    const space = new Discrete(3, -1);
    expect([-1, 0, 1].every((x) => space.contains(x))).toBe(true);
    expect([-2, 2, 0.5, Number.NaN, "0", null].some((x) => space.contains(x))).toBe(false);
    const box = new Box([0, -1], [1, Infinity]);
    expect(box.contains(new Float32Array([1, 1e30]))).toBe(true);
    for (const x of [new Float32Array([1.1, 0]), new Float32Array([0]), new Float64Array([0, 0]), [0, 0]]) {
      expect(box.contains(x)).toBe(false);
    }
    expect(box.contains(new Float32Array([Number.NaN, 0]))).toBe(false);
    const several = new MultiDiscrete([2, 3], [0, 5]);
    expect(several.contains(new Int32Array([1, 7]))).toBe(true);
    expect(several.contains(new Int32Array([1, 4]))).toBe(false);
    expect(several.contains(new Int32Array([1]))).toBe(false);
    expect(new MultiBinary(2).contains(new Int8Array([0, 1]))).toBe(true);
    expect(new MultiBinary(2).contains(new Int8Array([0, 2]))).toBe(false);
    const pair = new Tuple([new Discrete(2), new Discrete(2)] as const);
    expect(pair.contains([0, 1])).toBe(true);
    expect([[0], [0, 2], [0, 1, 1], "01"].some((x) => pair.contains(x))).toBe(false);
    const named = new Dict({ a: new Discrete(2) });
    expect(named.contains({ a: 1 })).toBe(true);
    expect([{}, { a: 2 }, { a: 1, b: 1 }, null].some((x) => named.contains(x))).toBe(false);
  });

  it("every space contains its samples", () => {
    const spaces = [
      new Discrete(4, 2),
      new Box([-Infinity, 0, -3], [0, Infinity, 3], [3]),
      new Box(-3, 3, [4], "int8"),
      new MultiDiscrete([4, 2], [1, 1]),
      new MultiBinary([2, 2]),
      new Dict({ b: new Tuple([new Discrete(2)]), a: new MultiBinary(3) }),
    ];
    for (const space of spaces) {
      space.seed(9);
      for (let i = 0; i < 50; i++) expect(space.contains(space.sample())).toBe(true);
    }
  });
});

it("spaces print as Gymnasium's do, and refuse impossible sizes", () => {
  expect(String(new Discrete(4))).toBe("Discrete(4)");
  expect(String(new Discrete(4, 1))).toBe("Discrete(4, start=1)");
  expect(String(new Box(-1, 2, [3, 4]))).toBe("Box(-1, 2, (3, 4), float32)");
  expect(String(new Box([-1, -2], [2, Infinity]))).toBe("Box([-1 -2], [2 inf], (2,), float32)");
  expect(String(new MultiDiscrete([5, 2]))).toBe("MultiDiscrete([5 2])");
  expect(String(new MultiBinary(5))).toBe("MultiBinary(5)");
  expect(String(new Dict({ b: new Discrete(2), a: new MultiBinary(1) }))).toBe(
    "Dict('a': MultiBinary(1), 'b': Discrete(2))",
  );
  expect(() => new Discrete(0)).toThrow("Discrete: n must be a whole number > 0, not 0");
  expect(() => new Box(1, 0)).toThrow("low 1 is not ≤ high 0");
  expect(() => new Box([0, 0], 1, [3])).toThrow("low has 2 elements, shape [3] has 3");
  expect(() => new Box(0, 0.5, [1], "uint8")).toThrow("bounds of uint8 are whole numbers");
  expect(() => new MultiDiscrete([1, -1])).toThrow("a count must be a whole number > 0");
  expect(() => new MultiDiscrete([1], [0, 0])).toThrow("1 counts but 2 starts");
});
