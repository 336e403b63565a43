/** Small networks as jobs: the same numbers as ONNX Runtime's to a few units of the last place, and only where they fit. */
import * as ort from "onnxruntime-node";
import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../../src/engine/compile.ts";
import { networkOf } from "../../../src/engine/fused/network.ts";
import { CPU, OrtEngine } from "../../../src/engine/onnx/engine.ts";
import { nodeEngine } from "../../../src/engine/onnx/node.ts";
import type { OrtModule } from "../../../src/engine/onnx/ort.ts";
import { Linear, Sequential } from "../../../src/nn/index.ts";
import { Ema } from "../../../src/optim/index.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import * as o from "../../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { assign, substitute } from "../../../src/tensor/trace.ts";

const engine = await nodeEngine({ threads: 1 });
const wasm = await nodeEngine({ threads: 1, device: "wasm" });
const inSession = new OrtEngine(ort as unknown as OrtModule, {
  name: "in the session",
  target: CPU,
  ownBuffers: true,
  options: () => ({ logSeverityLevel: 4, intraOpNumThreads: 1 }),
});
afterAll(() => Promise.all([engine, wasm, inSession].map((e) => e.dispose())));

const key = Key.seed(4);
const rows = (n: number, width: number): NdArray<"float32"> =>
  ndarray(hostNormal(key.split(`${n} ${width}`), n * width), [n, width]);

function furthest(a: NdArray, b: NdArray): number {
  expect(a.shape).toEqual(b.shape);
  return Math.max(...Array.from(a.data as Float32Array, (v, i) => Math.abs(v - Number(b.data[i]))));
}

describe("a small network", () => {
  test.each([
    [1, 1, 1],
    [1, 4, 8],
    [3, 2, 3],
    [5, 7, 2],
    [8, 64, 6],
    [2, 5, 33],
  ])("%i rows of %i → %i, with and without bias", async (n, k, width) => {
    for (const bias of [true, false]) {
      const layer = new Linear(k, width, { bias }).initialize(key);
      const fn = (x: Tensor) => layer.forward(x);
      const [f, g] = [compile(fn, { engine }), compile(fn, { engine: inSession })];
      const x = rows(n, k);
      expect(networkOf(await f.graph(x))).toBeDefined();
      expect(furthest(await f(x), await g(x))).toBeLessThan(2e-6);
    }
  });

  test("two heads, activations and arithmetic around them; weights that change, wherever they are", async () => {
    const trunk = new Sequential(new Linear(3, 17), o.tanh, new Linear(17, 16), o.relu).initialize(key);
    const [policy, value] = [new Linear(16, 5).initialize(key), new Linear(16, 1).initialize(key)];
    const fn = (x: Tensor) => {
      const h = trunk.forward(o.mul(x, 0.5));
      return { logits: policy.forward(h), value: o.reshape(value.forward(h), [-1]), more: o.exp(o.neg(h)) };
    };
    const shrink = compile(
      () => {
        for (const p of trunk.parameters()) assign(p, o.mul(p, 0.9));
      },
      { engine },
    );
    const x = rows(6, 3);
    const [f, web, g] = [engine, wasm, inSession].map((e) => compile(fn, { engine: e }));
    for (let i = 0; i < 3; i++) {
      const [a, b, c] = [await f!(x), await web!(x), await g!(x)];
      expect(b).toEqual(a);
      for (const name of ["logits", "value", "more"] as const)
        expect(furthest(a[name], c[name])).toBeLessThan(2e-6);
      await shrink();
    }
    // What was given is the caller's: the next call does not write there.
    const first = await f!(x);
    const kept = first.logits.data.slice();
    await f!(rows(6, 3));
    policy.bias!.set(ndarray(new Float32Array(5).fill(100)));
    expect((await f!(x)).logits.data[0]).toBeGreaterThan(90);
    expect(first.logits.data).toEqual(kept);
  });

  test("a row is the same in every batch", async () => {
    const net = new Sequential(new Linear(4, 64), o.relu, new Linear(64, 2)).initialize(key);
    const f = compile((x: Tensor) => net.forward(x), { engine });
    const x = rows(7, 4);
    const all = await f(x);
    const one = await f(ndarray(x.data.slice(12, 16), [1, 4]));
    expect(one.data).toEqual(all.data.slice(6, 8));
  });

  test("averages in the place of the weights are pieces of one vector, and give the same bits", async () => {
    const net = new Sequential(new Linear(4, 9), o.relu, new Linear(9, 2)).initialize(key);
    const ema = new Ema(net.parameters(), 0.9);
    const [f, g] = [
      compile((x: Tensor) => substitute(ema.values(), () => net.forward(x)), { engine }),
      compile((x: Tensor) => net.forward(x), { engine }),
    ];
    const x = rows(3, 4);
    expect(networkOf(await f.graph(x))).toBeDefined();
    expect(await f(x)).toEqual(await g(x));
  });

  test("what is large, changes state or is anything else is ONNX Runtime's", async () => {
    const [net, other] = [new Linear(4, 64).initialize(key), new Linear(64, 64).initialize(key)];
    const planned = async (fn: (x: Tensor) => unknown, x: NdArray) =>
      networkOf(await compile(fn, { engine }).graph(x));
    expect(await planned((x) => other.forward(net.forward(x)), rows(8, 4))).toBeDefined();
    expect(await planned((x) => other.forward(net.forward(x)), rows(512, 4))).toBeUndefined();
    expect(await planned((x) => o.softmax(net.forward(x)), rows(8, 4))).toBeUndefined();
    expect(await planned((x) => o.matmul(x, o.transpose(x)), rows(8, 4))).toBeUndefined();
    expect(await planned((x) => o.add(x, 1), rows(8, 4))).toBeUndefined();
    expect(await planned((x) => assign(net.bias!, o.reshape(o.narrow(net.forward(x), 0, 0, 1), [64])), rows(8, 4))).toBeUndefined(); // biome-ignore format: one line
  });

  test("a loop of calls lets timers in", async () => {
    const net = new Linear(2, 2).initialize(key);
    const f = compile((x: Tensor) => net.forward(x), { engine });
    const x = rows(1, 2);
    await f(x);
    let rang = false;
    setTimeout(() => {
      rang = true;
    }, 1);
    for (let i = 0; i < 1_000_000 && !rang; i++) await f(x);
    expect(rang).toBe(true);
  });
});
