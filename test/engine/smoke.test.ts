import { test, expect } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { provideEngine } from "../../src/engine/engine.ts";
import "../../src/engine/fluent.ts";
import * as o from "../../src/tensor/ops.ts";
import { grad } from "../../src/tensor/grad.ts";
import { Variable } from "../../src/tensor/variable.ts";
import { assign } from "../../src/tensor/trace.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { Key, hostNormal } from "../../src/tensor/random.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
provideEngine(nodeEngine);
test("eager", async () => {
  expect(await o.tensor([1, 2, 3]).mul(2).array()).toEqual([2, 4, 6]);
});
test("mlp", async () => {
  const k = Key.seed(0);
  const dims = [4, 64, 64, 2];
  const ws = [0, 1, 2].map((i) => new Variable([dims[i + 1]!, dims[i]!], { name: `w${i}`, value: ndarray(hostNormal(k.split(i), dims[i]! * dims[i + 1]!).map((v) => v * 0.2), [dims[i + 1]!, dims[i]!]) }));
  const bs = [0, 1, 2].map((i) => new Variable([dims[i + 1]!], { name: `b${i}`, value: ndarray(new Float32Array(dims[i + 1]!)) }));
  const step = compile((x: Tensor, y: Tensor) => {
    let h = x;
    for (let i = 0; i < 3; i++) { h = o.add(o.matmul(h, ws[i]!, { transB: true }), bs[i]!); if (i < 2) h = o.relu(h); }
    const loss = o.mean(o.square(o.sub(h, y)));
    const ps = [...ws, ...bs];
    grad(loss, ps).forEach((g, i) => assign(ps[i]!, o.sub(ps[i]!, o.mul(g, 0.05))));
    return loss;
  });
  const x = ndarray(hostNormal(k.split("x"), 256), [64, 4]); const y = ndarray(hostNormal(k.split("y"), 128), [64, 2]);
  const losses: number[] = [];
  for (let i = 0; i < 200; i++) losses.push((await step(x, y)).data[0] as number);
  console.log(losses[0], losses[199]);
  const t = performance.now(); for (let i = 0; i < 2000; i++) await step(x, y); console.log("ms/step", (performance.now() - t) / 2000);
});
