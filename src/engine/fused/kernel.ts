import { assemble, type Code, Func, f32x4, i32, i32x4, v128 } from "../../wasm/assembler.ts";
import { type Arithmetic, flushed, type Op, operate } from "./arithmetic.ts";
import { type Dense, denseOf } from "./dense.ts";
import { type Write, writeOf } from "./write.ts";

/** One step of a formula; inputs are numbers of earlier steps. */
export type Step =
  | { readonly op: "constant"; readonly value: number }
  /** One number for all elements, or one an element, from where the operand of this number lies. */
  | { readonly op: "load"; readonly operand: number; readonly scalar: boolean }
  | { readonly op: Op; readonly inputs: readonly number[] };

/** An elementwise computation over operands in memory: data, in the order in which it is computed. */
export interface Formula {
  readonly steps: readonly Step[];
  /** How many operands there are: places in memory. */
  readonly operands: number;
  /** Which steps are written, and to which operands. All is read before anything is written, element by element. */
  readonly results: readonly { readonly step: number; readonly operand: number }[];
}

/** What a kernel computes: elements by a formula, a dense layer, or rows written at a position. */
export type Work = Formula | Dense | Write;

/** Runs over `count` elements, or rows, of the operands at these addresses. */
export type Kernel = (count: number, ...addresses: readonly number[]) => void;

type V = Code<"v128">;
type I = Code<"i32">;

/** WebAssembly's arithmetic, four numbers at a time. */
const simd = (f: Func): Arithmetic<V> => ({
  ...f32x4,
  not: v128.not,
  and: v128.and,
  or: v128.or,
  select: v128.select,
  keep: (value) => f.keep(value),
  scale: (a, n) => {
    const whole = f.keep(i32x4.truncF32x4(n));
    const half = f.keep(i32x4.shrS(whole, 1));
    const power = (exponent: V): V => i32x4.shl(i32x4.add(exponent, i32x4.const(127, 127, 127, 127)), 23);
    return f32x4.mul(f32x4.mul(a, power(half)), power(i32x4.sub(whole, half)));
  },
});

/** Which steps are the same for all elements. */
function invariant(steps: readonly Step[]): boolean[] {
  const same: boolean[] = [];
  for (const step of steps)
    same.push("inputs" in step ? step.inputs.every((i) => same[i]) : step.op === "constant" || step.scalar);
  return same;
}

/** The kernel of a formula: what is the same for all elements once, then four elements at a time, then what is left one by one. */
export function kernelOf({ steps, operands, results }: Formula): Func {
  const f = new Func(1 + operands);
  const [count, ...addresses] = f.params as [I, ...I[]];
  const m = simd(f);
  const same = invariant(steps);
  const uses = steps.map(() => 0);
  for (const step of steps) if ("inputs" in step) for (const i of step.inputs) uses[i]!++;
  for (const { step } of results) uses[step]!++;
  const values: V[] = [];

  const compute = (which: boolean, load: (at: I) => V, at: (operand: number) => I): void => {
    steps.forEach((step, i) => {
      if (same[i] !== which) return;
      if (step.op === "constant") values[i] = f32x4.const(step.value);
      else if (!("inputs" in step)) values[i] = f.keep(load(at(step.operand)));
      else {
        const value = operate(m, step.op, step.inputs.map((input) => values[input]!)); // biome-ignore format: one line
        values[i] = which || uses[i]! > 1 ? f.keep(value) : value;
      }
    });
  };
  compute(true, v128.load32Splat, (operand) => addresses[operand]!);

  const at = f.variable("i32", i32.const(0));
  const place = (operand: number): I => i32.add(addresses[operand]!, at.get);
  /** Elements up to the byte `end`, `bytes` of them at a time. */
  const pass = (end: I, bytes: number, load: (at: I) => V, store: (at: I, value: V) => Code): void =>
    f.when(i32.ltU(at.get, end), () =>
      f.repeat(() => {
        compute(false, load, place);
        const next = results.map(({ step }) => f.keep(flushed(m, values[step]!)));
        results.forEach(({ operand }, r) => {
          f.emit(store(place(operand), next[r]!));
        });
        f.emit(at.set(i32.add(at.get, i32.const(bytes))));
        return i32.ltU(at.get, end);
      }),
    );
  const bytes = f.variable("i32", i32.shl(count, i32.const(2))).get;
  pass(i32.and(bytes, i32.const(-16)), 16, v128.load, v128.store);
  pass(bytes, 4, v128.load32Splat, v128.store32);
  return f;
}

/** A text that two formulas share only if they are one: JSON tells neither infinities apart nor -0 from 0. */
export const keyOf = (work: Work): string =>
  JSON.stringify(work, (_, v: unknown) => (Object.is(v, -0) ? "-0" : typeof v === "number" ? String(v) : v));

const funcOf = (work: Work): Func =>
  "k" in work ? denseOf(work) : "extent" in work ? writeOf(work) : kernelOf(work);

/** Functions for these, over one memory. */
export async function kernels(
  formulas: readonly Work[],
  memory: WebAssembly.Memory,
): Promise<readonly Kernel[]> {
  const functions = Object.fromEntries(formulas.map((work, i) => [`f${i}`, funcOf(work)]));
  const { instance } = await WebAssembly.instantiate(assemble(functions), { env: { memory } });
  return formulas.map((_, i) => instance.exports[`f${i}`] as Kernel);
}
