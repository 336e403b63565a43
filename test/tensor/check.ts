/**
 * Runs the cases of cases.ts on any engine, in Node or in a browser: values against the float64 reference,
 * gradients against its central differences, gradients of gradients against its second differences.
 */
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { type DType, viewAs } from "../../src/tensor/dtype.ts";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "../../src/tensor/float16.ts";
import { grad } from "../../src/tensor/grad.ts";
import type { NdArray } from "../../src/tensor/ndarray.ts";
import { add, mul, sum } from "../../src/tensor/ops.ts";
import { showShape } from "../../src/tensor/shape.ts";
import { apply, type Tensor } from "../../src/tensor/tensor.ts";
import { CASES } from "./cases.ts";
import { type Case, type CheckedOp, floats, type Input, type Ref, Rng } from "./reference.ts";

export interface Report {
  readonly op: CheckedOp;
  readonly seed: number;
  /** The op with its inputs and attributes, to find the case again. */
  readonly label: string;
  /** Largest distance from the reference, relative to the largest value; absent where nothing was compared. */
  readonly forward?: number;
  readonly gradient?: number;
  readonly second?: number;
  /** What is wrong, if anything is. */
  readonly problem?: string;
}

export interface CheckOptions {
  /** Only these ops. */
  readonly ops?: readonly CheckedOp[];
  /** Random cases for each way an op is drawn. */
  readonly seeds?: number;
  /** Leave out what is for CPUs only. */
  readonly gpu?: boolean;
  /** How much further than on a CPU results may be off. */
  readonly slack?: number;
}

export const OPS = Object.keys(CASES) as CheckedOp[];
const TOLERANCE = { forward: 2e-6, gradient: 1e-5, second: 5e-5 } as const;
type Aspect = keyof typeof TOLERANCE;
/** Steps of the differences: truncation and rounding errors both stay below the tolerances. */
const STEP = 3e-4;
/** Elements of each input at which differences are taken. */
const SAMPLES = 16;

export async function checkAll(engine: Engine, options: CheckOptions = {}): Promise<Report[]> {
  const reports: Report[] = [];
  for (const op of options.ops ?? OPS)
    for (let seed = 0; seed < CASES[op].length * (options.seeds ?? 1); seed++)
      if (!options.gpu || !draw(op, seed).cpuOnly)
        reports.push(await checkOne(engine, op, seed, options.slack));
  return reports;
}

/** For each way an op is drawn: whether it has a gradient to check. */
export const waysOf = (op: CheckedOp): boolean[] =>
  CASES[op].map((_, way) => draw(op, way).inputs.some((x) => x.dtype === "float32"));

/** The seed also says which of the op's ways to be drawn is used. */
function draw(op: CheckedOp, seed: number): Case<never> {
  const ways = CASES[op];
  return ways[seed % ways.length]!(new Rng(seed)) as Case<never>;
}

export async function checkOne(engine: Engine, op: CheckedOp, seed: number, slack = 1): Promise<Report> {
  const drawn = draw(op, seed);
  const { inputs, attrs } = drawn;
  const label = `${op}(${inputs.map((x) => `${x.dtype}${showShape(x.shape)}`).join(", ")}) ${JSON.stringify(attrs)}, seed ${seed}`;
  const found: Partial<Record<Aspect, number>> = {};
  const problems: string[] = [];
  const judge = (aspect: Aspect, what: string, got: readonly number[], want: Sampled): void => {
    const scale = 1 + Math.max(0, ...want.values.map(Math.abs));
    want.values.forEach((value, i) => {
      const have = got[want.positions?.[i] ?? i];
      const off = Math.abs(have! - value) / scale;
      if (!(off <= (found[aspect] ?? 0))) found[aspect] = off;
      if (!(off <= TOLERANCE[aspect] * slack) && problems.length < 3)
        problems.push(`${what}[${want.positions?.[i] ?? i}] is ${have}, not ${value}`);
    });
  };
  try {
    const random = new Rng(seed + 7919);
    const want = drawn.reference(...inputs);
    const wrt = inputs.flatMap((x, i) =>
      x.dtype === "float32" && (drawn.wrt?.includes(i) ?? true) ? [i] : [],
    );
    const cotangent = floats(random, want.shape);
    const directions = inputs.map((x) => floats(random, x.shape));
    const step = compile(
      (xs: Tensor[], c: Tensor, vs: Tensor[]) => {
        const y = apply(op, xs, attrs);
        if (y.dtype !== "float32" || wrt.length === 0) return { y, first: [], second: [] };
        const targets = wrt.map((i) => xs[i]!);
        const first = grad(sum(mul(y, c)), targets, { unused: "zero" });
        const slope = first.map((g, k) => sum(mul(g, vs[wrt[k]!]!))).reduce((a, b) => add(a, b));
        return { y, first, second: grad(slope, [...targets, c], { unused: "zero" }) };
      },
      { engine, name: label },
    );
    const out = await step(inputs.map(encode), encode(cotangent), directions.map(encode));
    await step.dispose();
    if (out.y.shape.join() !== want.shape.join())
      problems.push(`its shape is ${showShape(out.y.shape)}, not ${showShape(want.shape)}`);
    judge("forward", "y", decode(out.y), { values: want.data });
    if (out.first.length > 0) {
      const differences = new Differences(drawn, wrt, cotangent, directions);
      out.first.forEach((g, k) => {
        judge("gradient", `∂/∂x${wrt[k]}`, decode(g), differences.gradient(wrt[k]!, random));
      });
      out.second.forEach((h, k) => {
        const i = wrt[k];
        const expected = i === undefined ? differences.slopeByCotangent() : differences.slope(i, random);
        judge("second", i === undefined ? "∂²/∂c" : `∂²/∂x${i}`, decode(h), expected);
      });
    }
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return { op, seed, label, ...found, ...(problems.length > 0 && { problem: problems.join("; ") }) };
}

/** Expected values of some elements (all of them where no positions are given). */
interface Sampled {
  readonly values: readonly number[];
  readonly positions?: readonly number[];
}

/** Derivatives of L(x) = Σ c·f(x), and of its slope along the directions, by central differences in float64. */
class Differences {
  readonly #drawn: Case<never>;
  readonly #wrt: readonly number[];
  readonly #cotangent: Input;
  readonly #directions: readonly Input[];
  constructor(drawn: Case<never>, wrt: readonly number[], cotangent: Input, directions: readonly Input[]) {
    this.#drawn = drawn;
    this.#wrt = wrt;
    this.#cotangent = cotangent;
    this.#directions = directions;
  }

  /** f at x + along·directions + by·(unit vector `position` of input `which`). */
  #value(along: number, which = -1, position = -1, by = 0): Ref {
    const moved = this.#drawn.inputs.map((x, i): Ref => {
      if (!this.#wrt.includes(i)) return x;
      const data = x.data.map((v, j) => v + along * this.#directions[i]!.data[j]!);
      if (i === which) data[position]! += by;
      return { shape: x.shape, data };
    });
    return this.#drawn.reference(...moved);
  }

  #loss(along: number, which: number, position: number, by: number): number {
    const { data } = this.#value(along, which, position, by);
    return data.reduce((total, v, i) => total + v * this.#cotangent.data[i]!, 0);
  }

  #sampled(input: number, random: Rng, at: (position: number) => number): Sampled {
    const positions = random.order(this.#drawn.inputs[input]!.data.length).slice(0, SAMPLES);
    return { positions, values: positions.map((p) => (this.#drawn.stopped ? 0 : at(p))) };
  }

  gradient(input: number, random: Rng): Sampled {
    const h = 1e-5;
    return this.#sampled(
      input,
      random,
      (p) => (this.#loss(0, input, p, h) - this.#loss(0, input, p, -h)) / (2 * h),
    );
  }

  /** The derivative by one input of dL/dx·directions. */
  slope(input: number, random: Rng): Sampled {
    const h = STEP;
    const L = (a: number, p: number, b: number): number => this.#loss(a * h, input, p, b * h);
    return this.#sampled(
      input,
      random,
      (p) => (L(1, p, 1) - L(-1, p, 1) - L(1, p, -1) + L(-1, p, -1)) / (4 * h * h),
    );
  }

  /** The derivative by the cotangent of dL/dx·directions: how f itself moves along the directions. */
  slopeByCotangent(): Sampled {
    const h = 1e-5;
    const [up, down] = [this.#value(h).data, this.#value(-h).data];
    return { values: up.map((v, i) => (this.#drawn.stopped ? 0 : (v - down[i]!) / (2 * h))) };
  }
}

/** Numbers as a host array of their dtype. */
export function encode({ dtype, shape, data }: Input): NdArray {
  const values = Float32Array.from(data);
  const raw: Record<DType, () => ArrayBufferView> = {
    float32: () => values,
    int32: () => Int32Array.from(data),
    int64: () => BigInt64Array.from(data.map(BigInt)),
    bool: () => Uint8Array.from(data),
    uint8: () => Uint8Array.from(data),
    float16: () => float32ToFloat16(values),
    bfloat16: () => float32ToBfloat16(values),
  };
  const { buffer, byteOffset, byteLength } = raw[dtype]();
  return { dtype, shape, data: viewAs(dtype, new Uint8Array(buffer, byteOffset, byteLength)) } as NdArray;
}

export function decode({ dtype, data }: NdArray): number[] {
  if (dtype === "float16") return Array.from(float16ToFloat32(data as Uint16Array));
  if (dtype === "bfloat16") return Array.from(bfloat16ToFloat32(data as Uint16Array));
  return Array.from(data as ArrayLike<number | bigint>, Number);
}
