import { describe, expect, test } from "vitest";
import { compile } from "../../../src/engine/compile.ts";
import { gradientPenalty, LOSSES, type LossName } from "../../../src/generative/gan/losses.ts";
import { linear } from "../../../src/nn/linear.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { constant, leakyRelu, mul, reshape, silu, tensor } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { distance, golden } from "../../goldens/read.ts";
import { sharedEngine, value, values } from "../helpers.ts";

const real = [2, -1, 0.5];
const fake = [-3, 0.25, 1];
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const sigma = (s: number): number => 1 / (1 + Math.exp(-s));
/** −t log D(x) − (1 − t) log(1 − D(x)), averaged. */
const bce = (scores: readonly number[], t: number): number =>
  mean(scores.map((s) => -t * Math.log(sigma(s)) - (1 - t) * Math.log(1 - sigma(s))));

const WANTED: Record<LossName, { discriminator: number; smoothed?: number; generator: number }> = {
  minimax: {
    discriminator: bce(real, 1) + bce(fake, 0),
    smoothed: bce(real, 0.9) + bce(fake, 0),
    generator: mean(fake.map((s) => Math.log(1 - sigma(s)))),
  },
  "non-saturating": {
    discriminator: bce(real, 1) + bce(fake, 0),
    smoothed: bce(real, 0.9) + bce(fake, 0),
    generator: mean(fake.map((s) => -Math.log(sigma(s)))),
  },
  "least-squares": {
    discriminator: (mean(real.map((s) => (s - 1) ** 2)) + mean(fake.map((s) => s ** 2))) / 2,
    smoothed: (mean(real.map((s) => (s - 0.9) ** 2)) + mean(fake.map((s) => s ** 2))) / 2,
    generator: mean(fake.map((s) => (s - 1) ** 2)) / 2,
  },
  hinge: {
    discriminator: mean(real.map((s) => Math.max(0, 1 - s))) + mean(fake.map((s) => Math.max(0, 1 + s))),
    generator: -mean(fake),
  },
  "wgan-gp": { discriminator: mean(fake) - mean(real), generator: -mean(fake) },
};

test.each(Object.entries(WANTED))("%s is its formula", async (name, wanted) => {
  const loss = LOSSES[name as LossName];
  const game = (target: number): Promise<number> =>
    value(() => loss.discriminator(tensor(real), tensor(fake), target));
  expect(await game(1)).toBeCloseTo(wanted.discriminator, 6);
  expect(await value(() => loss.generator(tensor(fake)))).toBeCloseTo(wanted.generator, 6);
  expect(loss.smooths).toBe(wanted.smoothed !== undefined);
  if (wanted.smoothed !== undefined) expect(await game(0.9)).toBeCloseTo(wanted.smoothed, 6);
});

test("where the discriminator is sure, the non-saturating loss still has a slope, and minimax has none", async () => {
  const slope = async (name: LossName): Promise<number> => {
    const [out] = await values(() => {
      const scores = tensor([-20]);
      return grad(LOSSES[name].generator(scores), [scores]);
    });
    return out![0]!;
  };
  expect(await slope("non-saturating")).toBeCloseTo(-1, 6);
  expect(Math.abs(await slope("minimax"))).toBeLessThan(1e-8);
});

describe("the gradient penalty against PyTorch", () => {
  const activations = { wgan_gp: (x: Tensor) => leakyRelu(x, 0.2), wgan_gp_silu: silu };
  test.each(Object.entries(activations))(
    "%s, and its gradient in the critic's weights",
    async (name, act) => {
      const { config, state, inputs, outputs, grads } = golden("penalty", name);
      const program = compile(
        (p: Record<string, Tensor>, { real: x, fake: y, eps }: Record<string, Tensor>) => {
          const layer = (h: Tensor, i: number): Tensor => linear(h, p[`${i}.weight`]!, p[`${i}.bias`]!);
          const critic = (h: Tensor): Tensor => reshape(layer(act(layer(act(layer(h, 0)), 2)), 4), [5]);
          const loss = mul(gradientPenalty(critic, x!, y!, reshape(eps!, [5])), config.lambda as number);
          const names = Object.keys(grads);
          const slopes = grad(
            loss,
            names.map((n) => p[n]!),
            // The leaky critic is linear between its kinks: no bias has a part in its penalty.
            { unused: "zero" },
          );
          return { loss, slopes: Object.fromEntries(names.map((n, i) => [n, slopes[i]!])) };
        },
        { engine: sharedEngine() },
      );
      const got = await program(state, inputs);
      expect(distance(got.loss!, outputs.loss!)).toBeLessThan(1e-5);
      for (const [parameter, want] of Object.entries(grads))
        expect(distance(got.slopes[parameter]!, want), parameter).toBeLessThan(1e-5);
      await program.dispose();
    },
  );

  test("a critic that is flat has a finite penalty and slope", async () => {
    const [penalty, slope] = await values(() => {
      const scale = tensor([0]);
      const x = constant(ndarray(Float32Array.of(1, 2, 3, 4), [2, 2]));
      const p = gradientPenalty(
        (h) => reshape(mul(linear(h, tensor([[1, 1]])), scale), [h.shape[0]!]),
        x,
        mul(x, 2),
        tensor([0.5, 0.5]),
      );
      return [p, grad(p, [scale])[0]!];
    });
    expect(penalty![0]).toBeCloseTo(1, 5);
    expect(Number.isFinite(slope![0])).toBe(true);
  });
});
