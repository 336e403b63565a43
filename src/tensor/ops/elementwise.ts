import { allocate, type DType } from "../dtype.ts";
import { arrayName, filled, fromNested, isNdArray, type NdArray, type Nested } from "../ndarray.ts";
import type { Peers } from "../primitive.ts";
import type { Distribution, Key } from "../random.ts";
import type { Shape } from "../shape.ts";
import { apply, Tensor } from "../tensor.ts";
import { readVariable } from "../trace.ts";
import { Variable } from "../variable.ts";

/** What an operation accepts: a tensor, a variable (its current value), host values, or a number. */
export type Operand = Tensor | Variable | NdArray | number;

/** A tensor of fixed values. A number becomes a scalar of `dtype`. */
export function constant(value: number | NdArray, dtype: DType = "float32"): Tensor {
  if (typeof value !== "number") return new Tensor("constant", [], { value }, value.shape, value.dtype);
  return constant(filled([], value, dtype));
}

/** A tensor of fixed values from nested numbers: `tensor([[1, 2], [3, 4]])`. */
export function tensor(values: Nested, dtype?: DType): Tensor {
  return constant(fromNested(values, dtype));
}

/** 0, 1, … length-1. */
export function arange(length: number, dtype: "int32" | "float32" = "int32"): Tensor {
  const data = allocate(dtype, length);
  for (let i = 0; i < length; i++) data[i] = i;
  return constant({ data, shape: [length], dtype } as NdArray);
}

const random =
  (distribution: Distribution, dtype: DType) =>
  (key: Key, shape: Shape): Tensor =>
    new Tensor("random", [], { key, distribution }, shape, dtype);

/** N(0, 1) values, a pure function of the key. */
export const normal = random("normal", "float32");
/** U[0, 1) values, a pure function of the key. */
export const uniform = random("uniform", "float32");
/** 32 random bits an element, as int32. */
export const randomBits = random("bits", "int32");
/** Bools, true with probability keep / 256 (an integer from 0 to 255): four draws from one random word. */
export function randomMask(key: Key, keep: number, shape: Shape): Tensor {
  if (!(Number.isInteger(keep) && keep >= 0 && keep <= 255))
    throw new RangeError(`randomMask: keep counts 256ths, an integer from 0 to 255, not ${keep}`);
  return random({ keep }, "bool")(key, shape);
}

export function asTensor(x: Operand, like: DType = "float32"): Tensor {
  if (x instanceof Tensor) return x;
  if (x instanceof Variable) return readVariable(x);
  if (typeof x === "number") return constant(x, like === "bool" || like === "uint8" ? "float32" : like);
  if (isNdArray(x)) return constant(x);
  const got = Array.isArray(x)
    ? `an array of ${(x as unknown[]).length}: tensor([1, 2]) makes one of numbers, stack(list) of tensors`
    : arrayName(x);
  throw new TypeError(`a tensor, a variable, an array or a number was expected, not ${got}`);
}

type UnaryName = "neg" | "exp" | "log" | "sqrt" | "abs" | "sign" | "sin" | "cos" | "tanh" | "sigmoid" | "erf" | "floor" | "relu" | "silu" | "gelu" | "softplus" | "not" | "stopGradient"; // biome-ignore format: a list of names
const unary =
  (op: UnaryName) =>
  (x: Operand): Tensor =>
    apply(op as "neg", [asTensor(x)], {});

export const neg = unary("neg");
export const exp = unary("exp");
export const log = unary("log");
export const sqrt = unary("sqrt");
export const abs = unary("abs");
export const sign = unary("sign");
export const sin = unary("sin");
export const cos = unary("cos");
export const tanh = unary("tanh");
export const sigmoid = unary("sigmoid");
export const erf = unary("erf");
export const floor = unary("floor");
export const relu = unary("relu");
/** x·σ(x), also called swish. */
export const silu = unary("silu");
/** x·Φ(x), exact (with erf); see geluTanh for the approximation that GPT-2 and DiT use. */
export const gelu = unary("gelu");
/** log(1 + eˣ) */
export const softplus = unary("softplus");
export const not = unary("not");
/** The value, with no gradient through it. */
export const stopGradient = unary("stopGradient");

/** The mean over processes that compute the same function, such as the ranks of a training. */
export const acrossPeers = (x: Operand, peers: Peers): Tensor =>
  apply("acrossPeers", [asTensor(x)], { peers });

type BinaryName = "add" | "sub" | "mul" | "div" | "pow" | "maximum" | "minimum" | "equal" | "less" | "lessEqual" | "and" | "or"; // biome-ignore format: a list of names
const binary =
  (op: BinaryName) =>
  (a: Operand, b: Operand): Tensor => {
    const left = typeof a === "number" ? undefined : asTensor(a);
    const right = asTensor(b, left?.dtype);
    return apply(op as "add", [left ?? asTensor(a, right.dtype), right], {});
  };

export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const div = binary("div");
export const pow = binary("pow");
export const maximum = binary("maximum");
export const minimum = binary("minimum");
export const equal = binary("equal");
export const less = binary("less");
export const lessEqual = binary("lessEqual");
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);
export const greaterEqual = (a: Operand, b: Operand): Tensor => lessEqual(b, a);
export const notEqual = (a: Operand, b: Operand): Tensor => not(equal(a, b));
export const and = binary("and");
export const or = binary("or");

/** a where the condition holds, b elsewhere. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const left = typeof a === "number" ? undefined : asTensor(a);
  const right = asTensor(b, left?.dtype);
  return apply("where", [condition, left ?? asTensor(a, right.dtype), right], {});
}

export function cast(x: Operand, dtype: DType): Tensor {
  const t = asTensor(x);
  return t.dtype === dtype ? t : apply("cast", [t], { dtype });
}

/** x, but `low` where it is less and `high` where it is more; the gradient passes between them, and at both, as PyTorch's does. */
export function clamp(x: Operand, low: number, high: number): Tensor {
  const t = asTensor(x);
  return t.dtype === "float32" ? apply("clamp", [t], { low, high }) : minimum(maximum(t, low), high);
}
