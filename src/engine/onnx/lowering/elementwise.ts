import { UserError } from "../../../errors.ts";
import { CONTRIB, onnxType } from "../builder.ts";
import type { Context, Lowerings } from "./context.ts";

const same =
  (op: string) =>
  (_: unknown, inputs: readonly string[], { model }: Context): string =>
    model.node(op, inputs)[0]!;

export const elementwise: Lowerings<
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "abs"
  | "sign"
  | "sin"
  | "cos"
  | "tanh"
  | "sigmoid"
  | "erf"
  | "floor"
  | "relu"
  | "silu"
  | "gelu"
  | "softplus"
  | "clamp"
  | "not"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pow"
  | "maximum"
  | "minimum"
  | "equal"
  | "less"
  | "lessEqual"
  | "and"
  | "or"
  | "where"
  | "cast"
  | "stopGradient"
  | "acrossPeers" // biome-ignore format: a list of names
> = {
  neg: same("Neg"),
  exp: same("Exp"),
  log: same("Log"),
  sqrt: same("Sqrt"),
  abs: same("Abs"),
  // [x > 0] − [x < 0]
  sign: (t, [x], { model, target }) => {
    if (!target.missing.has("Sign") || t.dtype !== "float32") return model.node("Sign", [x!])[0]!;
    const sides = ["Greater", "Less"].map((op) => {
      const [side] = model.node(op, [x!, model.float(0)]);
      return model.node("Cast", [side!], { to: { int: onnxType("float32") } })[0]!;
    });
    return model.node("Sub", sides)[0]!;
  },
  sin: same("Sin"),
  cos: same("Cos"),
  tanh: same("Tanh"),
  sigmoid: same("Sigmoid"),
  erf: same("Erf"),
  floor: same("Floor"),
  relu: same("Relu"),
  silu: (_, [x], { model, target }) =>
    target.contrib
      ? model.node("QuickGelu", [x!], { alpha: { float: 1 } }, { domain: CONTRIB })[0]!
      : model.node("Mul", [x!, ...model.node("Sigmoid", [x!])])[0]!,
  gelu: (_, [x], { model }) => model.node("Gelu", [x!])[0]!,
  // m + log(e^−m + e^(x − m)) with m = max(x, 0)
  softplus: (_, [x], { model, target }) => {
    if (!target.missing.has("Softplus")) return model.node("Softplus", [x!])[0]!;
    const [m] = model.node("Relu", [x!]);
    const sides = [model.node("Neg", [m!]), model.node("Sub", [x!, m!])];
    const sum = model.node(
      "Add",
      sides.map((side) => model.node("Exp", side)[0]!),
    );
    return model.node("Add", [m!, ...model.node("Log", sum)])[0]!;
  },
  clamp: ({ attrs: { low, high } }, [x], { model }) =>
    model.node("Clip", [x!, model.float(low), model.float(high)])[0]!,
  not: same("Not"),
  add: same("Add"),
  sub: same("Sub"),
  mul: same("Mul"),
  div: same("Div"),
  pow: same("Pow"),
  maximum: same("Max"),
  minimum: same("Min"),
  equal: same("Equal"),
  less: same("Less"),
  lessEqual: same("LessOrEqual"),
  and: same("And"),
  // ¬(¬a ∧ ¬b)
  or: (_, inputs, { model, target }) => {
    if (!target.missing.has("Or")) return model.node("Or", inputs)[0]!;
    const neither = model.node(
      "And",
      inputs.flatMap((x) => model.node("Not", [x])),
    );
    return model.node("Not", neither)[0]!;
  },
  where: same("Where"),
  cast: (t, [x], { model }) => model.node("Cast", [x!], { to: { int: onnxType(t.attrs.dtype) } })[0]!,
  stopGradient: same("Identity"),
  acrossPeers: () => {
    throw new UserError(
      "a mean over processes cannot be part of one program: it is for training, where the program is cut there",
    );
  },
};
