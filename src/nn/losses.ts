/** Losses, with the names and defaults of torch.nn.functional. Classes are on the last axis, not on the second. */
import { UserError } from "../errors.ts";
import {
  abs,
  add,
  asTensor,
  cast,
  div,
  exp,
  gatherElements,
  less,
  log,
  logSoftmax,
  maximum,
  mean,
  mul,
  neg,
  notEqual,
  type Operand,
  reshape,
  square,
  stopGradient,
  sub,
  sum,
  unsqueeze,
  where,
} from "../tensor/ops.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

export type Reduction = "mean" | "sum" | "none";

export interface LossOptions {
  /** The mean over all elements (the default), their sum, or the loss of each element. */
  readonly reduction?: Reduction;
}

function reduced(values: Tensor, { reduction = "mean" }: LossOptions): Tensor {
  return reduction === "none" ? values : reduction === "sum" ? sum(values) : mean(values);
}

/** Both as tensors of one shape: a loss that broadcasts is almost always a mistake. */
function pair(loss: string, input: Operand, target: Operand): [Tensor, Tensor] {
  const [x, y] = [asTensor(input), asTensor(target)];
  if (!sameShape(x.shape, y.shape))
    throw new UserError(
      `${loss}: input ${showShape(x.shape)} and target ${showShape(y.shape)} must have the same shape`,
    );
  return [x, y];
}

/** (x − y)². */
export function mseLoss(input: Operand, target: Operand, options: LossOptions = {}): Tensor {
  return reduced(square(sub(...pair("mseLoss", input, target))), options);
}

/** |x − y|. */
export function l1Loss(input: Operand, target: Operand, options: LossOptions = {}): Tensor {
  return reduced(abs(sub(...pair("l1Loss", input, target))), options);
}

/** Huber (1964): ½d² where |d| < delta, else delta·(|d| − ½delta). */
export function huberLoss(
  input: Operand,
  target: Operand,
  { delta = 1, ...options }: LossOptions & { readonly delta?: number } = {},
): Tensor {
  const d = abs(sub(...pair("huberLoss", input, target)));
  const outside = mul(sub(d, delta / 2), delta);
  return reduced(where(less(d, delta), mul(square(d), 0.5), outside), options);
}

/** ½d²/beta where |d| < beta, else |d| − ½beta: huberLoss / beta. */
export function smoothL1Loss(
  input: Operand,
  target: Operand,
  { beta = 1, ...options }: LossOptions & { readonly beta?: number } = {},
): Tensor {
  return mul(huberLoss(input, target, { ...options, delta: beta }), 1 / beta);
}

/** −y·log p − (1−y)·log(1−p) of probabilities p; each log is clamped to −100, as in PyTorch. */
export function binaryCrossEntropy(input: Operand, target: Operand, options: LossOptions = {}): Tensor {
  const [p, y] = pair("binaryCrossEntropy", input, target);
  // log 0 is never taken: where the argument is gone, it is replaced before the log, so that no infinity enters the gradient.
  const safeLog = (t: Tensor): Tensor => {
    const gone = less(t, 1e-38);
    return where(gone, -100, log(where(gone, 1, t)));
  };
  return reduced(neg(add(mul(y, safeLog(p)), mul(sub(1, y), safeLog(sub(1, p))))), options);
}

/** The same from logits x, numerically stable: max(x, 0) − x·y + log(1 + e^−|x|); posWeight multiplies the term of y = 1. */
export function binaryCrossEntropyWithLogits(
  input: Operand,
  target: Operand,
  { posWeight, ...options }: LossOptions & { readonly posWeight?: Operand } = {},
): Tensor {
  const [x, y] = pair("binaryCrossEntropyWithLogits", input, target);
  // max(±x, 0) is (|x| ± x) / 2, whose gradient at 0 is the ½ of σ(0); relu's is 0.
  const size = abs(x);
  const tail = log(add(exp(neg(size)), 1));
  if (posWeight === undefined) return reduced(add(sub(mul(add(size, x), 0.5), mul(x, y)), tail), options);
  const weight = add(mul(sub(posWeight, 1), y), 1);
  return reduced(add(mul(sub(1, y), x), mul(weight, add(mul(sub(size, x), 0.5), tail))), options);
}

export interface ClassOptions extends LossOptions {
  /** Labels with this value are ignored (PyTorch's default is −100; here none by default). */
  readonly ignoreIndex?: number;
}

export interface CrossEntropyOptions extends ClassOptions {
  /** Mix the labels with the uniform distribution (Szegedy et al., 2016, section 7). */
  readonly labelSmoothing?: number;
}

/** One loss per label from log-probabilities [..., C] and labels [...]; the mean is over labels that are not ignored. */
function pickLabels(
  what: string,
  logits: Operand,
  labels: Operand,
  { ignoreIndex, ...options }: ClassOptions,
  lossOf: (logProbability: (label: Tensor) => Tensor, labels: Tensor) => Tensor,
): Tensor {
  const [x, y] = [asTensor(logits), asTensor(labels)];
  if (!sameShape(x.shape.slice(0, -1), y.shape))
    throw new UserError(
      `${what}: logits ${showShape(x.shape)} need labels ${showShape(x.shape.slice(0, -1))}, not ${showShape(y.shape)}`,
    );
  if (y.dtype !== "int32" && y.dtype !== "int64")
    throw new UserError(
      `${what}: labels are class indices, int32 or int64, not ${y.dtype}: pass an Int32Array, or cast(labels, "int32")`,
    );
  const at = (label: Tensor): Tensor => reshape(gatherElements(x, unsqueeze(label, -1), -1), y.shape);
  if (ignoreIndex === undefined) return reduced(lossOf(at, y), options);
  const counts = notEqual(y, ignoreIndex);
  const losses = where(counts, lossOf(at, where(counts, y, 0)), 0);
  if (options.reduction === "none" || options.reduction === "sum") return reduced(losses, options);
  // A batch in which all labels are ignored has loss 0 (NaN in PyTorch).
  return div(sum(losses), maximum(sum(cast(counts, "float32")), 1));
}

/** −log p[label] of log-probabilities [..., C] and integer labels [...]. */
export function nllLoss(input: Operand, labels: Operand, options: ClassOptions = {}): Tensor {
  return pickLabels("nllLoss", input, labels, options, (at, y) => neg(at(y)));
}

/**
 * Cross-entropy of logits [..., C] with integer labels [...], or with probabilities [..., C] (float32). For
 * PyTorch's [N, C, H, W] move the classes last.
 */
export function crossEntropy(
  logits: Operand,
  target: Operand,
  { labelSmoothing = 0, ...options }: CrossEntropyOptions = {},
): Tensor {
  const logp = logSoftmax(logits);
  const y = asTensor(target);
  const even = (): Tensor => neg(mean(logp, { axes: -1 }));
  const smooth = (loss: Tensor): Tensor =>
    labelSmoothing === 0 ? loss : add(mul(loss, 1 - labelSmoothing), mul(even(), labelSmoothing));
  const perClass = y.dtype === "float32" && sameShape(y.shape, logp.shape);
  if (!perClass && y.dtype === "float32" && !sameShape(y.shape, logp.shape.slice(0, -1)))
    throw new UserError(
      `crossEntropy: logits ${showShape(logp.shape)} need labels ${showShape(logp.shape.slice(0, -1))} (int32) or probabilities ${showShape(logp.shape)} (float32), not ${showShape(y.shape)}`,
    );
  if (!perClass) return pickLabels("crossEntropy", logp, y, options, (at, label) => smooth(neg(at(label))));
  return reduced(smooth(neg(sum(mul(y, logp), { axes: -1 }))), options);
}

export interface KlDivOptions {
  /** "batchmean" divides the sum by the first dimension: the divergence of each example, averaged. */
  readonly reduction?: Reduction | "batchmean";
  readonly logTarget?: boolean;
}

/** target·(log target − input): D(target ‖ e^input) elementwise, of log-probabilities `input`. */
export function klDiv(
  input: Operand,
  target: Operand,
  { reduction = "mean", logTarget = false }: KlDivOptions = {},
): Tensor {
  const [x, y] = pair("klDiv", input, target);
  let values: Tensor;
  if (logTarget) values = mul(exp(y), sub(y, x));
  else {
    // 0·log 0 is 0
    const positive = less(0, y);
    values = mul(y, sub(log(where(positive, y, 1)), x));
  }
  return reduction === "batchmean" ? mul(sum(values), 1 / (x.shape[0] ?? 1)) : reduced(values, { reduction });
}

export interface GaussianNllOptions extends LossOptions {
  /** Add the constant ½·log 2π. */
  readonly full?: boolean;
  /** The variance is clamped to at least this. */
  readonly eps?: number;
}

/** ½·(log σ² + (x − y)²/σ²) of means x and variances σ² (any shape that broadcasts). */
export function gaussianNllLoss(
  input: Operand,
  target: Operand,
  variance: Operand,
  { full = false, eps = 1e-6, ...options }: GaussianNllOptions = {},
): Tensor {
  const [x, y] = pair("gaussianNllLoss", input, target);
  const v = asTensor(variance);
  // Clamped in value only: the gradient passes through, as in PyTorch.
  const held = add(v, stopGradient(sub(maximum(v, eps), v)));
  const values = mul(add(log(held), div(square(sub(x, y)), held)), 0.5);
  return reduced(full ? add(values, 0.5 * Math.log(2 * Math.PI)) : values, options);
}
