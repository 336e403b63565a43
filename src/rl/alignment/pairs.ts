/** Preferences as DPO and reward models learn from them: two completions of a prompt, one better. */
import { z } from "zod";
import type { HostBatch } from "../../data/data.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { hostUniform } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { column, type Material, rowsOf } from "./method.ts";

/** How the completions of a group become pairs: an option of every method that learns from them. */
export const PairLabels = z
  .enum(["best", "drawn"])
  .default("best")
  .describe(
    "pairs of a group by rank, the best with the worst; or as they come, with labels drawn by their rewards",
  );
export type Labels = z.output<typeof PairLabels>;

interface Pair {
  readonly chosen: number;
  readonly rejected: number;
  /** 0 where there is nothing to tell them apart. */
  readonly weight: number;
}

/**
 * The completions of each group in pairs, none twice. "best": by their rank, the best with the worst, the second with the last but
 * one; of equal ones nothing is learned. "drawn": as they come, the better of them chosen with probability σ(r_w − r_l)
 * (Bradley and Terry), as people would who see the reward dimly.
 * @param u a number in [0, 1) for each pair
 */
export function pairsOf(rewards: ArrayLike<number>, K: number, labels: Labels, u: ArrayLike<number>): Pair[] {
  const half = Math.floor(K / 2);
  return Array.from({ length: (rewards.length / K) * half }, (_, p): Pair => {
    const [first, i] = [Math.floor(p / half) * K, p % half];
    if (labels === "drawn") {
      const [a, b] = [first + 2 * i, first + 2 * i + 1];
      const wins = u[p]! < 1 / (1 + Math.exp(rewards[b]! - rewards[a]!));
      return { chosen: wins ? a : b, rejected: wins ? b : a, weight: 1 };
    }
    const ranked = Array.from({ length: K }, (_, k) => first + k).sort((a, b) => rewards[b]! - rewards[a]!);
    const [chosen, rejected] = [ranked[i]!, ranked[K - 1 - i]!];
    return { chosen, rejected, weight: Number(rewards[chosen]! > rewards[rejected]!) };
  });
}

/** The rows of an array at these indices. */
export function takeRows<A extends NdArray>(array: A, rows: ArrayLike<number>): A {
  const [n, ...rest] = array.shape;
  const size = array.data.length / n!;
  const data = new (array.data.constructor as Float32ArrayConstructor)(rows.length * size);
  for (let i = 0; i < rows.length; i++)
    data.set((array.data as Float32Array).subarray(rows[i]! * size, (rows[i]! + 1) * size), i * size);
  return ndarray(data, [rows.length, ...rest]) as unknown as A;
}

/** Rows [2P]: the chosen of each pair, then the rejected; with Σ ln π_ref of each, and the weights of pairs [P]. */
export function pairBatch(
  material: Material,
  { group, labels }: { group: number; labels: Labels },
): HostBatch {
  const { rewards, key } = material;
  const u = hostUniform(key.split("labels"), rewards.length);
  const pairs = pairsOf(rewards, group, labels, u);
  const rows = [...pairs.map(({ chosen }) => chosen), ...pairs.map(({ rejected }) => rejected)];
  const all = rowsOf(material);
  const lasts = last(material);
  // Draws of π_ref itself: ln π of the sampler is ln π_ref.
  const { logProbs, mask, positions: T, rows: N } = material.rollout;
  const sums = Float32Array.from({ length: N }, (_, n) => {
    let sum = 0;
    for (let k = n * T; k < (n + 1) * T; k++) sum += logProbs[k]! * mask[k]!;
    return sum;
  });
  return {
    tokens: takeRows(all.tokens!, rows),
    mask: takeRows(all.mask!, rows),
    last: takeRows(lasts, rows),
    reference: column(Array.from(rows, (n) => sums[n]!)),
    weights: column(pairs.map(({ weight }) => weight)),
  };
}

/** 1 at the last token of each completion [N, T + 1]. */
function last({ rollout }: Material): NdArray<"float32"> {
  const { rows, positions, starts, lengths } = rollout;
  const out = new Float32Array(rows * (positions + 1));
  for (let n = 0; n < rows; n++) out[n * (positions + 1) + starts[n]! + lengths[n]! - 1] = 1;
  return ndarray(out, [rows, positions + 1]);
}

/** The chosen and the rejected of x [2P]. */
export const halves = (x: Tensor): [chosen: Tensor, rejected: Tensor] => {
  const n = x.shape[0]!;
  return [x.narrow(0, 0, n / 2), x.narrow(0, n / 2, n)];
};
