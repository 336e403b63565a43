import { constant } from "../ops/elementwise.ts";
import { reshape } from "../ops/shaping.ts";
import { sameShape, showShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { unassigning } from "../trace.ts";
import { argument, loopOf } from "./body.ts";

/** Tensors in arrays and objects, to any depth; undefined is none. */
export type Tree = Tensor | undefined | readonly Tree[] | { readonly [name: string]: Tree };

export interface ScanOptions {
  /** From the last step to the first; outputs lie where their step's inputs lie. */
  readonly reverse?: boolean;
  /** How many steps: needed where `xs` is undefined. */
  readonly length?: number;
}

/**
 * A loop as one node of the graph, as jax.lax.scan is. `step` takes what the step before it carries on and this step's
 * slice of `xs`, whose tensors have the steps along their first axis, [T, ...]; it returns what it carries on, with the
 * names, shapes and dtypes of what it was given, and an output or undefined. Gives what the last step carries on, and
 * the outputs of all steps stacked, [T, ...].
 *
 *     const [total, sums] = scan((sum, x) => [sum.add(x), sum.add(x)], zeros([3]), x); // x [T, 3]
 *
 * `step` is traced once, however many steps there are, and may use values from outside: parameters, tensors. It must not
 * assign variables. A random draw in it is made anew at each step, from its one key: it is row t of one draw for all steps.
 * Gradients pass through, and gradients of gradients; the backward pass is a loop in the other direction, which
 * keeps what it needs of every step.
 */
export function scan<C extends Tree, X extends Tree, Y extends Tree>(
  step: (carried: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [carried: C, outputs: Y] {
  const { reverse = false } = options;
  const start = leavesOf(init, "init");
  const whole = leavesOf(xs, "xs");
  const length = lengthOf(whole, options.length);
  const take = (carried: readonly Tensor[], slices: readonly Tensor[]): { ends: Tensor[]; output: Y } => {
    const result = unassigning(
      "the step of a scan cannot assign; carry the value, and assign it afterwards",
      () => step(filled(init, carried), filled(xs, slices)),
    );
    if (!Array.isArray(result) || result.length !== 2)
      throw new TypeError("scan: the step must return [what it carries on, its output or undefined]");
    const [next, output] = result as readonly [C, Y];
    return { ends: alike(start, leavesOf(next, "init")), output };
  };

  if (length === 1) {
    // A loop of one step is its step.
    const { ends, output } = take(
      start.map(({ value }) => value),
      whole.map(({ value }) => reshape(value, value.shape.slice(1))),
    );
    const outputs = leavesOf(output, "output").map(({ value }) => reshape(value, [1, ...value.shape]));
    return [filled(init, ends), filled(output, outputs)];
  }
  const since = constant(0);
  const carried = start.map(({ value }) => argument(value));
  const slices = whole.map(({ value: { shape, dtype } }) => argument({ shape: shape.slice(1), dtype }));
  const { ends, output } = take(carried, slices);
  const outputs = leavesOf(output, "output").map(({ value }) => value);
  const made = loopOf({
    carried: start.map(({ value }, i) => ({ leaf: carried[i]!, start: value, end: ends[i]! })),
    slices: whole.map(({ value }, i) => ({ leaf: slices[i]!, all: value })),
    outputs,
    length,
    reverse,
    since,
  });
  return [filled(init, made.finals), filled(output, outputs.map(made.stacked))];
}

interface Leaf {
  readonly path: string;
  readonly value: Tensor;
}

function leavesOf(tree: Tree, path: string): Leaf[] {
  if (tree === undefined) return [];
  if (tree instanceof Tensor) return [{ path, value: tree }];
  if (Array.isArray(tree)) return tree.flatMap((t: Tree, i) => leavesOf(t, `${path}[${i}]`));
  if (typeof tree === "object" && tree !== null && Object.getPrototypeOf(tree) === Object.prototype)
    return Object.entries(tree).flatMap(([name, t]) => leavesOf(t as Tree, `${path}.${name}`));
  throw new TypeError(
    `scan: ${path} is not a tensor; it takes tensors, in arrays and objects: asTensor(x) makes one of a variable, an array or a number`,
  );
}

/** The same tree with other tensors, in the order of `leavesOf`. */
function filled<T extends Tree>(tree: T, tensors: readonly Tensor[]): T {
  let next = 0;
  const fill = (t: Tree): Tree =>
    t === undefined
      ? undefined
      : t instanceof Tensor
        ? tensors[next++]
        : Array.isArray(t)
          ? t.map(fill)
          : Object.fromEntries(Object.entries(t).map(([name, inner]) => [name, fill(inner as Tree)]));
  return fill(tree) as T;
}

function lengthOf(xs: readonly Leaf[], asked: number | undefined): number {
  const lengths = xs.map(({ path, value }) => ({ path, steps: value.shape[0] }));
  const [first] = lengths;
  for (const { path, steps } of lengths) {
    if (steps === undefined)
      throw new TypeError(`scan: ${path} is one number; it needs the steps along its first axis`);
    if (steps !== first!.steps)
      throw new TypeError(
        `scan: ${first!.path} has ${first!.steps} steps along its first axis, but ${path} has ${steps}`,
      );
  }
  const length = first?.steps ?? asked;
  if (length === undefined) throw new TypeError("scan: without xs it needs a length: { length: 10 }");
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`scan: length is a number of steps, an integer of 1 or more, not ${length}`);
  if (asked !== undefined && asked !== length)
    throw new TypeError(
      `scan: length is ${asked}, but ${first!.path} has ${length} steps along its first axis`,
    );
  return length;
}

/** What a step carries on, in the order of what it was given, which it must be like. */
function alike(given: readonly Leaf[], next: readonly Leaf[]): Tensor[] {
  const show = ({ dtype, shape }: Tensor): string => `${dtype}${showShape(shape)}`;
  const ends = given.map(({ path, value }) => {
    const end = next.find((n) => n.path === path)?.value;
    if (!end || end.dtype !== value.dtype || !sameShape(end.shape, value.shape))
      throw new TypeError(
        `scan: the step makes of ${path} ${end ? show(end) : "nothing"}; it was given ${show(value)}, and must give the same`,
      );
    return end;
  });
  const more = next.find(({ path }) => !given.some((g) => g.path === path));
  if (more) throw new TypeError(`scan: the step carries on ${more.path}, which it was not given`);
  return ends;
}
