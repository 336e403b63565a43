import { scalarOf } from "../../tensor/simplify.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { OPS, type Op } from "./arithmetic.ts";

/** Where numbers lie: a variable, or a value that is fed or that the rest of the graph computes. */
export type Source = Variable | Tensor;

/** A value's elements as an expression over numbers in memory. Equal expressions are one object. */
export interface Expression {
  readonly op: Op | "load" | "constant";
  readonly inputs: readonly Expression[];
  /** Whether it is one number for all elements. */
  readonly scalar: boolean;
  /** Of a constant. */
  readonly value?: number;
  /** Of a load. */
  readonly source?: Source;
  readonly offset?: number;
}

const takesMasks = (t: Tensor, input: number): boolean =>
  t.is("not") || t.is("and") || t.is("or") || (t.is("where") && input === 0);

/** The offset of a slice that is one stretch of memory. */
function offsetOf(t: Tensor<"slice">): number | undefined {
  const { starts, lengths, steps } = t.attrs;
  const { shape } = t.inputs[0]!;
  const first = lengths.findIndex((n) => n !== 1);
  const whole = shape.every((d, axis) => axis <= first || first < 0 || lengths[axis] === d);
  if (!whole || steps.some((s) => s !== 1)) return undefined;
  return shape.reduce((offset, d, axis) => offset * d + starts[axis]!, 0);
}

/** The pieces of a concatenation that is one stretch of memory. */
const endToEnd = (t: Tensor): t is Tensor<"concat"> =>
  t.is("concat") && t.shape.slice(0, t.attrs.axis).every((d) => d === 1);

/**
 * Sees tensors as rows of elements, through reshapes, pieces and concatenations, down to what is not elementwise. A number
 * that stands for all elements is part of an expression where it is made of state, feeds and constants; others are
 * left to the graph, as everything else is.
 */
export class Elements {
  readonly #known = new Map<string, Expression>();
  readonly #ids = new Map<object, number>();
  readonly #absorbed = new Map<string, boolean>();
  readonly #extents = new Map<string, number>();

  /** Whether anything would be gained: whether the value is more than a leaf that is computed elsewhere. */
  elementwise(t: Tensor): boolean {
    if (this.#absorbs(t, t.size === 1)) return true;
    if (t.is("state") || t.is("input") || t.is("random")) return t.dtype === "float32";
    if (t.is("constant")) return scalarOf(t) !== undefined;
    return this.#looksThrough(t) && t.inputs.some((x) => this.elementwise(x));
  }

  /** How many elements from `at` on are one expression: no more than `n`. */
  extent(t: Tensor, at: number, n: number): number {
    return n === 1 ? 1 : Math.min(n, this.#extent(t, at));
  }

  /** Elements at … at + n of a value; they must be one expression. */
  of(t: Tensor, at: number, n: number): Expression {
    const value = scalarOf(t);
    if (value !== undefined) return this.#number(value);
    const part = this.#behind(t, at, n === 1);
    if (part) return this.of(part.tensor, part.at, n);
    if (this.#absorbs(t, n === 1)) {
      const inputs = t.inputs.map((x) => this.of(x, x.size === 1 ? 0 : at, n));
      if (!t.is("clamp")) return this.#of(t.op as Op, inputs);
      const { low, high } = t.attrs;
      return this.#of("minimum", [this.#of("maximum", [...inputs, this.#number(low)]), this.#number(high)]);
    }
    const source = t.is("state") ? t.attrs.variable : t;
    return this.#one({ op: "load", inputs: [], scalar: t.size === 1 && n > 1, source, offset: at });
  }

  /** Where the elements of a value lie, if it is one stretch of a source as it is. */
  stretch(t: Tensor): { source: Source; offset: number } | undefined {
    if (t.dtype !== "float32" || t.size === 0 || this.extent(t, 0, t.size) < t.size) return undefined;
    const { op, source, offset } = this.of(t, 0, t.size);
    return op === "load" ? { source: source!, offset: offset! } : undefined;
  }

  #extent(t: Tensor, at: number): number {
    if (t.size === 1) return Number.POSITIVE_INFINITY;
    const key = `${t.id} ${at}`;
    const have = this.#extents.get(key);
    if (have !== undefined) return have;
    const part = this.#behind(t, at, false);
    const inner = part
      ? [this.#extent(part.tensor, part.at), part.end - at]
      : this.#absorbs(t, false)
        ? t.inputs.map((x) => this.#extent(x, at))
        : [];
    const extent = Math.min(t.size - at, ...inner);
    this.#extents.set(key, extent);
    return extent;
  }

  /** Where an element of a value lies that is only another value's elements in another shape or place; `end`: until where. */
  #behind(t: Tensor, at: number, alone: boolean): { tensor: Tensor; at: number; end: number } | undefined {
    if (!this.#looksThrough(t) || (t.size === 1 && t.inputs[0]!.size > 1 && !alone)) return undefined;
    if (endToEnd(t)) {
      let end = 0;
      for (const tensor of t.inputs) {
        const begin = end;
        end += tensor.size;
        if (at < end) return { tensor, at: at - begin, end };
      }
    }
    const tensor = t.inputs[0]!;
    const begin = t.is("slice") ? offsetOf(t)! : 0;
    return { tensor, at: tensor.size === 1 ? 0 : begin + at, end: t.size };
  }

  #looksThrough(t: Tensor): boolean {
    const [a] = t.inputs;
    if (t.dtype !== "float32") return false;
    if (t.is("reshape") || t.is("stopGradient")) return true;
    if (t.is("broadcastTo")) return a!.size === 1 || a!.size === t.size;
    // A piece of what is computed elsewhere is cut there: the rest of it need not come.
    if (t.is("slice")) return offsetOf(t) !== undefined && this.elementwise(a!);
    return endToEnd(t);
  }

  #absorbs(t: Tensor, alone: boolean): boolean {
    if (!(t.op in OPS || t.is("clamp"))) return false;
    const key = `${t.id} ${alone}`;
    const have = this.#absorbed.get(key);
    if (have !== undefined) return have;
    const fits = t.inputs.every(
      (x, i) =>
        (x.size === t.size || x.size === 1) &&
        (takesMasks(t, i) ? this.#absorbs(x, alone) : x.dtype === "float32") &&
        (t.size > 1 || alone || this.#known1(x)),
    );
    this.#absorbed.set(key, fits);
    return fits;
  }

  /** Whether one number is made of state, feeds and constants. */
  #known1(t: Tensor): boolean {
    if (t.size > 1) return false;
    if (t.inputs.length === 0) return true;
    return this.#looksThrough(t) ? t.inputs.every((x) => this.#known1(x)) : this.#absorbs(t, false);
  }

  #number(value: number): Expression {
    return this.#one({ op: "constant", inputs: [], scalar: true, value });
  }

  #of(op: Op, inputs: readonly Expression[]): Expression {
    return this.#one({ op, inputs, scalar: inputs.every((x) => x.scalar) });
  }

  #one(made: Expression): Expression {
    const { op, inputs, scalar, value, source, offset } = made;
    const shown = Object.is(value, -0) ? "-0" : String(value);
    const about = op === "constant" ? shown : op === "load" ? `${this.#id(source!)} ${offset} ${scalar}` : "";
    const key = `${op} ${about} ${inputs.map((x) => this.#id(x)).join()}`;
    const have = this.#known.get(key) ?? made;
    this.#known.set(key, have);
    return have;
  }

  #id(object: object): number {
    const have = this.#ids.get(object) ?? this.#ids.size;
    this.#ids.set(object, have);
    return have;
  }
}
