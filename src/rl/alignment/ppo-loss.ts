/** PPO on tokens (Stiennon et al. 2020; Ouyang et al. 2022): a completion is an episode, a token an action. */
import { abs, cast, greater, mul, neg, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { clippedError, clippedObjective, standardized } from "../deep/policy-gradient.ts";
import { advantages } from "../deep/returns.ts";
import { ratioOf } from "./penalty.ts";
import type { PolicyTerms } from "./rloo-loss.ts";
import { tokenMean } from "./tokens.ts";

/** What is known of completions on the host: each array [N · T], row by row. */
export interface TokenEpisodes {
  readonly rows: number;
  readonly tokens: number;
  readonly mask: Float32Array;
  /** −β (ln π − ln π_ref) of each token, or zeros. */
  readonly penalties: Float32Array;
  /** The score of each completion [N], given at its last token. */
  readonly scores: ArrayLike<number>;
  /** V before each token. */
  readonly values: Float32Array;
}

/** A and R = A + V of each token [N · T], by `advantages` of returns.ts: after the last token nothing follows. */
export function tokenAdvantages(
  { rows: N, tokens: T, mask, penalties, scores, values }: TokenEpisodes,
  { gamma, lambda }: { readonly gamma: number; readonly lambda: number },
): { readonly A: Float32Array; readonly returns: Float32Array } {
  // An environment of returns.ts is a row here, and there time comes first.
  const turned = (of: (n: number, t: number) => number): Float32Array =>
    Float32Array.from({ length: N * T }, (_, k) => of(k % N, Math.floor(k / N)));
  const counts = (n: number, t: number): boolean => t < T && mask[n * T + t] === 1;
  const last = (n: number, t: number): boolean => counts(n, t) && !counts(n, t + 1);
  const found = advantages(
    {
      steps: T,
      envs: N,
      rewards: turned((n, t) => penalties[n * T + t]! + (last(n, t) ? scores[n]! : 0)),
      values: turned((n, t) => values[n * T + t]!),
      nextValues: turned((n, t) => (last(n, t) || t + 1 >= T ? 0 : values[n * T + t + 1]!)),
      terminated: turned((n, t) => Number(last(n, t))),
      truncated: turned(() => 0),
      valid: turned((n, t) => Number(counts(n, t))),
    },
    gamma,
    lambda,
  );
  const A = Float32Array.from({ length: N * T }, (_, k) => found[(k % T) * N + Math.floor(k / T)]!);
  return { A, returns: A.map((a, k) => a + values[k]!) };
}

export interface PpoLossOptions {
  readonly clip: number;
  readonly valueClip: number | undefined;
  /** Advantages with mean 0 and deviation 1 over the batch. */
  readonly whiten: boolean;
}

/** −min(ρA, clip(ρ)A) and ½ of the worst of (V − R)² of each token: [N, T] both. */
export function ppoLoss(
  t: Record<"logProbs" | "old" | "mask" | "advantages" | "values" | "oldValues" | "returns", Tensor>,
  { clip, valueClip, whiten }: PpoLossOptions,
): PolicyTerms & { readonly valueLoss: Tensor } {
  const A = whiten ? standardized(t.advantages, t.mask) : t.advantages;
  const ratio = ratioOf(t.logProbs, t.old);
  const error = clippedError({ V: t.values, old: t.oldValues, target: t.returns, clip: valueClip });
  return {
    losses: neg(clippedObjective(ratio, A, clip)),
    clipped: tokenMean(cast(greater(abs(sub(ratio, 1)), clip), "float32"), t.mask),
    valueLoss: mul(tokenMean(error, t.mask), 0.5),
  };
}
