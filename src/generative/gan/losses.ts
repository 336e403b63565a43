import { binaryCrossEntropyWithLogits } from "../../nn/losses.ts";
import { grad } from "../../tensor/grad.ts";
import { asTensor, full, type Operand, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** The losses of the two players, as functions of the discriminator's scores (before any sigmoid), [N] each. */
export interface AdversarialLoss {
  /** `target` is the target of real examples: 1, or less with one-sided label smoothing. */
  discriminator(real: Tensor, fake: Tensor, target: number): Tensor;
  generator(fake: Tensor): Tensor;
  /** The score above which an example is classified as real; undefined for a critic. */
  readonly boundary: number | undefined;
  /** Whether real examples have a target that can be smoothed. */
  readonly smooths: boolean;
  /** Default weight of the gradient penalty. */
  readonly penalty: number;
}

const bce = (scores: Tensor, target: number): Tensor =>
  binaryCrossEntropyWithLogits(scores, full(scores.shape, target));
const squared = (scores: Tensor, target: number): Tensor => scores.sub(target).square().mean().mul(0.5);

/** Goodfellow et al. (2014), equation 1, with D = σ(score): −E log D(x) − E log(1 − D(G(z))). */
const classify: Pick<AdversarialLoss, "discriminator" | "boundary" | "smooths" | "penalty"> = {
  discriminator: (real, fake, target) => bce(real, target).add(bce(fake, 0)),
  boundary: 0,
  smooths: true,
  penalty: 0,
};

export const LOSSES = {
  /** The original minimax game: G minimises E log(1 − D(G(z))), whose gradient vanishes where D is confident. */
  minimax: { ...classify, generator: (fake) => bce(fake, 0).neg() },
  /** Goodfellow et al. (2014), section 3: G minimises −E log D(G(z)). */
  "non-saturating": { ...classify, generator: (fake) => bce(fake, 1) },
  /** Mao et al. (2017), equation 9: targets 0 and 1, ½ E(D − target)². */
  "least-squares": {
    discriminator: (real, fake, target) => squared(real, target).add(squared(fake, 0)),
    generator: (fake) => squared(fake, 1),
    boundary: 0.5,
    smooths: true,
    penalty: 0,
  },
  /** Lim and Ye (2017); Miyato et al. (2018), equations 16 and 17. */
  hinge: {
    discriminator: (real, fake) => sub(1, real).relu().mean().add(fake.add(1).relu().mean()),
    generator: (fake) => fake.mean().neg(),
    boundary: 0,
    smooths: false,
    penalty: 0,
  },
  /** Arjovsky et al. (2017), with the penalty of Gulrajani et al. (2017), λ = 10, in place of weight clipping. */
  "wgan-gp": {
    discriminator: (real, fake) => fake.mean().sub(real.mean()),
    generator: (fake) => fake.mean().neg(),
    boundary: undefined,
    smooths: false,
    penalty: 10,
  },
} as const satisfies Record<string, AdversarialLoss>;

export type LossName = keyof typeof LOSSES;

/**
 * Gulrajani et al. (2017), equation 3, without λ: E(‖∇ D(x̂)‖₂ − 1)² at x̂ = ε·real + (1 − ε)·fake. It can be
 * differentiated with respect to D's weights.
 * @param critic examples [N, ...] → scores [N]
 * @param epsilon one number in [0, 1] per example, [N]
 */
export function gradientPenalty(
  critic: (x: Tensor) => Tensor,
  real: Tensor,
  fake: Tensor,
  epsilon: Operand,
): Tensor {
  const n = real.shape[0]!;
  const e = asTensor(epsilon).reshape(real.shape.map((_, i) => (i === 0 ? n : 1)));
  const between = e.mul(real).add(sub(1, e).mul(fake));
  const [gradient] = grad(critic(between).sum(), [between]);
  // A critic that is flat at x̂ would give √0, whose gradient is infinite.
  const norm = gradient!.reshape(n, -1).square().sum({ axes: 1 }).add(1e-12).sqrt();
  return norm.sub(1).square().mean();
}
