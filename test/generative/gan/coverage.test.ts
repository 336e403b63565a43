import { describe, expect, test } from "vitest";
import { drawMixture, MIXTURES } from "../../../src/data/mixtures.ts";
import { mixtureData } from "../../../src/data/points.ts";
import {
  collapseOfClasses,
  collapseOfModes,
  collapseOfVariety,
  variety,
  winner,
} from "../../../src/generative/gan/coverage.ts";
import { coverage } from "../../../src/generative/metrics/coverage.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { Key } from "../../../src/tensor/random.ts";

const points = (...xy: number[]) => ndarray(Float32Array.from(xy), [xy.length / 2, 2]);

describe("mode coverage", () => {
  test("counts a mode with one sample within 3σ of its centre", () => {
    // On a mode; 2.9σ from another; 3.1σ from a third; between four; on the first again.
    const drawn = points(0, 0, 4, 4.145, -4, 2.155, 1, 1, 0.01, 0);
    const { samples, modes, good, modeKl, counts } = coverage(drawn, MIXTURES["gaussians-25"]);
    expect([samples, modes, good]).toEqual([5, 2, 3 / 5]);
    expect(counts.filter((c) => c > 0)).toEqual([2, 1]);
    // KL of (⅔, ⅓) from 1/25.
    expect(modeKl).toBeCloseTo((2 / 3) * Math.log(50 / 3) + (1 / 3) * Math.log(25 / 3), 10);
  });

  test("of no good sample is that of one mode alone", () => {
    expect(coverage(points(9, 9), MIXTURES["ring-8"])).toMatchObject({
      modes: 0,
      good: 0,
      modeKl: Math.log(8),
    });
  });

  test("points of another shape are refused", () => {
    const cube = ndarray(new Float32Array(6), [2, 3]);
    expect(() => coverage(cube, MIXTURES["ring-8"])).toThrow("mode coverage needs points [N, 2], not [2, 3]");
  });

  test.each(Object.values(MIXTURES))(
    "of $name itself is whole: 1 − e^−4.5 of it lies within 3σ",
    (mixture) => {
      const drawn = drawMixture(mixture, 20_000, Key.seed(3));
      const { modes, good, modeKl } = coverage(ndarray(drawn.points, [20_000, 2]), mixture);
      expect(modes).toBe(mixture.centres.length);
      expect(good).toBeCloseTo(1 - Math.exp(-4.5), 2);
      expect(modeKl).toBeLessThan(2e-3);
    },
  );
});

test("a mixture as data: always the same points, each with its mode, the two parts apart", async () => {
  const data = mixtureData(MIXTURES["ring-8"]);
  expect([data.train.length, data.test.length, data.classes.length]).toEqual([100_000, 10_000, 8]);
  const again = await mixtureData(MIXTURES["ring-8"]).train.batch([5, 99_999]);
  const batch = await data.train.batch([5, 99_999]);
  expect(batch).toEqual(again);
  expect(batch.points!.shape).toEqual([2, 2]);
  expect(await data.test.batch([5, 6])).not.toEqual(await data.train.batch([5, 6]));
  for (const i of [0, 1]) {
    const [x, y] = MIXTURES["ring-8"].centres[Number(batch.labels!.data[i])]!;
    const [a, b] = [Number(batch.points!.data[2 * i]), Number(batch.points!.data[2 * i + 1])];
    expect(Math.hypot(a - x, b - y)).toBeLessThan(0.06);
  }
  expect(() => data.train.batch([100_000])).toThrow("there is no point 100000; there are 100000");
});

describe("warnings, one sentence each", () => {
  const CURES = "option `pack` 4, option `minibatchStddev` or option `loss` wgan-gp may help";

  test("few modes", () => {
    const seen = (modes: number) => ({
      samples: 2500,
      modes,
      good: 1,
      modeKl: 0,
      counts: Array.from({ length: 25 }, () => 0),
    });
    expect(collapseOfModes(seen(3))).toBe(`collapse: 2500 samples reach 3 of 25 modes; ${CURES}`);
    expect(collapseOfModes(seen(14))).toContain("reach 14 of 25 modes");
    expect(collapseOfModes(seen(15))).toBeUndefined();
  });

  test("few classes", () => {
    const classes = ["0", "1", "2", "3"];
    expect(collapseOfClasses([0.25, 0.3, 0.2, 0.25], classes)).toBeUndefined();
    expect(collapseOfClasses([0.2, 0.6, 0.1, 0.1], classes)).toBe(
      `collapse: 60 % of the samples look like 1; ${CURES}`,
    );
    expect(collapseOfClasses([0.5, 0.5, 0.001, 0], classes)).toBe(
      `collapse: 50 % of the samples look like 0, and hardly any are 2, 3; ${CURES}`,
    );
  });

  test("samples that hardly differ", () => {
    const far = variety(points(0, 0, 3, 4, 0, 0));
    expect(far).toBeCloseTo(5, 6);
    expect(collapseOfVariety(2.5, far)).toBeUndefined();
    expect(collapseOfVariety(0.5, far)).toBe(
      `collapse: samples differ from one another only 10 % as much as real examples do; ${CURES}`,
    );
  });

  test("one side has won", () => {
    expect(winner(0.99, 1)).toBe(
      "the discriminator has won: it recognises 99 % of the real and 100 % of the generated examples, so the generator has " +
        "little to learn from; a smaller value of option `discriminatorLr`, option `discriminatorNorm` spectral or option `labelSmoothing` 0.1 may help",
    );
    expect(winner(0.6, 0.01)).toBe(
      "the generator has won: the discriminator takes 99 % of its examples for real; a larger value of option `discriminatorLr` or " +
        "more steps (option `discriminatorSteps`) may help",
    );
    expect(winner(0.7, 0.99)).toBeUndefined();
    expect(winner(0.97, 0.99)).toBeUndefined();
  });
});
