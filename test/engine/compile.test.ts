import { afterAll, describe, expect, test } from "vitest";
import "../../src/engine/eager.ts";
import { compile } from "../../src/engine/compile.ts";
import { setDefaultEngine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { type NdArray, ndarray, toNested } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { Variable } from "../../src/tensor/variable.ts";

const engine = await nodeEngine({ threads: 1 });
setDefaultEngine(engine);
afterAll(() => engine.dispose());

const vector = (...values: number[]): NdArray<"float32"> => ndarray(Float32Array.from(values));

describe("compile", () => {
  test("traces once a signature: shapes, dtypes, strings and booleans", async () => {
    let traced = 0;
    const f = compile((x: Tensor, how: { op: "exp" | "neg"; twice?: boolean }) => {
      traced++;
      const y = how.op === "exp" ? o.exp(x) : o.neg(x);
      return how.twice ? o.mul(y, 2) : y;
    });
    expect(toNested(await f(vector(1, 2), { op: "neg" }))).toEqual([-1, -2]);
    expect(toNested(await f(vector(3, 4), { op: "neg" }))).toEqual([-3, -4]);
    expect(traced).toBe(1);
    expect(toNested(await f(vector(1), { op: "neg" }))).toEqual([-1]);
    expect(toNested(await f(vector(1), { op: "neg", twice: true }))).toEqual([-2]);
    expect(toNested(await f(vector(0), { op: "exp" }))).toEqual([1]);
    expect(traced).toBe(4);
    await f.dispose();
  });

  test("takes and gives trees", async () => {
    const f = compile(
      (batch: { images: Tensor; labels: Tensor }, parts: Tensor[], rate: Tensor, key: Key) => ({
        total: o.add(o.sum(batch.images), o.cast(o.sum(batch.labels), "float32")),
        pair: [o.mul(parts[0]!, rate), { noise: o.normal(key, [2]) }],
        name: "kept",
        none: undefined,
      }),
    );
    const labels = ndarray(Int32Array.of(3, 4));
    const out = await f({ images: vector(1, 2), labels }, [vector(5)], 0.5, Key.seed(0));
    expect(toNested(out.total)).toBe(10);
    expect(toNested(out.pair[0] as NdArray)).toEqual([2.5]);
    expect((out.pair[1] as { noise: NdArray }).noise.shape).toEqual([2]);
    expect([out.name, out.none]).toEqual(["kept", undefined]);
    await f.dispose();
  });

  test("bare typed arrays and numbers are vectors and scalars", async () => {
    const f = compile((a: Tensor, b: Tensor, c: Tensor) => o.add(o.mul(a, c), o.cast(b, "float32")));
    expect(toNested(await f(Float32Array.of(1, 2), Int32Array.of(10, 20), 3))).toEqual([13, 26]);
    await f.dispose();
  });

  test("an output that is an input, or leaves twice", async () => {
    const f = compile((x: Tensor) => {
      const y = o.neg(x);
      return { x, y, again: y };
    });
    const out = await f(vector(1));
    expect([out.x, out.y, out.again].map((a) => toNested(a as NdArray))).toEqual([[1], [-1], [-1]]);
    await f.dispose();
  });

  test("results stay as they are when the function runs again", async () => {
    const f = compile((x: Tensor) => o.mul(x, 2));
    const first = await f(vector(1));
    await f(vector(5));
    expect(toNested(first)).toEqual([2]);
    await f.dispose();
  });

  test("calls may overlap", async () => {
    const f = compile((x: Tensor) => o.mul(x, 2));
    const all = await Promise.all([1, 2, 3, 4].map((v) => f(vector(v))));
    expect(all.map((a) => a.data[0])).toEqual([2, 4, 6, 8]);
    await f.dispose();
  });
});

describe("what a compiled function refuses", () => {
  test("calls that overlap draw each its own numbers, and keep them", async () => {
    const draw = compile((key: Key) => o.add(o.normal(key, [300]), 0), { engine });
    const seeds = [0, 1, 2, 3];
    for (let round = 0; round < 2; round++) {
      const drawn = await Promise.all(seeds.map((seed) => draw(Key.seed(seed))));
      drawn.forEach(({ data }, seed) => {
        expect(data).toEqual(hostNormal(Key.seed(seed), 300));
      });
    }
  });

  test("after dispose", async () => {
    const f = compile((x: Tensor) => o.neg(x), { name: "train step" });
    await f(vector(1));
    await f.dispose();
    await expect(async () => f(vector(1))).rejects.toThrow(
      "train step was disposed and cannot run again; compile it anew",
    );
    await f.dispose();
  });

  test("a wrong shape: the op and its shapes, and the arguments that led there", async () => {
    const f = compile((batch: { images: Tensor }, w: Tensor) => o.matmul(batch.images, w), { name: "loss" });
    const images = ndarray(new Float32Array(6), [2, 3]);
    const call = f({ images }, ndarray(new Float32Array(8), [4, 2]));
    await expect(call).rejects.toThrow(
      "matmul([2, 3], [4, 2]): the inner dimensions are 3 and 4\n" +
        "  while tracing loss for argument 1.images float32[2, 3], argument 2 float32[4, 2]",
    );
    // A failed trace leaves nothing behind.
    expect((await f({ images }, ndarray(new Float32Array(6), [3, 2]))).shape).toEqual([2, 2]);
    await f.dispose();
  });

  test("arguments that are no values", async () => {
    const f = compile((x: unknown) => o.exp(x as Tensor), { name: "f" });
    await expect(async () => f(o.tensor([1]) as never)).rejects.toThrow(
      "f, argument 1: a symbolic tensor was passed",
    );
    await expect(async () => f(new Date() as never)).rejects.toThrow("f, argument 1: an array, number, key");
    const short = { data: new Float32Array(3), shape: [2, 2], dtype: "float32" };
    await expect(async () => f(short as never)).rejects.toThrow("3 values do not fill shape [2, 2]");
    await expect(f("text" as never)).rejects.toThrow(
      "a tensor, a variable, an array or a number was expected",
    );
  });

  test("async functions, and variables as results", async () => {
    const later = compile(async (x: Tensor) => o.neg(x), { name: "later" });
    await expect(later(vector(1))).rejects.toThrow("a compiled function must not be async");
    const w = new Variable([1], { name: "w" });
    await expect(compile(() => w)()).rejects.toThrow("w was returned as a variable");
  });
});

describe("eager", () => {
  test("methods compute now", async () => {
    expect(await o.tensor([1, 2, 3]).mul(2).array()).toEqual([2, 4, 6]);
    expect(
      await o
        .tensor([
          [1, 2],
          [3, 4],
        ])
        .matmul(o.tensor([1, 1]))
        .array(),
    ).toEqual([3, 7]);
    expect(await o.tensor([1, 2, 3, 4]).reshape(2, -1).sum({ axes: 0 }).array()).toEqual([4, 6]);
    expect(await o.tensor([true, false]).cast("int32").array()).toEqual([1, 0]);
    expect((await o.tensor([1, 2]).less(2).value()).dtype).toBe("bool");
    expect(await o.tensor(3).array()).toBe(3);
  });

  test("storage types hold numbers", async () => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const t = o.tensor([1.5, -2, 0.1], dtype);
      const got = (await t.array()) as number[];
      expect(got.slice(0, 2)).toEqual([1.5, -2]);
      expect(got[2]).toBeCloseTo(0.1, dtype === "float16" ? 4 : 3);
      expect(await t.cast("float32").array()).toEqual(got);
      expect(await o.constant(0.25, dtype).cast("float32").array()).toBe(0.25);
    }
  });
});
