import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { lower } from "../../src/engine/onnx/lower.ts";
import { CPU, WEBGPU } from "../../src/engine/onnx/lowering/context.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import type { NdArray } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { distance } from "../goldens/read.ts";
import { encode } from "../tensor/check.ts";
import { floats, Rng } from "../tensor/reference.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const r = new Rng(1);
const some = (...shape: number[]): NdArray => encode(floats(r, shape));

describe("a bias is added inside its product, and nothing changes", () => {
  type Product = (x: Tensor, w: Tensor) => Tensor;
  const matmul: Product = (x, w) => o.matmul(x, w);
  const conv: Product = (x, w) => o.conv2d(x, w, { padding: 1 });
  const image = [some(2, 3, 4, 4), some(5, 3, 3, 3)] as const;
  const blocks = [some(1, 32, 3, 3), some(16, 32, 3, 3)] as const;
  const rows = [some(4, 3), some(3, 5)] as const;
  const table: [string, Product, readonly [NdArray, NdArray], NdArray][] = [
    ["conv2d", conv, image, some(5, 1, 1)],
    ["conv2d, four dimensions", conv, image, some(1, 5, 1, 1)],
    ["conv2d in blocks", conv, blocks, some(16, 1, 1)],
    ["conv2d with one channel", conv, [some(2, 3, 4, 4), some(1, 3, 3, 3)], some()],
    ["matmul", matmul, rows, some(5)],
    ["matmul, two dimensions", matmul, rows, some(1, 5)],
    [
      "matmul, transposed and scaled",
      (x, w) => o.mul(o.matmul(x, w, { transA: true, transB: true }), 0.3),
      [some(3, 4), some(5, 3)],
      some(5),
    ],
    ["rows of a batch", matmul, [some(2, 4, 3), some(3, 5)], some(5)],
    ["a bias a row, which is none", matmul, rows, some(4, 1)],
    ["a bias as large as the product", matmul, rows, some(4, 5)],
    ["a bias that makes the product grow", matmul, [some(1, 3), some(3, 5)], some(4, 5)],
  ];
  test.each(table)("%s", async (_, product, [x, w], bias) => {
    const fused = compile(
      (a: Tensor, b: Tensor, c: Tensor) => [o.add(product(a, b), c), o.add(c, o.neg(product(a, b)))],
      { engine },
    );
    // As an output of its own the product cannot absorb anything.
    const apart = compile((a: Tensor, b: Tensor) => product(a, b), { engine });
    const sums = compile((p: Tensor, c: Tensor) => [o.add(p, c), o.sub(c, p)], { engine });
    const want = await sums(await apart(x, w), bias);
    const got = await fused(x, w, bias);
    for (const i of [0, 1]) expect(distance(got[i]!, want[i]!)).toBeLessThan(1e-6);
    await Promise.all([fused.dispose(), apart.dispose(), sums.dispose()]);
  });

  test("a product with other users stays", async () => {
    const f = compile(
      (x: Tensor, w: Tensor, b: Tensor) => {
        const p = o.matmul(x, w);
        return [o.add(p, b), p, o.add(o.exp(o.mul(p, 0.1)), p)];
      },
      { engine },
    );
    const [x, w] = rows;
    const b = some(5);
    const [sum, product] = await f(x, w, b);
    const back = (sum!.data as Float32Array).map((v, i) => v - Number(b.data[i % 5]));
    expect(distance({ ...sum!, data: back } as NdArray, product!)).toBeLessThan(1e-6);
    await f.dispose();
  });
});

test("names of the border are as asked, and each value that leaves has one", () => {
  const x = some(2, 2);
  const f = compile(
    (a: Tensor) => {
      const y = o.exp(a);
      return [y, y, a];
    },
    { engine },
  );
  return f.graph(x).then((graph) => {
    const names = { feeds: ["images"], outputs: ["first", "second", "third"] };
    for (const target of [CPU, WEBGPU]) {
      const made = lower(graph, target, names);
      expect(made.feeds.map((p) => p.name)).toEqual(names.feeds);
      expect(made.outputs.map((p) => p.name)).toEqual(names.outputs);
    }
    const unnamed = lower(graph, CPU).outputs.map((p) => p.name);
    expect(new Set(unnamed).size).toBe(3);
  });
});

test("more pieces than WebGPU binds at once are joined as a tree", async () => {
  const f = compile(
    (a: Tensor) =>
      o.concat(
        Array.from({ length: 50 }, (_, i) => o.add(a, i)),
        0,
      ),
    { engine },
  );
  const graph = await f.graph(some(1));
  const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
  const count = (bytes: Uint8Array): number => text(bytes).split("n_Concat_").length - 1;
  expect(count(lower(graph, CPU).bytes)).toBe(1);
  // 50 = 7·7 + 1: seven and one, then two, then one.
  expect(count(lower(graph, WEBGPU).bytes)).toBe(9);
});
