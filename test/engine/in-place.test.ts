/** Updates in place against the same updates in the graph; and everything else that can happen to a variable. */
import * as ort from "onnxruntime-node";
import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { CPU, OrtEngine } from "../../src/engine/onnx/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import type { OrtModule } from "../../src/engine/onnx/ort.ts";
import { LayerNorm, Linear, type Module, mseLoss, Sequential } from "../../src/nn/index.ts";
import * as optim from "../../src/optim/index.ts";
import { grad } from "../../src/tensor/grad.ts";
import { type NdArray, ndarray, toNested } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { assign } from "../../src/tensor/trace.ts";
import { Variable } from "../../src/tensor/variable.ts";

/** The engine as it is where updates stay in the graph: on devices. */
const inGraph = new OrtEngine(ort as unknown as OrtModule, {
  name: "in the graph",
  target: CPU,
  ownBuffers: true,
  options: () => ({ logSeverityLevel: 4, intraOpNumThreads: 1 }),
});
const engine = await nodeEngine({ threads: 1 });
const wasm = await nodeEngine({ threads: 1, device: "wasm" });
afterAll(() => Promise.all([inGraph, engine, wasm].map((e) => e.dispose())));

const key = Key.seed(3);
const gauss = (name: string, ...shape: number[]): NdArray<"float32"> =>
  ndarray(
    hostNormal(
      key.split(name),
      shape.reduce((n, d) => n * d, 1),
    ),
    shape,
  );
const vector = (...values: number[]): NdArray<"float32"> => ndarray(Float32Array.from(values));
const variable = (name: string, ...values: number[]): Variable =>
  new Variable([values.length], { name, value: vector(...values) });
const current = async (v: Variable): Promise<unknown> => toNested(await v.read());

interface Training {
  readonly net: Module;
  readonly optimizer: optim.Optimizer;
  readonly ema: optim.Ema;
  step(): Promise<number>;
  values(): Promise<NdArray[]>;
}

/** A network with a tail in every tensor, one alone in its group, clipping and averages. */
function training(make: optim.OptimizerFactory, on: Engine, steps = { done: 0 }): Training {
  const net = new Sequential(new Linear(7, 33), o.silu, new LayerNorm(33), new Linear(33, 3));
  net.initialize(key.split("weights"));
  const parameters = net.parameters();
  const optimizer = make(parameters);
  const ema = new optim.Ema(parameters, 0.99);
  const step = compile(
    (x: Tensor, y: Tensor, t: Tensor) => {
      const loss = mseLoss(net.forward(x), y);
      const { gradients, norm } = optim.clipGradNorm(grad(loss, parameters), 0.5);
      optimizer.step(gradients, optim.schedules.cosine(0.05, { steps: 60, warmup: 5 })(t));
      ema.update(t);
      return [loss, norm];
    },
    { engine: on },
  );
  const variables = () => [...parameters, ...optimizer.variables.values()];
  return {
    net,
    optimizer,
    ema,
    step: async () => Number((await step(gauss(`x${steps.done % 4}`, 16, 7), gauss(`y${steps.done % 4}`, 16, 3), steps.done++))[0]!.data[0]), // biome-ignore format: one line
    values: async () => [
      ...(await Promise.all(variables().map((v) => v.read()))),
      ...(await ema.read()).values(),
    ],
  };
}

const decays = (p: Variable): boolean => p.shape.length > 1;
const RULES: Readonly<Record<string, () => optim.OptimizerFactory>> = {
  sgd: () => optim.sgd(),
  momentum: () => optim.sgd({ momentum: 0.9, dampening: 0.1, weightDecay: 0.01 }),
  nesterov: () => optim.sgd({ momentum: 0.9, nesterov: true }),
  adam: () => optim.adam({ weightDecay: 0.01, decays }),
  adamW: () => optim.adamW({ weightDecay: 0.1, decays }),
  rmsprop: () => optim.rmsprop({ momentum: 0.9, centered: true }),
};

describe("fifty steps", () => {
  test.each(Object.keys(RULES))("%s: the losses of the graph", async (name) => {
    const [here, there] = [training(RULES[name]!(), engine), training(RULES[name]!(), inGraph)];
    let apart = 0;
    for (let i = 0; i < 50; i++)
      apart = Math.max(apart, Math.abs((await here.step()) - (await there.step())));
    expect(apart).toBeLessThan(1e-6);
    const [a, b] = [await here.values(), await there.values()];
    a.forEach(({ data, shape }, i) => {
      expect(shape).toEqual(b[i]!.shape);
      const off = Array.from(data as Float32Array, (v, k) => Math.abs(v - Number(b[i]!.data[k])));
      expect(Math.max(...off)).toBeLessThan(1e-5);
    });
  });

  test("in Node's WebAssembly the same losses", async () => {
    const [here, there] = [training(RULES.adamW!(), wasm), training(RULES.adamW!(), engine)];
    for (let i = 0; i < 20; i++)
      expect(Math.abs((await here.step()) - (await there.step()))).toBeLessThan(1e-5);
  });

  test("stopped and taken up again, on another engine object, they are bit for bit the same", async () => {
    const whole = training(RULES.adam!(), engine);
    for (let i = 0; i < 12; i++) await whole.step();
    const fresh = await nodeEngine({ threads: 1 });
    const first = training(RULES.adam!(), fresh);
    for (let i = 0; i < 7; i++) await first.step();
    const weights = await first.net.stateDict();
    const state = new Map<string, NdArray>();
    for (const [name, v] of first.optimizer.variables) state.set(name, await v.read());
    const averages = [...(await first.ema.read()).values()];
    await fresh.dispose();
    const second = training(RULES.adam!(), engine, { done: 7 });
    second.net.loadStateDict(weights);
    for (const [name, v] of second.optimizer.variables) v.set(state.get(name)!);
    second.ema.write((p) => averages[second.net.parameters().indexOf(p)]);
    for (let i = 7; i < 12; i++) await second.step();
    expect(await second.values()).toEqual(await whole.values());
  });
});

describe("memory", () => {
  test("values stay when the memory grows, and a released variable's place is used again", async () => {
    const own = await nodeEngine({ threads: 1 });
    const made: { v: Variable; step: () => Promise<unknown>; n: number }[] = [];
    for (let i = 0; i < 12; i++) {
      const n = 1000 + 40_000 * (i % 5);
      const v = new Variable([n], { name: `v${i}`, value: ndarray(new Float32Array(n).fill(i)) });
      made.push({ v, n, step: compile(() => assign(v, o.add(v, 1)), { engine: own }) });
      for (const { step } of made) await step();
    }
    for (const [i, { v, n }] of made.entries())
      expect(new Set((await v.read()).data as Float32Array), `${n}`).toEqual(new Set([i + 12 - i]));
    made[3]!.v.dispose();
    const late = variable("late", 1, 2);
    const twice = compile(() => assign(late, o.mul(late, 2)), { engine: own });
    await twice();
    expect(await current(late)).toEqual([2, 4]);
    expect((await made[4]!.v.read()).data[0]).toBe(12);
    await own.dispose();
    expect(made[4]!.v.value!.data[0]).toBe(12);
  });

  test("the room for gradients is one for all programs, small or large", async () => {
    const made = [2, 30_000, 40].map((n) => {
      const w = new Variable([n], { name: `w${n}`, value: ndarray(new Float32Array(n)) });
      return { w, step: compile((x: Tensor) => assign(w, o.sub(w, o.matmul(x, o.ones([3, n])).reshape([n]))), { engine }) }; // biome-ignore format: one line
    });
    const x = ndarray(Float32Array.of(1, 2, 3), [1, 3]);
    for (const i of [0, 1, 2, 0, 2, 1]) await made[i]!.step(x);
    for (const { w } of made) expect(new Set((await w.read()).data as Float32Array)).toEqual(new Set([-12]));
  });
});

describe.each([
  ["natively", engine],
  ["in WebAssembly", wasm],
] as const)("a variable that is updated in place, %s", (_, on) => {
  const double = (v: Variable, e: Engine = on) => compile(() => assign(v, o.mul(v, 2)), { engine: e });

  test("is read and written by programs of either kind", async () => {
    const v = variable("v", 1, 2, 3, 4, 5);
    const grow = double(v);
    const look = compile(() => o.sum(v), { engine: on });
    const turn = compile(() => assign(v, o.flip(v, 0)), { engine: on });
    await look();
    await grow();
    expect(Number((await look()).data[0])).toBe(30);
    await turn();
    await grow();
    expect(await current(v)).toEqual([20, 16, 12, 8, 4]);
    await turn();
    await turn();
    await turn();
    await grow();
    expect(await current(v)).toEqual([8, 16, 24, 32, 40]);
    expect(Number((await look()).data[0])).toBe(120);
  });

  test("is taken over from another engine, and by it", async () => {
    const v = variable("v", 1, 2, 3);
    const [here, there, plain] = [double(v), double(v, on === engine ? wasm : engine), double(v, inGraph)];
    for (const step of [here, there, here, plain, here, plain, there]) await step();
    expect(await current(v)).toEqual([128, 256, 384]);
  });

  test("follows what the host sets, before a run and during one", async () => {
    const v = variable("v", 1, 1);
    const by = compile((x: Tensor) => assign(v, o.add(v, o.matmul(x, o.tensor([[1], [1]])).reshape([2]))), { engine: on }); // biome-ignore format: one line
    const x = ndarray(Float32Array.of(1, 1, 2, 2), [2, 2]);
    await by(x);
    expect(await current(v)).toEqual([3, 5]);
    const given = vector(10, 20);
    v.set(given);
    await by(x);
    expect([await current(v), [...given.data]]).toEqual([[12, 24], [10, 20]]); // biome-ignore format: one line
    const running = by(x);
    await Promise.resolve();
    v.set(vector(100, 100));
    await running;
    const after = await current(v);
    expect([[100, 100], [102, 104]]).toContainEqual(after); // biome-ignore format: one line
  });

  test("is released to the host's value, and needs none where it is only written", async () => {
    const v = variable("v", 1, 2);
    const grow = double(v);
    await grow();
    on.state.release(v);
    expect(await current(v)).toEqual([1, 2]);
    await grow();
    expect(await current(v)).toEqual([2, 4]);
    const blank = new Variable([3], { name: "blank" });
    const fill = compile((x: Tensor) => assign(blank, o.add(o.broadcastTo(x, [3]), 1)), { engine: on });
    await fill(4);
    expect(await current(blank)).toEqual([5, 5, 5]);
    await expect(double(new Variable([3], { name: "nothing" }))()).rejects.toThrow(
      "nothing has no value yet",
    );
  });

  test("is written at a position, whatever else happens to it", async () => {
    const v = new Variable([2, 3, 2], { name: "cache", value: ndarray(new Float32Array(12), [2, 3, 2]) });
    const step = compile(
      (at: Tensor, row: Tensor) => {
        const before = o.asTensor(v);
        assign(v, o.writeAt(before, at, o.mul(row, 2), 1));
        return o.sum(before);
      },
      { engine: on },
    );
    const row = (...values: number[]) => ndarray(Float32Array.from(values), [2, 1, 2]);
    const at = (position: number) => Int32Array.of(position);
    const sums = [await step(at(1), row(1, 2, 3, 4)), await step(at(2), row(5, 6, 7, 8))];
    expect(sums.map(({ data }) => data[0])).toEqual([0, 20]);
    expect(await current(v)).toEqual([[[0, 0], [2, 4], [10, 12]], [[0, 0], [6, 8], [14, 16]]]); // biome-ignore format: one line
    v.set(ndarray(new Float32Array(12).fill(1), [2, 3, 2]));
    await step(at(3), row(0, 0, 0, 0));
    await step(at(0), row(4, 3, 2, 1));
    expect(await current(v)).toEqual([[[8, 6], [1, 1], [1, 1]], [[4, 2], [1, 1], [1, 1]]]); // biome-ignore format: one line
  });

  test("has the value from before the step for all that read it in one", async () => {
    const n = 37;
    const [a, b] = ["a", "b"].map((name) => new Variable([n], { name, value: gauss(name, n) }));
    const [c, d] = [variable("c", 1, 2, 3, 4), variable("d", 5, 6)];
    const step = compile(
      () => {
        const [x, y, z, t] = [a!, b!, c, d].map((v) => o.asTensor(v));
        assign(a!, o.add(o.mul(x!, 0.5), y!));
        assign(b!, o.sub(y!, o.mul(x!, 0.5)));
        assign(c, o.concat([t!, o.narrow(z!, 0, 0, 2)], 0));
        assign(d, o.narrow(z!, 0, 2, 4));
      },
      { engine: on },
    );
    const [x, y] = [a!, b!].map((v) => v.value!.data as Float32Array);
    await step();
    const f = Math.fround;
    expect((await a!.read()).data).toEqual(x!.map((v, i) => f(f(v * 0.5) + y![i]!)));
    expect((await b!.read()).data).toEqual(x!.map((v, i) => f(y![i]! - f(v * 0.5))));
    expect([await current(c), await current(d)]).toEqual([[5, 6, 1, 2], [3, 4]]); // biome-ignore format: one line
  });
});
