import { ndarray } from "../../tensor/ndarray.ts";
import {
  abs,
  add,
  clamp,
  exp,
  gatherElements,
  less,
  logSoftmax,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  stopGradient,
  sub,
  sum,
  unsqueeze,
  where,
} from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * What a value network says of each action: its value, or the distribution of its returns. z [B, actions, size] is the
 * network's output; rows of one action are [B, size].
 */
export interface ValueHead {
  /** Numbers for each action. */
  readonly size: number;
  /** Q [B, actions]. */
  expectation(z: Tensor): Tensor;
  /** How far `z` [B, size] is from R + γᵏ Z′, Z′ given as `next` [B, size]: a loss for each row, [B]. */
  loss(z: Tensor, next: Tensor, rewards: Tensor, discounts: Tensor): Tensor;
}

/** Huber's loss of an error: ½x² within ±1, |x| − ½ beyond. */
export function huber(x: Tensor): Tensor {
  const size = abs(x);
  return where(less(size, 1), mul(mul(x, x), 0.5), sub(size, 0.5));
}

/** Q itself (Mnih et al. 2015): the Huber loss of R + γᵏ Q′ − Q. */
export const expected: ValueHead = {
  size: 1,
  expectation: (z) => reshape(z, z.shape.slice(0, 2)),
  loss: (z, next, rewards, discounts) => {
    const target = stopGradient(add(rewards, mul(discounts, reshape(next, rewards.shape))));
    return huber(sub(target, reshape(z, rewards.shape)));
  },
};

/** C51 (Bellemare et al. 2017): probabilities of `atoms` returns spread evenly over [low, high]. */
export function categorical({ atoms, low, high }: { atoms: number; low: number; high: number }): ValueHead {
  const support = ndarray(
    Float32Array.from({ length: atoms }, (_, i) => low + ((high - low) * i) / (atoms - 1)),
  );
  return {
    size: atoms,
    expectation: (z) => sum(mul(exp(logSoftmax(z)), support), { axes: -1 }),
    loss: (z, next, rewards, discounts) => {
      const target = stopGradient(project(exp(logSoftmax(next)), rewards, discounts, { atoms, low, high }));
      return neg(sum(mul(target, logSoftmax(z)), { axes: -1 }));
    },
  };
}

/**
 * The distribution of R + γᵏ Z′ on the atoms (their algorithm 1): p [B, atoms] of Z′ → [B, atoms]. Each mass goes to its
 * two neighbours in proportion, which is a triangle of height 1 and half-width Δz around each atom.
 */
export function project(
  p: Tensor,
  rewards: Tensor,
  discounts: Tensor,
  { atoms, low, high }: { atoms: number; low: number; high: number },
): Tensor {
  const step = (high - low) / (atoms - 1);
  const index = Float32Array.from({ length: atoms }, (_, i) => i);
  const z = ndarray(index.map((i) => low + i * step));
  const moved = clamp(add(unsqueeze(rewards, 1), mul(unsqueeze(discounts, 1), z)), low, high);
  const at = mul(sub(moved, low), 1 / step);
  const share = maximum(sub(1, abs(sub(unsqueeze(at, 2), ndarray(index)))), 0);
  return sum(mul(unsqueeze(p, 2), share), { axes: 1 });
}

/** QR-DQN (Dabney et al. 2018): `size` quantiles of the returns, by the quantile Huber loss (their eq. 10). */
export function quantiles(size: number): ValueHead {
  const tau = ndarray(
    Float32Array.from({ length: size }, (_, i) => (i + 0.5) / size),
    [1, size, 1],
  );
  return {
    size,
    expectation: (z) => mean(z, { axes: -1 }),
    loss: (z, next, rewards, discounts) => {
      const target = stopGradient(add(unsqueeze(rewards, 1), mul(unsqueeze(discounts, 1), next)));
      // u[b, i, j] = target_j − z_i
      const u = sub(unsqueeze(target, 1), unsqueeze(z, 2));
      const weight = abs(sub(tau, stopGradient(where(less(u, 0), 1, 0))));
      return sum(mean(mul(weight, huber(u)), { axes: 2 }), { axes: 1 });
    },
  };
}

/** The rows of one action each: z [B, actions, size] and actions [B] → [B, size]. */
export function ofAction(z: Tensor, actions: Tensor): Tensor {
  const [B, , size] = z.shape as [number, number, number];
  const index = reshape(actions, [B, 1, 1]);
  const everywhere = add(index, ndarray(new Int32Array(size), [1, 1, size]));
  return reshape(gatherElements(z, everywhere, 1), [B, size]);
}
