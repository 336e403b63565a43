import { UserError } from "../errors.ts";
import { isNdArray } from "../tensor/ndarray.ts";
import { constant } from "../tensor/ops.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { withTrace } from "../tensor/trace.ts";
import { Variable } from "../tensor/variable.ts";
import { Module, Parameter } from "./module.ts";

/**
 * A table of a module's layers: name, class, output shape, and number of parameters (including those of its
 * sub-modules). Shapes are shown where `inputs`, the arguments of the module's forward, are given as tensors or arrays:
 * `summary(net, zeros([1, 3, 32, 32]))`. Nothing is computed, and no parameter needs a value.
 *
 *     Layer  Type        Output     Parameters
 *            Sequential  [1, 10]       101,770
 *     0      Linear      [1, 128]      100,480
 *     2      Linear      [1, 10]         1,290
 *
 *     101,770 parameters, 407 kB
 */
export function summary(module: Module, ...inputs: readonly unknown[]): string {
  const layers = layersOf(module);
  const shapes = inputs.length > 0 ? shapesOf(module, layers, inputs) : undefined;
  const rows = [...layers].map(([layer, name]) => [
    name,
    layer.constructor.name,
    ...(shapes ? [shapes.get(layer) ?? ""] : []),
    count(layer.parameterCount),
  ]);
  const variables = module.variables().map(([, variable]) => variable);
  const buffers = variables.filter((v) => !(v instanceof Parameter)).reduce((n, v) => n + v.size, 0);
  const total =
    `${count(module.parameterCount)} parameters, ${bytes(4 * module.parameterCount)}` +
    (buffers > 0 ? `; ${count(buffers)} numbers that are kept and not trained` : "");
  const header = ["Layer", "Type", ...(shapes ? ["Output"] : []), "Parameters"];
  return `${table([header, ...rows])}\n\n${total}`;
}

/** The module and its sub-modules by path; a shared one under its first. */
function layersOf(root: Module): Map<Module, string> {
  const found = new Map<Module, string>();
  const visit = (path: string, value: unknown): void => {
    const children: Iterable<readonly [string | number, unknown]> =
      value instanceof Module ? value.children() : Array.isArray(value) ? value.entries() : [];
    if (value instanceof Module) {
      if (found.has(value)) return;
      found.set(value, path);
    }
    for (const [name, child] of children)
      if (!(child instanceof Variable)) visit(path ? `${path}.${name}` : String(name), child);
  };
  visit("", root);
  return found;
}

type Forward = (...args: readonly unknown[]) => unknown;

/** Each layer's output shape when the inputs are traced through the module; of its last use where it has several. */
function shapesOf(
  module: Module,
  layers: ReadonlyMap<Module, string>,
  inputs: readonly unknown[],
): Map<Module, string> {
  const shapes = new Map<Module, string>();
  const { forward } = module as unknown as { readonly forward?: Forward };
  if (!forward)
    throw new UserError(
      `summary: ${module.constructor.name} has no forward to pass the inputs to; leave them out`,
    );
  const watched = [...layers.keys()].filter((layer) => "forward" in layer);
  for (const layer of watched) {
    const own = (layer as unknown as { forward: Forward }).forward;
    const value: Forward = (...args) => {
      const out = own.apply(layer, args as unknown[]);
      shapes.set(layer, show(out));
      return out;
    };
    Object.defineProperty(layer, "forward", { value, configurable: true });
  }
  try {
    const args = inputs.map((input) =>
      isNdArray(input) && !(input instanceof Tensor) ? constant(input) : input,
    );
    withTrace(() => (module as unknown as { forward: Forward }).forward(...args));
  } finally {
    for (const layer of watched) delete (layer as unknown as { forward?: Forward }).forward;
  }
  return shapes;
}

/** Shapes of the tensors that a forward returns, by name where they have one. */
function show(out: unknown): string {
  if (out instanceof Tensor) return showShape(out.shape);
  if (Array.isArray(out)) return out.map(show).join(" ");
  if (typeof out === "object" && out !== null)
    return Object.entries(out)
      .map(([name, part]) => `${name} ${show(part)}`)
      .join(", ");
  return "";
}

const count = (n: number): string => n.toLocaleString("en-US");

function bytes(n: number): string {
  if (n < 1e3) return `${n} bytes`;
  const [size, unit] = n < 1e6 ? [n / 1e3, "kB"] : n < 1e9 ? [n / 1e6, "MB"] : [n / 1e9, "GB"];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

/** Rows in aligned columns; the last column, of numbers, is right-aligned. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ");
  return rows.map(line).join("\n");
}
