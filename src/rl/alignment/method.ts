import type { z } from "zod";
import type { HostBatch } from "../../data/data.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Learning } from "../../train/learning.ts";
import type { Losses } from "../../train/task.ts";
import type { AlignmentOptions } from "./policy-options.ts";
import type { Rollout } from "./rollout.ts";

/** What is known of completions before anything is learned from them. Arrays are [N, T], row by row. */
export interface Material {
  readonly rollout: Rollout;
  /** Of each completion [N]. */
  readonly rewards: Float64Array;
  /** ln π_ref of the tokens drawn, where the method asks for it. */
  readonly reference: Float32Array | undefined;
  /** V before each token, where the module has values. */
  readonly values: Float32Array | undefined;
  readonly beta: number;
  /** The most tokens of a completion, T_max. */
  readonly maxNewTokens: number;
  readonly key: Key;
}

/** What a loss sees of a batch of rows. Tensors are [N, T] where nothing else is said. */
export interface Seen {
  /** The batch as `Method.batch` made it. */
  readonly batch: Readonly<Record<string, Tensor>>;
  readonly mask: Tensor;
  readonly logProbs: Tensor;
  readonly entropy: Tensor;
  /** Of every token read [N, T + 1], where the module has scores. */
  readonly scores: Tensor | undefined;
}

/** One method: which completions it learns from, what it makes of them, and its loss. The loop is the same for all. */
export interface Method<O extends AlignmentOptions> {
  readonly name: string;
  readonly options: z.ZodObject;
  readonly training: Partial<Learning> & {
    readonly lr: number;
    readonly steps: number;
    readonly batchSize: number;
  };
  /** Whose completions: those of the policy as it is, or those of π_ref. */
  readonly draws: "policy" | "reference";
  /** Whether the module has a score for each token. */
  readonly scored: boolean;
  /** Whether what learns is a policy (all but the reward model). */
  readonly policy: boolean;
  /** Compared with each other within a group. */
  readonly groups: boolean;
  usesReference(options: O): boolean;
  /** What is learned from, as arrays with rows first, and scalars. */
  batch(material: Material, options: O): HostBatch;
  loss(seen: Seen, options: O): Losses;
}

export const column = (x: ArrayLike<number>) => ndarray(Float32Array.from(x), [x.length]);
export const scalar = (x: number) => ndarray(Float32Array.of(x), []);

/** The arrays of a rollout as every method gives them on. */
export function rowsOf({ rollout }: Material): HostBatch {
  const { rows, positions, tokens, mask, logProbs } = rollout;
  return {
    tokens: ndarray(tokens, [rows, positions + 1]),
    mask: ndarray(mask, [rows, positions]),
    old: ndarray(logProbs, [rows, positions]),
  };
}

export const gridOf = ({ rollout: { rows, positions } }: Material, x: Float32Array) =>
  ndarray(x, [rows, positions]);

/** Σ (ln π − ln π_ref) of each completion [N]. */
export function logRatios({ rollout, reference }: Pick<Material, "rollout" | "reference">): Float64Array {
  const { rows, positions: T, mask, logProbs } = rollout;
  return Float64Array.from({ length: rows }, (_, n) => {
    let sum = 0;
    for (let k = n * T; k < (n + 1) * T; k++) if (mask[k] === 1) sum += logProbs[k]! - reference![k]!;
    return sum;
  });
}
