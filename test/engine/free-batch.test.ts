import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { type ExportFunction, exportFreeBatch } from "../../src/engine/onnx/export.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { TransformerEncoderLayer } from "../../src/nn/index.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import { add, broadcastTo, chunk, concat, matmul, mean, mul, reshape, scanRows, slice, softmax, sum, zeros } from "../../src/tensor/ops.ts"; // biome-ignore format: a list of names
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Variable } from "../../src/tensor/variable.ts";

const engine = await nodeEngine({ threads: 1 });
type Run = ExportFunction["run"];

const numbers = (batch: number): NdArray =>
  ndarray(Float32Array.from({ length: batch * 6 }, (_, i) => Math.sin(7 * i)), [batch, 6]); // biome-ignore format: one line

const at = (run: Run) => (batch: number) => ({ inputs: { x: { shape: [batch, 6], dtype: "float32" } } as const, run }); // biome-ignore format: one line

/** The one file in plain onnxruntime, beside the function itself, at several sizes. */
async function expectFree(run: Run, freeze: Iterable<Variable> = []): Promise<void> {
  const { bytes, inputs } = await exportFreeBatch(at(run), { engine, freeze });
  expect(inputs[0]!.shape).toEqual(["batch", 6]);
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const here = compile(({ x }: { x: Tensor }) => run({ x }), { engine });
  for (const batch of [1, 2, 37, 64]) {
    const x = numbers(batch);
    const there = await session.run({ x: new OrtTensor("float32", x.data as Float32Array, x.shape) });
    for (const [name, { data, shape }] of Object.entries((await here({ x })) as Record<string, NdArray>)) {
      expect(there[name]!.dims, name).toEqual(shape);
      const largest = Math.max(...Array.from(data as Float32Array, (v, i) => Math.abs(v - (there[name]!.data[i] as number)))); // biome-ignore format: one line
      expect(largest, name).toBeLessThan(1e-5);
    }
  }
  await session.release();
}

describe("one file for any batch", () => {
  test("shapes, broadcasts, slices, zeros and multiples of the batch", async () => {
    await expectFree(({ x }) => {
      const rows = reshape(x!, [x!.shape[0]! * 2, 3]);
      const wide = broadcastTo(reshape(x!, [x!.shape[0]!, 1, 6]), [x!.shape[0]!, 4, 6]);
      const twice = concat([x!, mul(x!, 2)], 0);
      const [, second] = chunk(twice, 2, 0) as [Tensor, Tensor];
      return {
        rows: matmul(rows, broadcastTo(x!.mul(0).add(2).sum(), [3, 2])),
        wide,
        second: add(second, zeros(second.shape)),
        last: slice(twice, { starts: [x!.shape[0]!, 1], lengths: [x!.shape[0]!, 2] }),
        per: sum(x!, { axes: [1] }),
        shares: softmax(reshape(x!, [x!.shape[0]!, 2, 3]), -1),
      };
    });
  });

  test("attention, with its weights", async () => {
    const block = new TransformerEncoderLayer(6, 2, { dimFeedforward: 8 }).initialize(Key.seed(3));
    await expectFree(
      ({ x }) => ({
        y: block.forward(reshape(x!, [x!.shape[0]!, 1, 6])),
      }),
      block.parameters(),
    );
  });

  test("a repeated step, which makes sizes of its own", async () => {
    await expectFree(({ x }) => ({
      y: scanRows({ y: x! }, [1, 2, 3], ({ y }, k) => ({
        y: reshape(add(mul(reshape(y, [y.size]), k), 1), y.shape),
      })).y,
    }));
  });

  test("what mixes the examples is refused with the way out", async () => {
    const tried = (run: Run) => exportFreeBatch(at(run), { engine, freeze: [] });
    await expect(tried(({ x }) => ({ y: mean(x!, { axes: [0] }) }))).rejects.toThrow(
      /the batch dimension cannot be left free: a constant of \w+ depends on the batch size, as in a mean over the batch\. Give a size: batch/,
    );
    await expect(
      tried(({ x }) => ({ y: reshape(concat([x!, zeros([1, 6])], 0), [6 * (x!.shape[0]! + 1)]) })),
    ).rejects.toThrow(/a size is 228 for 37 and 252 for 41: no multiple of the batch/);
    await expect(tried(({ x }) => ({ y: x!.shape[0]! > 40 ? x!.mul(2).exp() : x!.mul(2) }))).rejects.toThrow(
      /the function is another one for another batch size/,
    );
  });
});
