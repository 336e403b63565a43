import { expect, test } from "vitest";
import {
  bernoulli,
  gaussian,
  klPerDimension,
  logNormal,
  logStandardNormal,
  meanSquaredError,
  reparameterize,
} from "../../src/generative/distributions.ts";
import { grad } from "../../src/tensor/grad.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { mean, mul, normal, square, sub, sum, tensor } from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import { Variable } from "../../src/tensor/variable.ts";
import { value, values } from "./helpers.ts";

const q = { mean: tensor([0.5, -1.2, 0]), logVar: tensor([-0.7, 0.4, 0]) };

test("log densities are those of the normal distribution", async () => {
  const x = [0.3, -2, 1];
  const expected = x.reduce((total, v, i) => {
    const [m, variance] = [[0.5, -1.2, 0][i]!, Math.exp([-0.7, 0.4, 0][i]!)];
    return total - 0.5 * Math.log(2 * Math.PI * variance) - (v - m) ** 2 / (2 * variance);
  }, 0);
  expect(await value(() => logNormal(tensor(x), q))).toBeCloseTo(expected, 5);
  const standard = x.reduce((total, v) => total - 0.5 * Math.log(2 * Math.PI) - v ** 2 / 2, 0);
  expect(await value(() => logStandardNormal(tensor(x)))).toBeCloseTo(standard, 5);
});

test("the divergence in closed form is the mean of log q − log p over samples", async () => {
  const n = 100_000;
  const [[closed], [sampled], [standard]] = (await values(() => {
    const z = reparameterize(q, normal(Key.seed(1), [n, 3]));
    const ratio = sub(logNormal(z, q), logStandardNormal(z));
    const centred = sub(ratio, mean(ratio));
    return [sum(klPerDimension(q)), mean(ratio), mean(square(centred))];
  })) as [[number], [number], [number]];
  expect(Math.abs(closed - sampled)).toBeLessThan(4 * Math.sqrt(standard / n));
  expect((await values(() => [klPerDimension(q)]))[0]![2]).toBe(0);
});

test("gradients reach μ and log σ² through a sample: ∂z/∂μ = 1, ∂z/∂log σ² = ½σε", async () => {
  const mu = new Variable([2], { value: ndarray(Float32Array.of(0.3, -0.4)) });
  const logVar = new Variable([2], { value: ndarray(Float32Array.of(0.2, -1)) });
  const noise = [1.5, -0.5];
  const [dMu, dLogVar] = await values(() => {
    const z = reparameterize({ mean: mul(mu, 1), logVar: mul(logVar, 1) }, tensor(noise));
    return grad(sum(square(z)), [mu, logVar]);
  });
  [0.3, -0.4].forEach((m, i) => {
    const sigma = Math.exp([0.2, -1][i]! / 2);
    const z = m + sigma * noise[i]!;
    expect(dMu![i]).toBeCloseTo(2 * z, 5);
    expect(dLogVar![i]).toBeCloseTo(2 * z * 0.5 * sigma * noise[i]!, 5);
  });
});

test("log-likelihoods sum over an image", async () => {
  const x = [0, 1, 0.25, 1];
  const out = [-0.5, 2, 0.1, -3];
  const image = (v: number[]) => tensor([[[v.slice(0, 2), v.slice(2)]]]);
  const bits = x.reduce((total, v, i) => {
    const p = 1 / (1 + Math.exp(-out[i]!));
    return total + v * Math.log(p) + (1 - v) * Math.log(1 - p);
  }, 0);
  expect(await value(() => bernoulli.logProb(image(x), image(out)))).toBeCloseTo(bits, 5);
  const variance = 0.3 ** 2;
  const density = x.reduce(
    (total, v, i) => total - 0.5 * Math.log(2 * Math.PI * variance) - (v - out[i]!) ** 2 / (2 * variance),
    0,
  );
  expect(await value(() => gaussian(Math.log(variance)).logProb(image(x), image(out)))).toBeCloseTo(
    density,
    3,
  );
  const squares = x.reduce((total, v, i) => total + (v - out[i]!) ** 2 / 4, 0);
  expect(await value(() => meanSquaredError(image(x), image(out)))).toBeCloseTo(squares, 6);
});

test("one image is held against many outputs", async () => {
  const x = tensor([[[[0.2, 0.8]]]]);
  const outputs = tensor([[[[[0, 1]]]], [[[[2, -1]]]]]);
  const [many] = await values(() => [bernoulli.logProb(x, outputs)]);
  const single = await value(() => bernoulli.logProb(x, tensor([[[[2, -1]]]])));
  expect(many).toHaveLength(2);
  expect(many![1]).toBeCloseTo(single, 5);
});
