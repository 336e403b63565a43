import {
  add,
  argmax,
  concat,
  div,
  exp,
  gatherElements,
  log,
  logSoftmax,
  mul,
  neg,
  normal,
  type Operand,
  reshape,
  slice,
  softplus,
  square,
  stack,
  sub,
  sum,
  tanh,
  uniform,
  unsqueeze,
} from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { masked } from "./policy.ts";

/** Policies π(· | s) of a batch of B states, while tracing. */
export interface Distribution {
  /** A ~ π(· | s): [B] int32, or [B, size]. */
  sample(key: Key): Tensor;
  /** log π(a | s), [B]. */
  logProb(action: Tensor): Tensor;
  /** [B], in nats. */
  entropy(): Tensor;
  /** The likeliest action. */
  mode(): Tensor;
  /** What tells it, by name: `probabilities` of actions [B, n], or the mean `action` and its `deviation` [B, size]. */
  numbers(): Readonly<Record<string, Tensor>>;
}

const perRow = (x: Operand, keepDims = false): Tensor => sum(x, { axes: -1, keepDims });
const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** Of logits [B, n]: actions whose mask is 0 have probability 0, in every one of these. */
export function categorical(logits: Tensor, mask?: Tensor): Distribution {
  const allowed = masked(logits, mask);
  const logp = logSoftmax(allowed);
  return {
    // Gumbel's trick: the largest logit with noise is a draw. The noise is far smaller than a mask's number.
    sample: (key) =>
      argmax(sub(allowed, log(neg(log(add(mul(uniform(key, logits.shape), 1 - 2e-7), 1e-7))))), 1),
    logProb: (action) => reshape(gatherElements(logp, unsqueeze(action, 1), 1), [action.shape[0]!]),
    entropy: () => neg(perRow(mul(exp(logp), logp))),
    mode: () => argmax(allowed, 1),
    numbers: () => ({ probabilities: exp(logp) }),
  };
}

/** Several choices at once, each by its own logits, which stand one after the other: [B, Σ nvec] → actions [B, choices]. */
export function multiCategorical(logits: Tensor, nvec: readonly number[]): Distribution {
  const B = logits.shape[0]!;
  let at = 0;
  const choices = nvec.map((n) => {
    const own = slice(logits, { starts: [0, at], lengths: [B, n] });
    at += n;
    return categorical(own);
  });
  const each = (action: Tensor, i: number): Tensor =>
    reshape(slice(action, { starts: [0, i], lengths: [B, 1] }), [B]);
  const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));
  return {
    sample: (key) =>
      stack(
        choices.map((choice, i) => choice.sample(key.split(i))),
        1,
      ),
    logProb: (action) => total(choices.map((choice, i) => choice.logProb(each(action, i)))),
    entropy: () => total(choices.map((choice) => choice.entropy())),
    mode: () =>
      stack(
        choices.map((choice) => choice.mode()),
        1,
      ),
    numbers: () => ({
      probabilities: concat(
        choices.map((choice) => choice.numbers().probabilities!),
        1,
      ),
    }),
  };
}

/** Independent normals of means [B, size] and log standard deviations [size] or [B, size]. */
export function gaussian(mean: Tensor, logStd: Tensor): Distribution {
  return {
    sample: (key) => add(mean, mul(exp(logStd), normal(key, mean.shape))),
    logProb: (action) => gaussianLogProb(div(sub(action, mean), exp(logStd)), logStd),
    entropy: () => perRow(add(mul(mean, 0), add(logStd, 0.5 + HALF_LOG_2PI))),
    mode: () => mean,
    numbers: () => ({ action: mean, deviation: add(mul(mean, 0), exp(logStd)) }),
  };
}

/** Σ log N of standardised values z. */
const gaussianLogProb = (z: Tensor, logStd: Tensor, keepDims = false): Tensor =>
  perRow(sub(sub(mul(square(z), -0.5), logStd), HALF_LOG_2PI), keepDims);

/**
 * tanh of a normal draw u, and its log-probability (Haarnoja et al. 2018, appendix C): log N(u) − Σ log(1 − tanh² u), the
 * latter as 2 (ln 2 − u − softplus(−2u)), which holds for large u too. Log-probabilities are [B, 1], as critics' values.
 */
export function squashedSample(mean: Tensor, logStd: Tensor, key: Key): { action: Tensor; logProb: Tensor } {
  const z = normal(key, mean.shape);
  return squashed(add(mean, mul(exp(logStd), z)), z, logStd);
}

/** The same of a given draw u = mean + std · z. */
export function squashed(u: Tensor, z: Tensor, logStd: Tensor): { action: Tensor; logProb: Tensor } {
  const logDet = perRow(mul(sub(sub(Math.LN2, u), softplus(mul(u, -2))), 2), true);
  return { action: tanh(u), logProb: sub(gaussianLogProb(z, logStd, true), logDet) };
}
