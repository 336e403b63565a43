import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { Linear } from "../../src/nn/index.ts";
import { grad } from "../../src/tensor/grad.ts";
import { nodesOf, rootsOf } from "../../src/tensor/graph.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { assign, substitute } from "../../src/tensor/trace.ts";
import { Variable } from "../../src/tensor/variable.ts";
import { apart, CASES, results, writtenOut } from "./scan-cases.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

describe("a loop is what its steps written out are: values, gradients, and their gradients", () => {
  test.each(Object.keys(CASES))("%s", async (name) => {
    const loop = await results(engine, name, o.scan);
    const steps = await results(engine, name, writtenOut);
    expect(loop.flat().some((v) => Math.abs(v) > 1e-3)).toBe(true);
    expect(apart(loop, steps)).toBeLessThan(2e-5);
  });
});

test("gradients are what finite differences say", async () => {
  const loss = compile(
    (x: Tensor, h: Tensor, w: Tensor) => {
      const [end, all] = o.scan(
        (h: Tensor, x: Tensor): [Tensor, Tensor] => {
          const next = o.tanh(o.add(x, o.matmul(h, w)));
          return [next, o.mul(next, x)];
        },
        h,
        x,
      );
      const total = o.add(o.sum(o.mul(end, end)), o.sum(o.sin(all)));
      return [total, ...grad(total, [x, h, w])];
    },
    { engine },
  );
  const inputs = [
    [4, 2, 3],
    [2, 3],
    [3, 3],
  ].map((shape, k) => {
    const size = shape.reduce((n, d) => n * d, 1);
    return ndarray(hostNormal(Key.seed(k), size).map((v) => 0.5 * v), shape); // biome-ignore format: one line
  }) as [NdArray, NdArray, NdArray];
  const [, ...gradients] = await loss(...inputs);
  const at = async (k: number, i: number, by: number): Promise<number> => {
    const moved = inputs.map((input, j) => {
      const data = Float32Array.from(input.data as Float32Array);
      if (j === k) data[i] = data[i]! + by;
      return ndarray(data, input.shape);
    }) as [NdArray, NdArray, NdArray];
    return (await loss(...moved))[0]!.data[0] as number;
  };
  for (const [k, input] of inputs.entries())
    for (let i = 0; i < input.data.length; i += 2) {
      const slope = ((await at(k, i, 1e-2)) - (await at(k, i, -1e-2))) / 2e-2;
      expect(gradients[k]!.data[i], `input ${k}, element ${i}`).toBeCloseTo(slope, 2);
    }
});

test("the graph does not grow with the steps", async () => {
  const count = async (T: number): Promise<number> => {
    const f = compile((x: Tensor, w: Tensor) => {
      const [end] = o.scan(
        (h: Tensor, x: Tensor) => [o.tanh(o.add(x, o.matmul(h, w))), undefined],
        o.zeros([2, 3]),
        x,
      );
      return grad(o.sum(end), [x, w]);
    });
    const graph = await f.graph(
      ndarray(new Float32Array(T * 6), [T, 2, 3]),
      ndarray(new Float32Array(9), [3, 3]),
    );
    return nodesOf(rootsOf(graph)).length;
  };
  expect(await count(1000)).toBe(await count(10));
});

test("the forward pass is one loop, also where its gradient is taken", async () => {
  const f = compile((x: Tensor) => {
    const [end] = o.scan((h: Tensor, x: Tensor) => [o.tanh(o.mul(x, h)), undefined], o.ones([2]), x);
    return [end, ...grad(o.sum(end), [x])];
  });
  const graph = await f.graph(ndarray(new Float32Array(6), [3, 2]));
  expect(nodesOf(rootsOf(graph)).filter((t) => t.is("scan")).length).toBe(2);
});

test("a loop of one step is its step", async () => {
  const f = compile(
    (x: Tensor) => {
      const [end, all] = o.scan((h: Tensor, x: Tensor) => [o.mul(h, x), o.add(h, x)], o.constant(2), x, {
        reverse: true,
      });
      return [end, all, ...grad(o.add(end, o.sum(all)), [x])];
    },
    { engine },
  );
  const x = ndarray(Float32Array.of(3), [1]);
  expect(nodesOf(rootsOf(await f.graph(x))).some((t) => t.is("scan"))).toBe(false);
  expect((await f(x)).map(({ data, shape }) => [shape, data[0]])).toEqual([
    [[], 6],
    [[1], 5],
    [[1], 3],
  ]);
});

test("a draw in the step is made anew at each, and is a row of one draw for all", async () => {
  const f = compile(
    (key: Key) => {
      const once = o.normal(key.split("once"), [2]);
      const step = (): [undefined, Tensor[]] => [
        undefined,
        [o.normal(key.split("each"), [2]), o.mul(once, 1)],
      ];
      const [, [each, same]] = o.scan(step, undefined, undefined, { length: 3 });
      return { each: each!, same: same!, once };
    },
    { engine },
  );
  const { each, same, once } = await f(Key.seed(5));
  expect(each.data).toEqual(hostNormal(Key.seed(5).split("each"), 6));
  expect([...same.data]).toEqual([...once.data, ...once.data, ...once.data]);
  expect(new Set(each.data as Float32Array).size).toBe(6);
});

test("integers and booleans are carried, and what is carried unchanged comes out", async () => {
  const f = compile(
    (x: Tensor) => {
      const [[n, odd, kept], seen] = o.scan(
        ([n, odd, kept]: Tensor[], x: Tensor): [Tensor[], Tensor] => [
          [o.add(n!, o.cast(o.less(0, x), "int32")), o.not(odd!), kept!],
          o.where(odd!, x, kept!),
        ],
        [o.constant(0, "int32"), o.less(1, o.constant(0)), o.constant(7)],
        x,
      );
      return [n!, odd!, kept!, seen, ...grad(o.sum(seen), [x])];
    },
    { engine },
  );
  const out = await f(ndarray(Float32Array.of(1, -2, 3), [3]));
  expect(out.map(({ data }) => [...(data as Float32Array)])).toEqual([[2], [1], [7], [7, -2, 7], [0, 1, 0]]);
});

test("several optimizer steps in one call: the parameters are what is carried", async () => {
  const net = new Linear(3, 2).initialize(Key.seed(1));
  const parameters = net.parameters();
  const loss = (x: Tensor, y: Tensor): Tensor => o.mean(o.square(o.sub(net.forward(x), y)));
  const descend = (weights: readonly Tensor[], x: Tensor, y: Tensor): { next: Tensor[]; loss: Tensor } =>
    substitute(new Map(parameters.map((p, i) => [p, weights[i]!])), () => {
      const value = loss(x, y);
      return { next: grad(value, parameters).map((g, i) => o.sub(weights[i]!, o.mul(g, 0.1))), loss: value };
    });
  const x = ndarray(hostNormal(Key.seed(2), 4 * 5 * 3), [4, 5, 3]);
  const y = ndarray(hostNormal(Key.seed(3), 4 * 5 * 2), [4, 5, 2]);
  const one = compile(
    (x: Tensor, y: Tensor) => {
      const { next, loss } = descend(parameters.map((p) => o.asTensor(p)), x, y); // biome-ignore format: one line
      for (const [i, p] of parameters.entries()) assign(p, next[i]!);
      return loss;
    },
    { engine },
  );
  const all = compile(
    (x: Tensor, y: Tensor) => {
      const [end, losses] = o.scan(
        (weights: Tensor[], [x, y]: Tensor[]): [Tensor[], Tensor] => {
          const { next, loss } = descend(weights, x!, y!);
          return [next, loss];
        },
        parameters.map((p) => o.asTensor(p)),
        [x, y],
      );
      for (const [i, p] of parameters.entries()) assign(p, end[i]!);
      return losses;
    },
    { engine },
  );
  const before = await net.stateDict();
  const together = await all(x, y);
  const after = await net.stateDict();
  net.loadStateDict(before);
  for (let k = 0; k < 4; k++) {
    const part = (a: NdArray, n: number): NdArray => ndarray((a.data as Float32Array).slice(k * n, k * n + n), a.shape.slice(1)); // biome-ignore format: one line
    const { data } = await one(part(x, 15), part(y, 10));
    expect(together.data[k]).toBeCloseTo(data[0] as number, 5);
  }
  for (const [name, { data }] of Object.entries(await net.stateDict()))
    for (const [i, v] of (data as Float32Array).entries())
      expect(after[name]!.data[i], name).toBeCloseTo(v, 5);
});

test("parameters are frozen into the body", async () => {
  const net = new Linear(2, 2).initialize(Key.seed(1));
  const loop = (x: Tensor): Tensor => o.scan((h: Tensor, x: Tensor) => [o.tanh(net.forward(o.add(h, x))), undefined], o.zeros([1, 2]), x)[0]; // biome-ignore format: one line
  const x = ndarray(hostNormal(Key.seed(2), 6), [3, 1, 2]);
  const [free, frozen] = await Promise.all(
    [[], net.parameters()].map((freeze) => compile(loop, { engine, freeze })(x)),
  );
  for (const [i, v] of (free!.data as Float32Array).entries()) expect(frozen!.data[i]).toBeCloseTo(v, 6);
});

test("mistakes are said", async () => {
  const x = o.zeros([3, 2]);
  const h = o.zeros([2]);
  const same = (h: Tensor, x: Tensor): [Tensor, Tensor] => [o.add(h, x), x];
  expect(() => o.scan((h: Tensor): [Tensor, undefined] => [o.reshape(h, [2, 1]), undefined], h, x)).toThrow(
    "scan: the step makes of init float32[2, 1]; it was given float32[2], and must give the same",
  );
  expect(() => o.scan((h: Tensor): [Tensor, undefined] => [o.cast(h, "int32"), undefined], h, x)).toThrow(
    "scan: the step makes of init int32[2]; it was given float32[2], and must give the same",
  );
  expect(() => o.scan((() => [{}, undefined]) as never, { h }, x)).toThrow("scan: the step makes of init.h nothing; it was given float32[2]"); // biome-ignore format: one line
  expect(() => o.scan((() => [{ h, c: h }, undefined]) as never, { h }, x)).toThrow("scan: the step carries on init.c, which it was not given"); // biome-ignore format: one line
  expect(() => o.scan(((h: Tensor) => h) as never, h, x)).toThrow("scan: the step must return [what it carries on, its output or undefined]"); // biome-ignore format: one line
  expect(() => o.scan(same, h, o.constant(1))).toThrow("scan: xs is one number; it needs the steps along its first axis"); // biome-ignore format: one line
  expect(() => o.scan((h: Tensor) => [h, undefined], h, [x, o.zeros([4])])).toThrow("scan: xs[0] has 3 steps along its first axis, but xs[1] has 4"); // biome-ignore format: one line
  expect(() => o.scan((h: Tensor) => [h, undefined], h, undefined)).toThrow("scan: without xs it needs a length: { length: 10 }"); // biome-ignore format: one line
  expect(() => o.scan(same, h, x, { length: 4 })).toThrow("scan: length is 4, but xs has 3 steps along its first axis"); // biome-ignore format: one line
  expect(() => o.scan((h: Tensor) => [h, undefined], h, undefined, { length: 2.5 })).toThrow("scan: length is a number of steps, an integer of 1 or more, not 2.5"); // biome-ignore format: one line
  expect(() => o.scan(same, 3 as never, x)).toThrow("scan: init is not a tensor; it takes tensors, in arrays and objects"); // biome-ignore format: one line

  const count = new Variable([2], { name: "count", value: ndarray(Float32Array.of(0, 0), [2]) });
  const assigning = compile((x: Tensor) =>
    o.scan((h: Tensor, x: Tensor) => {
      assign(count, x);
      return [o.add(h, x), undefined];
    }, o.asTensor(count), x)[0]); // biome-ignore format: one line
  await expect(assigning(ndarray(new Float32Array(6), [3, 2]))).rejects.toThrow(
    "assign(count): the step of a scan cannot assign; carry the value, and assign it afterwards",
  );
  const leaking = compile((x: Tensor) => {
    let inner: Tensor | undefined;
    const [end] = o.scan((h: Tensor, x: Tensor) => {
      inner = o.mul(h, x);
      return [inner, undefined];
    }, h, x); // biome-ignore format: one line
    return o.add(end, inner!);
  });
  await expect(leaking(ndarray(new Float32Array(6), [3, 2]))).rejects.toThrow(
    "a value of a scan's step was used outside it: carry it, or return it as the step's output",
  );
  const through = compile((x: Tensor) =>
    grad(o.sum(o.scan(same, h, o.cast(o.cast(x, "int32"), "float32"))[0]), [x]),
  );
  await expect(through(ndarray(new Float32Array(6), [3, 2]))).rejects.toThrow(
    "grad: the loss does not depend on",
  );
});
