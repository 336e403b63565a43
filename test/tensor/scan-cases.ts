/** Loops, each beside its steps written out: values, gradients and gradients of gradients, on any engine. */
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { grad } from "../../src/tensor/grad.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

export type Scan = typeof o.scan;

/** The same by hand: a step after another. */
export const writtenOut = ((step, init, xs, options) => {
  const { reverse = false, length } = options ?? {};
  const cut = (tree: unknown, t: number): unknown =>
    tree === undefined
      ? undefined
      : Array.isArray(tree)
        ? tree.map((part) => cut(part, t))
        : o.reshape(o.narrow(tree as Tensor, 0, t, t + 1), (tree as Tensor).shape.slice(1));
  const first = [xs].flat()[0] as Tensor | undefined;
  const T = first?.shape[0] ?? length!;
  const order = Array.from({ length: T }, (_, t) => (reverse ? T - 1 - t : t));
  let carried = init;
  const outputs: unknown[] = [];
  for (const t of order) {
    const [next, output] = step(carried, cut(xs, t) as typeof xs);
    carried = next;
    outputs[t] = output;
  }
  const joined = Array.isArray(outputs[0])
    ? outputs[0].map((_, i) => o.stack(outputs.map((out) => (out as Tensor[])[i]!)))
    : outputs[0] && o.stack(outputs as Tensor[]);
  return [carried, joined];
}) as Scan;

const array = (name: string, ...shape: number[]): NdArray =>
  ndarray(hostNormal(Key.seed(3).split(name), shape.reduce((n, d) => n * d, 1)).map((v) => 0.6 * v), shape); // biome-ignore format: one line

interface Case {
  readonly inputs: readonly NdArray[];
  readonly make: (scan: Scan, ...inputs: Tensor[]) => readonly Tensor[];
}

const [T, B, H] = [5, 3, 4] as const;
const xs = array("xs", T, B, H);
const h0 = array("h0", B, H);
const w = array("w", H, H);
const bias = array("bias", H);

export const CASES: Readonly<Record<string, Case>> = {
  "a running product and its history": {
    inputs: [array("p", 6, 2), array("start", 2)],
    make: (scan, x, start) => {
      const [end, all] = scan((p: Tensor, x: Tensor) => [o.mul(p, x), o.mul(p, x)], start!, x!);
      return [end, all];
    },
  },
  "a recurrent network with captured weights": {
    inputs: [xs, h0, w, w, bias],
    make: (scan, x, h, wi, wh, b) => {
      const step = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
        const next = o.tanh(o.add(o.matmul(x, wi!), o.add(o.matmul(h, wh!, { transB: true }), b!)));
        return [next, o.mul(next, next)];
      };
      const [end, all] = scan(step, h!, x!);
      return [end, all];
    },
  },
  "in reverse, several things carried and given": {
    inputs: [xs, array("other", T, H), h0, w],
    make: (scan, x, y, h, w) => {
      const [[a, c], [p, q]] = scan(
        ([a, c]: Tensor[], [x, y]: Tensor[]): [Tensor[], Tensor[]] => {
          const next = o.sigmoid(o.add(o.matmul(a!, w!), o.mul(x!, y!)));
          const kept = o.add(o.mul(c!, 0.5), o.mul(next, x!));
          return [
            [next, kept],
            [o.exp(kept), o.sum(a!, { axes: 1 })],
          ];
        },
        [h!, o.mul(h!, 2)],
        [x!, y!],
        { reverse: true },
      );
      return [a!, c!, p!, q!];
    },
  },
  "only the end of one of two is used": {
    inputs: [xs, h0, h0],
    make: (scan, x, a, b) => [
      scan(
        ([a, b]: Tensor[], x: Tensor): [Tensor[], Tensor[]] => [
          [o.tanh(o.mul(a!, b!)), o.add(b!, x)],
          [o.exp(a!), x],
        ],
        [a!, b!],
        x!,
      )[0][0]!,
    ],
  },
  "nothing carried": {
    inputs: [xs, w],
    make: (scan, x, w) => [
      scan((_: undefined, x: Tensor) => [undefined, o.tanh(o.matmul(x, w!))], undefined, x!)[1],
    ],
  },
  "nothing to go through": {
    inputs: [h0, w, bias],
    make: (scan, h, w, b) => {
      const step = (h: Tensor): [Tensor, Tensor] => {
        const next = o.tanh(o.add(o.matmul(h, w!), o.mul(b!, b!)));
        return [next, o.sum(next)];
      };
      const [end, sums] = scan(step, h!, undefined, { length: 4 });
      return [end, sums];
    },
  },
  "what is captured is used in every way": {
    inputs: [xs, h0, w, array("s"), array("v", H, 2)],
    make: (scan, x, h, w, s, v) => {
      const doubled = o.mul(w!, 2);
      const step = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
        const scaled = o.sub(o.mul(x, s!), o.matmul(doubled, o.transpose(h)).transpose());
        return [o.tanh(o.add(scaled, o.sigmoid(o.neg(w!)).narrow(0, 0, 1))), o.matmul(scaled, v!)];
      };
      const [end, all] = scan(step, h!, x!);
      return [end, all];
    },
  },
  "a loop in a loop": {
    inputs: [xs, h0, w],
    make: (scan, x, h, w) => {
      const outer = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
        const inner = (a: Tensor, y: Tensor): [Tensor, Tensor] => {
          const next = o.tanh(o.add(o.matmul(a, w!), o.mul(o.mul(h, x), o.reshape(y, [1, H]))));
          return [next, o.sum(next, { axes: 1 })];
        };
        const [end, sums] = scan(inner, h, x, { reverse: true });
        return [o.mul(end, 0.9), o.mul(sums, sums)];
      };
      const [end, all] = scan(outer, h!, x!);
      return [end, all];
    },
  },
};

/** Values, gradients by every input, and gradients of a function of those: as numbers. */
export async function results(engine: Engine, name: string, scan: Scan): Promise<number[][]> {
  const { inputs, make } = CASES[name]!;
  const whole = (tensors: readonly Tensor[]): Tensor =>
    tensors.map((t, i) => o.sum(o.mul(t, weights(t.shape, i + 1)))).reduce((a, b) => o.add(a, b));
  const f = compile(
    (...inputs: Tensor[]) => {
      const values = make(scan, ...inputs);
      const first = grad(whole(values), inputs);
      const second = grad(whole(first.map(o.tanh)), inputs, { unused: "zero" });
      return [...values, ...first, ...second];
    },
    { engine, name },
  );
  const out = await f(...inputs);
  await f.dispose();
  return out.map(({ data }) => Array.from(data as Float32Array));
}

/** Made on the host: a GPU's sines are off by 2^-11. */
function weights(shape: Shape, pace: number): Tensor {
  const size = shape.reduce((n, d) => n * d, 1);
  return o.constant(
    ndarray(
      Float32Array.from({ length: size }, (_, i) => Math.sin(pace * i) + 0.5),
      shape,
    ),
  );
}

/** The largest difference, relative to the largest value. */
export function apart(a: readonly number[][], b: readonly number[][]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const of = (list: readonly number[], other: readonly number[]): number =>
    Math.max(...list.map((v, i) => Math.abs(v - other[i]!))) / Math.max(1e-3, ...other.map(Math.abs));
  return Math.max(...a.map((list, i) => (list.length === b[i]!.length ? of(list, b[i]!) : Number.NaN)));
}
