import { expect, test } from "vitest";
import { type LabelledCodes, linearProbe } from "../../src/generative/metrics/linear-probe.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import { sharedEngine } from "./helpers.ts";

/** Three clouds `distance` apart, on axes of very different scales. */
function clouds(n: number, distance: number, seed: number): LabelledCodes {
  const noise = hostNormal(Key.seed(seed), 2 * n);
  const labels = Int32Array.from({ length: n }, (_, i) => i % 3);
  const codes = noise.map((e, at) => {
    const angle = (2 * Math.PI * labels[at >> 1]!) / 3;
    return at % 2 === 0 ? e + distance * Math.cos(angle) : 1000 * (e + distance * Math.sin(angle));
  });
  return { codes: ndarray(codes, [n, 2]), labels: ndarray(labels) };
}

const probe = async (distance: number) =>
  linearProbe(clouds(1500, distance, 1), clouds(900, distance, 2), 3, {
    engine: await sharedEngine(),
    key: Key.seed(0),
  });

test("clouds far apart are told apart, whatever the scale of an axis", async () => {
  expect(await probe(6)).toBe(1);
});

test("overlapping clouds reach what the best classifier reaches", async () => {
  // Nearest centre is optimal here; its accuracy on this test set is counted below.
  const { codes, labels } = clouds(900, 1, 2);
  const right = Array.from(labels.data).filter((label, i) => {
    const score = (k: number): number => {
      const angle = (2 * Math.PI * k) / 3;
      return codes.data[2 * i]! * Math.cos(angle) + (codes.data[2 * i + 1]! / 1000) * Math.sin(angle);
    };
    return [0, 1, 2].every((k) => score(k) <= score(label));
  }).length;
  expect(Math.abs((await probe(1)) - right / 900)).toBeLessThan(0.02);
});

test("clouds that coincide are guessed at", async () => {
  expect(await probe(0)).toBeLessThan(0.42);
});
