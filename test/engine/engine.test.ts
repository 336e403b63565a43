import { listSupportedBackends } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { webEngine } from "../../src/engine/onnx/web.ts";
import { UserError } from "../../src/errors.ts";
import { type NdArray, ndarray, toNested } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const images = new Tensor("input", [], { name: "argument 1.images", index: 0 }, [2, 3], "float32");
const labels = new Tensor("input", [], { name: "argument 1.labels", index: 1 }, [2], "int32");
const graph = {
  feeds: [images, labels],
  outputs: [o.add(o.sum(images, { axes: 1 }), o.cast(labels, "float32"))],
  reads: [],
  updates: [],
};
const good = [ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]), ndarray(Int32Array.of(10, 20))] as const;

describe("a program", () => {
  test("feeds of another shape or dtype, or missing ones, are named", async () => {
    const program = await engine.compile(graph);
    expect((await program.run(good)).map(toNested)).toEqual([[16, 35]]);
    const bad: [NdArray[], string][] = [
      [
        [ndarray(new Float32Array(6), [3, 2]), good[1]],
        "argument 1.images takes float32[2, 3]; it was fed float32[3, 2]",
      ],
      [[good[0], ndarray(new Float32Array(2))], "argument 1.labels takes int32[2]; it was fed float32[2]"],
      [[good[0]], "argument 1.labels is missing: int32[2] was expected"],
    ];
    for (const [feeds, sentence] of bad) await expect(program.run(feeds)).rejects.toThrow(sentence);
    expect((await program.run(good)).map(toNested)).toEqual([[16, 35]]);
    await program.dispose();
  });

  test("cannot run once disposed, by itself or with its engine; disposing twice is no error", async () => {
    const program = await engine.compile(graph);
    await program.dispose();
    await program.dispose();
    await expect(program.run(good)).rejects.toThrow("this program was disposed and cannot run again");
    const other = await nodeEngine({ threads: 1 });
    const orphan = await other.compile(graph);
    await other.dispose();
    await expect(orphan.run(good)).rejects.toThrow("disposed");
    await orphan.dispose();
  });

  test("a leaf that is not listed is a defect, and said so", async () => {
    await expect(engine.compile({ ...graph, feeds: [images] })).rejects.toThrow(
      "the graph uses input: int32[2], but does not list it among its feeds or reads",
    );
  });
});

describe("devices", () => {
  test("names say where and with how many threads", async () => {
    expect(engine.name).toBe("onnxruntime-node cpu, 1 thread");
    const two = await nodeEngine({ threads: 2 });
    expect(two.name).toBe("onnxruntime-node cpu, 2 threads");
    await two.dispose();
  });

  test("wasm in Node", async () => {
    const wasm = await nodeEngine({ device: "wasm", threads: 1 });
    expect(wasm.name).toBe("onnxruntime-web wasm, 1 thread");
    const program = await wasm.compile(graph);
    expect((await program.run(good)).map(toNested)).toEqual([[16, 35]]);
    await wasm.dispose();
  });

  // Where a device is there, it computes; where it is not, a sentence says what it needs, before any work.
  test.each(["cuda", "webgpu"] as const)("%s computes, or says what is missing", async (device) => {
    const made = await nodeEngine({ device }).catch((error: unknown) => error);
    if (made instanceof Error) {
      expect(made).toBeInstanceOf(UserError);
      const offered = listSupportedBackends().some((b) => b.name === device);
      expect(made.message).toMatch(
        offered ? new RegExp(`device ${device} does not start here. It needs`) : "is not offered",
      );
      return;
    }
    const program = await (made as Engine).compile(graph);
    expect((await program.run(good)).map(toNested)).toEqual([[16, 35]]);
    await (made as Engine).dispose();
  });

  test("an unknown one", async () => {
    await expect(nodeEngine({ device: "gpu" as never })).rejects.toThrow(
      `unknown device "gpu". Known: cpu, webgpu, cuda, wasm`,
    );
  });

  test("a browser's devices outside a browser", async () => {
    await expect(webEngine({ device: "cuda" })).rejects.toThrow("device cuda exists in Node only");
    await expect(webEngine({ device: "webgpu" })).rejects.toThrow(/this environment has no navigator.gpu/);
  });
});

test("threads are chosen by the size of the graph", async () => {
  const native = await import("onnxruntime-node");
  const threads: (number | undefined)[] = [];
  const create: typeof native.InferenceSession.create = (bytes: never, options: never) => {
    threads.push((options as { intraOpNumThreads?: number }).intraOpNumThreads);
    return native.InferenceSession.create(bytes, options);
  };
  const spied = { ...native, InferenceSession: { ...native.InferenceSession, create } } as never;
  const engine = await nodeEngine({ threads: 3 }, () => Promise.resolve(spied));
  threads.length = 0; // opening the engine looks at the processor
  const product = compile((x: Tensor) => o.matmul(x, x), { engine });
  for (const size of [64, 256]) await product(ndarray(new Float32Array(size * size), [size, size]));
  await engine.dispose();
  expect(threads).toEqual([1, 3]);
});
