/** The kernels against the same arithmetic over plain numbers, each result rounded to float32: the same bits. */
import { describe, expect, test } from "vitest";
import { type Arithmetic, flushed, OPS, type Op, operate } from "../../../src/engine/fused/arithmetic.ts";
import { type Formula, kernels, type Step } from "../../../src/engine/fused/kernel.ts";
import { Rng } from "../../tensor/reference.ts";

const f = Math.fround;
const even = (x: number): number => {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2 === 0 ? 0 : 1) : Math.round(x);
};
/** Masks are 1 and 0 here. */
const plain: Arithmetic<number> = {
  const: f,
  keep: (a) => a,
  neg: (a) => -a,
  abs: Math.abs,
  sqrt: (a) => f(Math.sqrt(a)),
  floor: Math.floor,
  nearest: even,
  add: (a, b) => f(a + b),
  sub: (a, b) => f(a - b),
  mul: (a, b) => f(a * b),
  div: (a, b) => f(a / b),
  max: Math.max,
  min: Math.min,
  eq: (a, b) => Number(a === b),
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  not: (a) => 1 - a,
  and: (a, b) => a * b,
  or: (a, b) => Math.max(a, b),
  select: (mask, a, b) => (mask ? a : b),
  scale: (a, n) => {
    const whole = Number.isNaN(n) ? 0 : n;
    const half = whole >> 1;
    return f(f(a * 2 ** half) * 2 ** (whole - half));
  },
};

/** What a formula makes of these operands, and what a kernel makes of copies of them at places that are not aligned. */
async function both(
  formula: Formula,
  operands: readonly Float32Array[],
  count: number,
): Promise<[Float32Array[], Float32Array[]]> {
  const expected = operands.map((o) => o.slice());
  const scalars = new Set(formula.steps.flatMap((s) => ("operand" in s && s.scalar ? [s.operand] : [])));
  for (let i = 0; i < count; i++) {
    const values: number[] = [];
    for (const step of formula.steps)
      values.push(
        step.op === "constant"
          ? f(step.value)
          : "operand" in step
            ? operands[step.operand]![scalars.has(step.operand) ? 0 : i]!
            : operate(plain, step.op, step.inputs.map((input) => values[input]!)), // biome-ignore format: one line
      );
    for (const { step, operand } of formula.results) expected[operand]![i] = flushed(plain, values[step]!);
  }
  const memory = new WebAssembly.Memory({ initial: 4 });
  let at = 4;
  const places = operands.map((operand) => {
    const place = at;
    new Float32Array(memory.buffer, place, operand.length).set(operand);
    at += 4 * operand.length + 4;
    return place;
  });
  const [kernel] = await kernels([formula], memory);
  kernel!(count, ...places);
  const found = operands.map((o, i) => new Float32Array(memory.buffer, places[i]!, o.length).slice());
  return [expected, found];
}

const bits = (a: Float32Array): number[] =>
  Array.from(a, (v) => (Number.isNaN(v) ? Number.NaN : v)).flatMap((v) => [v, Object.is(v, -0) ? 1 : 0]);

const EDGES = [0, -0, 1, -1, 0.5, 1.5, 2.5, -2.5, 0.625, 88.8, -87.5, -103, 1e-40, -1e-38, 3e38, -3e38, 2 ** -126, Infinity, -Infinity, NaN]; // biome-ignore format: a list
const MASKS = new Set<Op>(["equal", "less", "lessEqual"]);
const LOGIC = new Set<Op>(["not", "and", "or"]);

/** An op over two operands, written to a third; conditions come from comparisons, and masks become numbers. */
function formulaOf(op: Op): Formula {
  const loads: Step[] = [0, 1].map((operand) => ({ op: "load", operand, scalar: false }));
  const steps: Step[] = [...loads, { op: "constant", value: 1 }, { op: "constant", value: -0 }];
  const push = (step: Step): number => steps.push(step) - 1;
  const less = () => push({ op: "less", inputs: [0, 1] });
  const low = () => push({ op: "lessEqual", inputs: [0, 2] });
  let last: number;
  if (op === "where") last = push({ op, inputs: [less(), 0, 1] });
  else if (LOGIC.has(op)) last = push({ op, inputs: op === "not" ? [less()] : [less(), low()] });
  else last = push({ op, inputs: (OPS[op] as { length: number }).length === 2 ? [0] : [0, 1] });
  if (MASKS.has(op) || LOGIC.has(op)) last = push({ op: "where", inputs: [last, 2, 3] });
  return { steps, operands: 3, results: [{ step: last, operand: 2 }] };
}

describe("kernels", () => {
  test.each(Object.keys(OPS) as Op[])("%s: every bit, at every length", async (op) => {
    const r = new Rng(1);
    const pairs = EDGES.flatMap((a) => EDGES.map((b) => [a, b] as const));
    for (let i = 0; i < 600; i++) pairs.push([f((r.unit() - 0.5) * 10 ** r.int(-6, 3)), f(r.unit() * 8 - 4)]);
    for (const count of [1, 2, 3, 4, 5, 7, pairs.length]) {
      const operands = [0, 1].map((k) => Float32Array.from(pairs.slice(-count), (p) => p[k]!));
      const [expected, found] = await both(formulaOf(op), [...operands, new Float32Array(count + 2)], count);
      found.forEach((array, i) => {
        expect(bits(array)).toEqual(bits(expected[i]!));
      });
    }
  });

  test("exp, tanh and sigmoid are right to two units of the last place", () => {
    const exact = { exp: Math.exp, tanh: Math.tanh, sigmoid: (x: number) => 1 / (1 + Math.exp(-x)) };
    for (const [op, of] of Object.entries(exact)) {
      let worst = 0;
      for (let x = -86.5; x < 88; x += 0.00737) {
        const want = of(f(x));
        const unit = 2 ** (Math.floor(Math.log2(Math.abs(want))) - 23);
        worst = Math.max(worst, Math.abs(operate(plain, op as Op, [f(x)]) - want) / unit);
      }
      expect(worst, op).toBeLessThan(2.5);
    }
  });

  test("all is read before anything is written: operands that change places, and one number for all", async () => {
    const load = (operand: number, scalar = false): Step => ({ op: "load", operand, scalar });
    const formula: Formula = {
      steps: [load(0), load(1), load(2, true), { op: "mul", inputs: [2, 2] }, { op: "add", inputs: [0, 3] }],
      operands: 3,
      results: [
        { step: 1, operand: 0 },
        { step: 4, operand: 1 },
      ],
    };
    const [a, b] = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(10, 20, 30, 40, 50, 60)];
    const [, found] = await both(formula, [a, b, Float32Array.of(3)], 6);
    expect(found.map((x) => [...x])).toEqual([[...b], [10, 11, 12, 13, 14, 15], [3]]);
  });

  test("rows are written at a position, and nothing where there is none", async () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const [write] = await kernels([{ extent: 4, inner: 3 }], memory);
    const [position, rows, target] = [4, 12, 40];
    new Float32Array(memory.buffer, rows, 6).set([1, 2, 3, 4, 5, 6]);
    const all = new Float32Array(memory.buffer, target, 26);
    for (const at of [2, 4, -1, 0]) {
      new Int32Array(memory.buffer, position, 1)[0] = at;
      write!(2, position, rows, target);
    }
    expect([...all]).toEqual([1, 2, 3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 4, 5, 6, 0, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0]);
  });

  test("what is kept has no denormals", async () => {
    const formula: Formula = {
      steps: [{ op: "load", operand: 0, scalar: false }, { op: "constant", value: 0.9 }, { op: "mul", inputs: [0, 1] }],
      operands: 1,
      results: [{ step: 2, operand: 0 }],
    }; // biome-ignore format: short
    const [, [found]] = await both(formula, [Float32Array.of(2 ** -126, -(2 ** -126), 1e-37, NaN, 1)], 5);
    expect([...found!]).toEqual([0, 0, f(f(0.9) * f(1e-37)), NaN, f(0.9)]);
  });
});
