import { nodesOf } from "../graph.ts";
import { add, matmul, mul, neg, reshape, sub, sum, zeros } from "../ops.ts";
import type { OpName, Tensor } from "../tensor.ts";
import { argument, type Made } from "./body.ts";

/** A sum over the steps, once the loop is there. */
type Sum = (made: Made) => Tensor;

interface Around {
  /** Leaves that differ from step to step. */
  readonly varying: readonly Tensor[];
  readonly slices: readonly { readonly leaf: Tensor }[];
  readonly length: number;
  readonly outputs: readonly Tensor[];
  /** Makes a value an output of the step. */
  readonly out: (t: Tensor) => Tensor;
  /** What the loop carries, to which running sums are added. */
  readonly carried: { leaf: Tensor; start: Tensor; end: Tensor }[];
}

const LINEAR = new Set<OpName>(["add", "sub", "neg", "reshape"]);

/** What may be stacked for a product after the loop, as a part of the product's size. */
const LITTLE = 1 / 4;

/** aᵀ·b of two matrices: summed over the steps, one product of all rows of all steps. */
const isProduct = (t: Tensor): t is Tensor<"matmul"> =>
  t.is("matmul") && t.attrs.transA && !t.attrs.transB && t.inputs.every((x) => x.rank === 2);

/**
 * Values of a step, each summed over all steps: the gradients of what the loop captured. The gradient of a weight is a
 * product for each step, and their sum one large product after the loop, of the stacked operands, where little has to be
 * stacked for it: beside adding the products up in what the loop carries, a step of a GRU took 0.8 of the time where it was
 * a sixteenth of the product, and 1.15 where it was half. What leaves the loop is also summed after it, for a bias.
 */
export function overSteps(values: readonly (Tensor | undefined)[], around: Around): (Sum | undefined)[] {
  const { length, out, outputs, carried } = around;
  const varying = new Set(around.varying);
  for (const t of nodesOf(values.filter((v) => v !== undefined)))
    if (t.inputs.some((i) => varying.has(i))) varying.add(t);

  const outside = new Set(around.slices.map((s) => s.leaf));
  const register = (t: Tensor): void => {
    if (isProduct(t) && t.inputs.every((x) => varying.has(x))) {
      const more = t.inputs.filter((x) => !outside.has(x) && !outputs.includes(x));
      if (more.reduce((n, x) => n + x.size, 0) <= LITTLE * t.size) t.inputs.forEach(out);
    } else if (LINEAR.has(t.op) && varying.has(t)) t.inputs.forEach(register);
  };
  const summed = (t: Tensor): Sum => {
    const [a, b] = t.inputs as [Tensor, Tensor];
    if (!varying.has(t)) return () => mul(t, length);
    if (isProduct(t) && t.inputs.every((x) => outputs.includes(x) || !varying.has(x))) {
      const { alpha } = t.attrs;
      const product = (x: Tensor, y: Tensor): Tensor => matmul(x, y, { transA: true, alpha });
      if (!varying.has(a))
        return (
          (s) => (made) =>
            product(a, s(made))
        )(summed(b));
      if (!varying.has(b))
        return (
          (s) => (made) =>
            product(s(made), b)
        )(summed(a));
      const rows = (x: Tensor, made: Made): Tensor => reshape(made.stacked(x), [-1, x.shape[1]!]);
      return (made) => product(rows(a, made), rows(b, made));
    }
    if (t.is("neg"))
      return (
        (s) => (made) =>
          neg(s(made))
      )(summed(a));
    if (t.is("reshape"))
      return (
        (s) => (made) =>
          reshape(s(made), t.shape)
      )(summed(a));
    if (t.is("add") || t.is("sub")) {
      const op = t.is("add") ? add : sub;
      const [left, right] = [summed(a), summed(b)];
      return (made) => op(left(made), right(made));
    }
    if (t.is("sum") && outputs.includes(a)) {
      const axes = [0, ...t.attrs.axes.map((axis) => axis + 1)];
      return (made) => reshape(sum(made.stacked(a), { axes }), t.shape);
    }
    const leaf = argument(t);
    const at = carried.push({ leaf, start: zeros(t.shape), end: add(leaf, t) }) - 1;
    return (made) => made.finals[at]!;
  };
  for (const t of values) if (t) register(t);
  return values.map((t) => t && summed(t));
}
