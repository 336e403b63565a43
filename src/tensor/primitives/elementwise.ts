import type { DType } from "../dtype.ts";
import {
  acrossPeers,
  add,
  cast,
  cos,
  div,
  equal,
  erf,
  exp,
  less,
  log,
  mul,
  neg,
  pow,
  reshape,
  sigmoid,
  sign,
  sin,
  sub,
  sumKeep,
  where,
} from "../ops.ts";
import { broadcastShapes, sameShape } from "../shape.ts";
import type { Attributes, OpName, Primitive, Tensor } from "../tensor.ts";

const NUMERIC: readonly DType[] = ["float32", "int32", "int64"];
const FLOAT: readonly DType[] = ["float32"];
const BOOL: readonly DType[] = ["bool"];
const ANY: readonly DType[] = ["float32", "int32", "int64", "bool", "uint8"];

export function requireDtype(op: string, tensors: readonly Tensor[], allowed: readonly DType[]): DType {
  const dtype = tensors[0]!.dtype;
  for (const t of tensors) {
    if (!allowed.includes(t.dtype))
      throw new TypeError(`${op}: works on ${allowed.join(", ")}, not ${t.dtype}; cast it first`);
    if (t.dtype !== dtype)
      throw new TypeError(`${op}: the operands are ${dtype} and ${t.dtype}; cast one of them`);
  }
  return dtype;
}

/** Sum a cotangent back to the shape that broadcasting started from. */
export function unbroadcast(g: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.rank - shape.length;
  const axes = g.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  return reshape(sumKeep(g, axes), shape);
}

type Rule = (g: Tensor, out: Tensor, x: Tensor) => Tensor;

function unary<K extends OpName>(op: K, allowed: readonly DType[], vjp?: Rule): Primitive<K> {
  return {
    infer: ([x]) => ({ shape: x!.shape, dtype: requireDtype(op, [x!], allowed) }),
    ...(vjp && { vjp: (g, out, [x]) => [vjp(g, out, x!)] }),
  };
}

type PairRule = (g: Tensor, out: Tensor, a: Tensor, b: Tensor) => [Tensor, Tensor];

function binary<K extends OpName>(
  op: K,
  allowed: readonly DType[],
  result?: DType,
  vjp?: PairRule,
): Primitive<K> {
  return {
    infer: (inputs) => {
      const dtype = requireDtype(op, inputs, allowed);
      return { shape: broadcastShapes(op, ...inputs.map((t) => t.shape)), dtype: result ?? dtype };
    },
    ...(vjp && {
      vjp: (g, out, [a, b]) => {
        const [ga, gb] = vjp(g, out, a!, b!);
        return [unbroadcast(ga, a!.shape), unbroadcast(gb, b!.shape)];
      },
    }),
  };
}

/** What of g goes where a > b, and what is left for elsewhere; an exact tie shares it, as PyTorch does. */
function split(g: Tensor, a: Tensor, b: Tensor): [Tensor, Tensor] {
  const won = mul(g, add(cast(less(b, a), "float32"), mul(cast(equal(a, b), "float32"), 0.5)));
  return [won, sub(g, won)];
}

export const elementwise = {
  neg: unary("neg", NUMERIC, (g) => neg(g)),
  exp: unary("exp", FLOAT, (g, y) => mul(g, y)),
  log: unary("log", FLOAT, (g, _, x) => div(g, x)),
  sqrt: unary("sqrt", FLOAT, (g, y) => div(mul(g, 0.5), y)),
  abs: unary("abs", NUMERIC, (g, _, x) => mul(g, sign(x))),
  sign: unary("sign", NUMERIC, (g) => mul(g, 0)),
  sin: unary("sin", FLOAT, (g, _, x) => mul(g, cos(x))),
  cos: unary("cos", FLOAT, (g, _, x) => neg(mul(g, sin(x)))),
  tanh: unary("tanh", FLOAT, (g, y) => mul(g, sub(1, mul(y, y)))),
  sigmoid: unary("sigmoid", FLOAT, (g, y) => mul(g, mul(y, sub(1, y)))),
  erf: unary("erf", FLOAT, (g, _, x) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  floor: unary("floor", FLOAT, (g) => mul(g, 0)),
  relu: unary("relu", FLOAT, (g, y) => where(less(0, y), g, 0)),
  // d(x·σ(x)) = σ + y·(1 − σ)
  silu: unary("silu", FLOAT, (g, y, x) => {
    const s = sigmoid(x);
    return mul(g, add(s, mul(y, sub(1, s))));
  }),
  // d(x·Φ(x)) = Φ(x) + x·φ(x) = ½(1 + erf u + 2/√π·u·e^−u²) with u = x/√2
  gelu: unary("gelu", FLOAT, (g, _, x) => {
    const u = mul(x, Math.SQRT1_2);
    const bump = mul(u, exp(sub(Math.log(2 / Math.sqrt(Math.PI)), mul(u, u))));
    // The half goes to g, which is often a product and takes it in for nothing.
    return mul(mul(g, 0.5), add(add(erf(u), bump), 1));
  }),
  softplus: unary("softplus", FLOAT, (g, _, x) => mul(g, sigmoid(x))),
  clamp: {
    infer: ([x]) => ({ shape: x!.shape, dtype: requireDtype("clamp", [x!], FLOAT) }),
    vjp: (g, y, [x]) => [mul(g, cast(equal(y, x!), "float32"))],
  } satisfies Primitive<"clamp">,
  not: unary("not", BOOL),

  add: binary("add", NUMERIC, undefined, (g) => [g, g]),
  sub: binary("sub", NUMERIC, undefined, (g) => [g, neg(g)]),
  mul: binary("mul", NUMERIC, undefined, (g, _, a, b) => [mul(g, b), mul(g, a)]),
  div: binary("div", NUMERIC, undefined, (g, y, _, b) => {
    const ga = div(g, b);
    return [ga, neg(mul(ga, y))];
  }),
  pow: binary("pow", FLOAT, undefined, (g, y, a, b) => [
    mul(g, mul(b, pow(a, sub(b, 1)))),
    // lim a→0 of a^b·ln a is 0 for b > 0: keep log away from zero
    mul(g, mul(y, log(where(less(0, a), a, 1)))),
  ]),
  maximum: binary("maximum", NUMERIC, undefined, (g, _, a, b) => split(g, a, b)),
  minimum: binary("minimum", NUMERIC, undefined, (g, _, a, b) => split(g, b, a)),
  equal: binary("equal", ANY, "bool"),
  less: binary("less", NUMERIC, "bool"),
  lessEqual: binary("lessEqual", NUMERIC, "bool"),
  and: binary("and", BOOL),
  or: binary("or", BOOL),

  where: {
    infer: ([c, a, b]) => {
      requireDtype("where (condition)", [c!], BOOL);
      const dtype = requireDtype("where", [a!, b!], ["float32", "int32", "int64", "uint8"]);
      return { shape: broadcastShapes("where", c!.shape, a!.shape, b!.shape), dtype };
    },
    vjp: (g, _, [c, a, b]) => [
      undefined,
      unbroadcast(where(c!, g, 0), a!.shape),
      unbroadcast(where(c!, 0, g), b!.shape),
    ],
  } satisfies Primitive<"where">,

  cast: {
    infer: ([x], { dtype }: Attributes["cast"]) => ({ shape: x!.shape, dtype }),
    vjp: (g, _, [x]) => [x!.dtype === "float32" ? g : undefined],
  } satisfies Primitive<"cast">,

  stopGradient: {
    infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
    vjp: () => [undefined],
  } satisfies Primitive<"stopGradient">,

  /**
   * y = (1/n) Σ xᵣ on every process r, whose loss is (1/n) Σ Lᵣ: what passes back to xᵣ, in units of Lᵣ, is again the mean over
   * processes, of ∂Lᵣ/∂y.
   */
  acrossPeers: {
    infer: ([x]) => ({ shape: x!.shape, dtype: requireDtype("acrossPeers", [x!], ["float32"]) }),
    vjp: (g, _, __, { peers }) => [acrossPeers(g, peers)],
  } satisfies Primitive<"acrossPeers">,
};
