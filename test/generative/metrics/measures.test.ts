import { describe, expect, test } from "vitest";
import {
  classHistogram,
  inceptionScore,
  klFromUniform,
  recognised,
} from "../../../src/generative/metrics/classes.ts";
import { partOf } from "../../../src/generative/metrics/part.ts";
import { precisionRecall } from "../../../src/generative/metrics/precision-recall.ts";
import { sharpness } from "../../../src/generative/metrics/sharpness.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../../../src/tensor/random.ts";

const matrix = (rows: readonly (readonly number[])[]): NdArray<"float32"> =>
  ndarray(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);

describe("classes", () => {
  const sure = matrix([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]); // biome-ignore format: a matrix
  const one = matrix([[1, 0, 0, 0], [1, 0, 0, 0]]); // biome-ignore format: a matrix
  const unsure = matrix([[0.25, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, 0.25]]); // biome-ignore format: a matrix
  const mixed = matrix([[0.75, 0.25], [0.25, 0.75]]); // biome-ignore format: a matrix

  test("the inception score is the number of classes at best, 1 at worst, and by hand between", () => {
    expect(inceptionScore(sure)).toBeCloseTo(4, 12);
    expect(inceptionScore(one)).toBeCloseTo(1, 12);
    expect(inceptionScore(unsure)).toBeCloseTo(1, 12);
    expect(inceptionScore(mixed)).toBeCloseTo(Math.exp(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5)), 12);
  });

  test("the histogram counts the likeliest class; its divergence from uniform is 0 to log K", () => {
    const p = matrix([[0.6, 0.4, 0, 0], [0.5, 0.1, 0.4, 0], [0.1, 0.2, 0.3, 0.4], [0.3, 0.2, 0.4, 0.1]]); // biome-ignore format: a matrix
    expect([...classHistogram(p)]).toEqual([0.5, 0, 0.25, 0.25]);
    expect(klFromUniform([0.5, 0, 0.25, 0.25])).toBeCloseTo(0.5 * Math.log(2), 12);
    expect(klFromUniform(classHistogram(sure))).toBe(0);
    expect(klFromUniform(classHistogram(one))).toBeCloseTo(Math.log(4), 12);
  });

  test("the share recognised", () => {
    expect(recognised(sure, ndarray(Int32Array.of(0, 1, 0, 3)))).toBe(0.75);
    expect(() => recognised(sure, ndarray(Int32Array.of(0, 1)))).toThrow(/a label per image/);
  });

  test("no image is no measure", () => {
    expect(() => inceptionScore(ndarray(new Float32Array(0), [0, 10]))).toThrow(/of one image or more/);
  });
});

describe("sharpness", () => {
  const images = (values: readonly number[], shape: readonly number[]) =>
    ndarray(Float32Array.from(values), shape);

  test("by hand: a point, a slope, a step", () => {
    // The inner pixel alone: −4 with no variance. In 3 × 4 there are two inner pixels, −4 and 1.
    expect(sharpness(images([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], [1, 1, 3, 4]))).toBeCloseTo(2.5 ** 2, 12);
    expect(
      sharpness(
        images(
          Array.from({ length: 25 }, (_, i) => i % 5),
          [1, 1, 5, 5],
        ),
      ),
    ).toBe(0);
    // Columns 0 0 1 1: Laplacians 1 and −1.
    expect(
      sharpness(
        images(
          Array.from({ length: 16 }, (_, i) => Number(i % 4 > 1)),
          [1, 1, 4, 4],
        ),
      ),
    ).toBe(1);
  });

  test("the mean over images and channels", () => {
    const step = Array.from({ length: 16 }, (_, i) => Number(i % 4 > 1));
    const flat = step.map(() => 0.5);
    expect(sharpness(images([...step, ...flat], [2, 1, 4, 4]))).toBe(0.5);
    expect(sharpness(images([...step, ...flat], [1, 2, 4, 4]))).toBe(0.5);
    expect(() => sharpness(images([0, 0, 0, 0], [1, 1, 2, 2]))).toThrow(/3 × 3 pixels or more/);
  });
});

describe("precision and recall", () => {
  /** n points around a centre, the first coordinate moved by `at`. */
  const cloud = (n: number, d: number, seed: number, at = 0, spread = 1): number[][] => {
    const z = hostNormal(Key.seed(seed), n * d);
    return Array.from({ length: n }, (_, i) =>
      Array.from({ length: d }, (_, j) => spread * z[i * d + j]! + (j === 0 ? at : 0)),
    );
  };
  /** The definition, word for word, with every distance. */
  const plain = (real: number[][], fake: number[][], k: number) => {
    const far = (a: number[], b: number[]) =>
      Math.hypot(...a.map((v, i) => Math.fround(v) - Math.fround(b[i]!)));
    const share = (of: number[][], among: number[][]) => {
      const radii = among.map((p) => among.map((q) => far(p, q)).sort((a, b) => a - b)[k]!);
      return of.filter((p) => among.some((q, i) => far(p, q) <= radii[i]!)).length / of.length;
    };
    return { precision: share(fake, real), recall: share(real, fake) };
  };

  test.each([
    [1, 0, 1],
    [3, 1.5, 1],
    [3, 0, 0.3],
    [5, 0.5, 2],
  ])("is the definition: k = %d, moved by %d, spread %d", async (k, at, spread) => {
    const [real, fake] = [cloud(150, 10, 1), cloud(120, 10, 2, at, spread)];
    expect(await precisionRecall(matrix(real), matrix(fake), { k })).toEqual(plain(real, fake, k));
  });

  test("far apart: neither; the same points: both", async () => {
    const real = matrix(cloud(50, 4, 1));
    expect(await precisionRecall(real, matrix(cloud(50, 4, 2, 100)))).toEqual({ precision: 0, recall: 0 });
    expect(await precisionRecall(real, real)).toEqual({ precision: 1, recall: 1 });
  });

  test("half of the modes: precise, and half is missing; half of it nonsense: the other way round", async () => {
    const [left, right] = [cloud(100, 3, 1, -50), cloud(100, 3, 2, 50)];
    const [a, b] = [
      matrix([...left, ...right]),
      matrix([...left.map((p) => p.map((v) => v * 1.0001)), ...left]),
    ];
    const collapsed = await precisionRecall(a, b);
    expect(collapsed).toEqual({ precision: 1, recall: 0.5 });
    expect(await precisionRecall(b, a)).toEqual({ precision: 0.5, recall: 1 });
  });

  test("progress ends at the end, and Ctrl-C may throw from it", async () => {
    const points = matrix(cloud(300, 2, 1));
    const seen: number[] = [];
    await precisionRecall(points, points, { progress: (done) => seen.push(done) });
    expect(seen.at(-1)).toBe(1200);
    expect(seen.length).toBeGreaterThan(3);
    const stop = () => {
      throw new Error("stopped");
    };
    await expect(precisionRecall(points, points, { progress: stop })).rejects.toThrow("stopped");
  });

  test("too few images, and features of two sizes", async () => {
    const three = matrix(cloud(3, 2, 1));
    await expect(precisionRecall(three, three)).rejects.toThrow("need more than 3 images, but there are 3");
    await expect(precisionRecall(three, matrix(cloud(3, 4, 1)))).rejects.toThrow(/features \[N, D\] twice/);
  });
});

describe("the part that stands for all", () => {
  test("always the same, without an example twice, and sets that share none", () => {
    const sets = [0, 1, 2].map((set) => [...partOf(10, 3, set)]);
    expect(sets).toEqual([0, 1, 2].map((set) => [...partOf(10, 3, set)]));
    expect(new Set(sets.flat()).size).toBe(9);
    expect([...partOf(3, 5)]).toEqual([0, 1, 2]);
  });

  test("follows nothing in the data: neither every second example nor one end of them", () => {
    const part = [...partOf(60_000, 1000)];
    for (const one of [(i: number) => i % 2 === 0, (i: number) => i < 30_000, (i: number) => i % 12 < 6])
      expect(Math.abs(part.filter(one).length - 500)).toBeLessThan(60); // 4 standard deviations of a fair coin
  });
});
