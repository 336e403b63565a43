import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { exportOnnx } from "../../src/engine/onnx/export.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { Linear } from "../../src/nn/index.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import { add, mul, type RowOf, scanRows, sub, type Tree, tanh } from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const engine = await nodeEngine({ threads: 1 });
const x = ndarray(Float32Array.of(0.5, -1, 2, 0.25), [2, 2]);
type Repeat = <C extends Tree, R>(start: C, rows: readonly R[], step: (carried: C, row: RowOf<R>) => C) => C;
type Fn = (x: Tensor, repeat: Repeat) => Record<string, Tensor>;

/** Every step written out, one after another. */
const unrolled: Repeat = (start, rows, step) =>
  rows.reduce((carried, row) => step(carried, row as RowOf<typeof row>), start);

const inputs = { x: { shape: [2, 2], dtype: "float32" } } as const;
const exported = (fn: Fn, net?: Linear) =>
  exportOnnx(({ x }) => fn(x!, scanRows), inputs, { engine, freeze: net?.parameters() ?? [] });

/** What the file gives in plain onnxruntime, and what the steps give written out. */
async function both(
  fn: Fn,
  net?: Linear,
): Promise<[file: Record<string, number[]>, here: Record<string, number[]>]> {
  const { bytes } = await exported(fn, net);
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const there = await session.run({ x: new OrtTensor("float32", x.data, x.shape) });
  await session.release();
  const here = (await compile((x: Tensor) => fn(x, unrolled), { engine })(x)) as Record<string, NdArray>;
  const lists = (of: Record<string, { data: unknown }>) =>
    Object.fromEntries(Object.entries(of).map(([name, { data }]) => [name, [...(data as Float32Array)]]));
  return [lists(there as never), lists(here)];
}

function expectSame([there, here]: [Record<string, number[]>, Record<string, number[]>]): void {
  expect(Object.keys(there)).toEqual(Object.keys(here));
  for (const [name, list] of Object.entries(here))
    list.forEach((v, i) => {
      expect(there[name]![i], name).toBeCloseTo(v, 5);
    });
}

test("a repeated step is what its steps written out are; its numbers by hand", async () => {
  const rows = [1, 2, 3].map((k) => ({ k, deep: { half: k / 2, same: 5 } }));
  const [there, here] = await both((x, repeat) =>
    repeat({ y: x }, rows, ({ y }, { k, deep }) => ({ y: add(mul(y, k), mul(deep.half, deep.same)) })),
  );
  // x ↦ k·x + 5k/2 for k = 1, 2, 3: 6x + 15 + 15 + 7.5
  const expected = Array.from(x.data, (v) => 6 * v + 37.5);
  expect(there.y).toEqual(expected);
  expect(here.y).toEqual(expected);
});

test("weights, values from outside, several things carried, one of them only passed on", async () => {
  const net = new Linear(2, 2).initialize(Key.seed(1));
  const rows = Array.from({ length: 7 }, (_, i) => 0.1 * i);
  const fn: Fn = (x, repeat) => {
    const outside = tanh(mul(x, 2));
    const start = { now: x, before: mul(x, 0), kept: outside };
    const end = repeat(start, rows, ({ now, kept }, row) => ({
      now: tanh(add(net.forward(now), mul(sub(outside, kept), row))),
      before: now,
      kept,
    }));
    return { ...end, both: add(end.now, net.forward(end.before)) };
  };
  expectSame(await both(fn, net));
});

test("one repetition may go on from another, and their results may meet", async () => {
  const net = new Linear(2, 2).initialize(Key.seed(2));
  const fn: Fn = (x, repeat) => {
    const a = repeat({ x }, [1, 2], ({ x }, row) => ({ x: net.forward(mul(x, row)) })).x;
    const b = repeat({ x: a }, [3, 4, 5], ({ x }, row) => ({ x: tanh(add(mul(net.forward(x), row), a)) })).x;
    return { sum: add(a, b) };
  };
  expectSame(await both(fn, net));
});

test("the file does not grow with the steps", async () => {
  const net = new Linear(2, 2).initialize(Key.seed(1));
  const bytes = async (n: number) => {
    const rows = Array.from({ length: n }, (_, i) => i);
    const fn: Fn = (x, repeat) => repeat({ y: x }, rows, ({ y }, row) => ({ y: net.forward(mul(y, row)) }));
    return (await exported(fn, net)).bytes.length;
  };
  const [few, many] = [await bytes(10), await bytes(1000)];
  // 990 rows of one float32.
  expect(many - few).toBeGreaterThanOrEqual(990 * 4);
  expect(many - few).toBeLessThan(990 * 4 + 16);
});

test("what cannot be repeated is said", async () => {
  const rows = [1, 2];
  await expect(
    exported((x, repeat) =>
      repeat({ x }, rows, ({ x }) => ({ x: add(x, ndarray(new Float32Array(4), [2, 1, 2])) })),
    ),
  ).rejects.toThrow(
    "scan: the step makes of init.x float32[2, 2, 2]; it was given float32[2, 2], and must give the same",
  );
  await expect(
    exported((x, repeat) => repeat({ x } as Record<string, Tensor>, rows, ({ x }) => ({ y: x! }))),
  ).rejects.toThrow("scan: the step makes of init.x nothing");
  await expect(exported((x, repeat) => repeat({ x }, ["a", "b"], ({ x }) => ({ x })))).rejects.toThrow(
    "row: the rows of a repeated step are numbers, tensors, or objects of them",
  );
  await expect(exported((x) => ({ x: mul(x, 2) }))).rejects.toThrow(
    "an input and an output are both named x; ONNX needs two names",
  );
  let leaked: Tensor | undefined;
  await expect(
    exported((x, repeat) => {
      const end = repeat({ x }, rows, ({ x }, row) => {
        leaked = mul(x, row);
        return { x: leaked };
      });
      return { y: add(end.x, leaked!) };
    }),
  ).rejects.toThrow("a value of a scan's step was used outside it");
});
