import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { type NdArray, ndarray, toNested } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { assign, substitute } from "../../src/tensor/trace.ts";
import { Variable } from "../../src/tensor/variable.ts";

const engine = await nodeEngine({ threads: 2 });
afterAll(() => engine.dispose());

const vector = (...values: number[]): NdArray<"float32"> => ndarray(Float32Array.from(values));
const variable = (name: string, ...values: number[]): Variable =>
  new Variable([values.length], { name, value: vector(...values) });
const read = async (v: Variable): Promise<unknown> => toNested(await engine.state.read(v));

describe("state", () => {
  test("many steps equal the same arithmetic on the host: no buffer is read while it is written", async () => {
    // Each new value mixes elements of the old one, so an update in place would show.
    const n = 4096;
    const first = Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i)));
    const [a, b] = ["a", "b"].map((name) => new Variable([n], { name, value: ndarray(first) }));
    const step = compile(
      () => {
        assign(a!, o.add(o.mul(o.flip(a!, 0), 0.5), o.mul(b!, 0.5)));
        assign(b!, o.sub(o.flip(b!, 0), a!));
      },
      { engine },
    );
    let [x, y] = [first.slice(), first.slice()];
    for (let k = 0; k < 5; k++) {
      await step();
      const [p, q]: [Float32Array, Float32Array] = [x, y];
      x = p.map((_, i) => Math.fround(Math.fround(p[n - 1 - i]! * 0.5) + Math.fround(q[i]! * 0.5)));
      y = q.map((_, i) => Math.fround(q[n - 1 - i]! - x[i]!));
    }
    expect((await engine.state.read(a!)).data).toEqual(x);
    expect((await engine.state.read(b!)).data).toEqual(y);
    await step.dispose();
  });

  test("a read after an assignment sees the assigned value; outputs too", async () => {
    const v = variable("v", 1, 2);
    const step = compile(
      () => {
        const before = o.add(v, 0);
        assign(v, o.mul(v, 10));
        const between = o.add(v, 0);
        assign(v, o.add(v, 1));
        return [before, between, o.add(v, 0)];
      },
      { engine },
    );
    expect((await step()).map(toNested)).toEqual([
      [1, 2],
      [10, 20],
      [11, 21],
    ]);
    expect(await read(v)).toEqual([11, 21]);
    await step.dispose();
  });

  test("two variables change places", async () => {
    const [a, b] = [variable("a", 1), variable("b", 2)];
    const swap = compile(
      () => {
        const [x, y] = [o.asTensor(a), o.asTensor(b)];
        assign(a, y);
        assign(b, x);
      },
      { engine },
    );
    for (let i = 0; i < 3; i++) await swap();
    expect([await read(a), await read(b)]).toEqual([[2], [1]]);
    await swap.dispose();
  });

  test("two programs share state, and a written variable need not be read", async () => {
    const w = variable("w", 1);
    const log = variable("log", 0);
    const grow = compile((by: Tensor) => assign(w, o.mul(w, by)), { engine });
    const note = compile(() => assign(log, o.add(w, 0.5)), { engine });
    for (let i = 0; i < 4; i++) {
      await grow(2);
      await note();
    }
    expect([await read(w), await read(log)]).toEqual([[16], [16.5]]);
    await Promise.all([grow.dispose(), note.dispose()]);
    expect(await read(w)).toEqual([16]);
  });

  test("one variable can be state of every dtype", async () => {
    const values: NdArray[] = [
      ndarray(Int32Array.of(5)),
      ndarray(BigInt64Array.of(5n)),
      ndarray(Uint8Array.of(5), [1], "uint8"),
      ndarray(Uint8Array.of(1), [1], "bool"),
      ndarray(Uint16Array.of(0x4500), [1], "float16"), // 5
      ndarray(Uint16Array.of(0x40a0), [1], "bfloat16"), // 5
    ];
    for (const value of values) {
      const v = new Variable([1], { name: value.dtype, dtype: value.dtype, value });
      const step = compile(
        () => {
          const now = o.cast(v, "float32");
          assign(v, o.cast(value.dtype === "bool" ? o.sub(1, now) : o.add(now, 1), value.dtype));
          return now;
        },
        { engine },
      );
      const [a, b] = [await step(), await step()].map((x) => x.data[0]);
      expect([value.dtype, a, b]).toEqual(value.dtype === "bool" ? ["bool", 1, 0] : [value.dtype, 5, 6]);
      const after = (await engine.state.read(v)) as NdArray;
      expect([after.dtype, toNested(after)]).toEqual([value.dtype, value.dtype === "bool" ? [1] : [7]]);
      await step.dispose();
    }
  });
});

describe("the host and the engine", () => {
  test("set takes effect at the next use, and the engine copies what it is given", async () => {
    const v = variable("v", 1);
    const step = compile(() => assign(v, o.add(v, 1)), { engine });
    await step();
    const given = vector(10);
    v.set(given);
    expect(await read(v)).toEqual([10]);
    expect(v.value).toBe(given);
    await step();
    given.data[0] = 99;
    expect(await read(v)).toEqual([11]);
    const got = await engine.state.read(v);
    got.data[0] = 77;
    expect(await read(v)).toEqual([11]);
    await step.dispose();
  });

  test("set during a run wins over the run", async () => {
    const v = variable("v", 1);
    const step = compile(() => assign(v, o.add(v, 1)), { engine });
    await step();
    const running = step();
    // Let the run begin before the host sets.
    await new Promise((done) => setImmediate(done));
    v.set(vector(100));
    await running;
    expect(await read(v)).toEqual([100]);
    await step();
    expect(await read(v)).toEqual([101]);
    await step.dispose();
  });

  test("release forgets the engine's value: the host's comes back", async () => {
    const v = variable("v", 1);
    const step = compile(() => assign(v, o.add(v, 1)), { engine });
    await step();
    const running = step();
    await new Promise((done) => setImmediate(done));
    engine.state.release(v);
    await running;
    expect(await read(v)).toEqual([1]);
    await step();
    expect(await read(v)).toEqual([2]);
    await step.dispose();
  });

  test("a variable without a value", async () => {
    const v = new Variable([2], { name: "decoder.bias" });
    const f = compile(() => o.neg(v), { engine });
    const sentence = "decoder.bias has no value yet: initialise its module, or load a state dict";
    await expect(f()).rejects.toThrow(sentence);
    await expect(engine.state.read(v)).rejects.toThrow(sentence);
    v.set(vector(1, 2));
    expect(toNested(await f())).toEqual([-1, -2]);
    await f.dispose();
  });

  test("a step that fails changes nothing", async () => {
    const [v, table] = [variable("v", 1), variable("table", 1, 2, 3)];
    const step = compile(
      (index: Tensor) => {
        assign(v, o.add(v, 1));
        return o.gather(table, index);
      },
      { engine },
    );
    expect(toNested(await step(ndarray(Int32Array.of(2))))).toEqual([3]);
    await expect(step(ndarray(Int32Array.of(7)))).rejects.toThrow(/out of bounds|indices element/);
    expect(await read(v)).toEqual([2]);
    await step.dispose();
  });

  test("assigning another shape or dtype", async () => {
    const v = variable("v", 1, 2);
    await expect(compile(() => assign(v, o.sum(v)), { engine })()).rejects.toThrow(
      "assign(v): it holds float32[2], not float32[]",
    );
    await expect(compile(() => assign(v, o.cast(v, "int32")), { engine })()).rejects.toThrow("not int32[2]");
  });
});

describe("other values in the place of variables", () => {
  test("substitute holds inside, and not after", async () => {
    const [w, ema] = [variable("w", 1), variable("ema", 5)];
    const f = compile(
      () => {
        const model = (): Tensor => o.mul(w, 2);
        const values = new Map([[w, o.asTensor(ema)]]);
        return [model(), substitute(values, model), model()];
      },
      { engine },
    );
    expect((await f()).map(toNested)).toEqual([[2], [10], [2]]);
    expect((await f.graph()).updates).toEqual([]);
    await f.dispose();
  });

  test("a first read inside substitute leaves the variable as it was", async () => {
    const w = variable("w", 1);
    const f = compile(
      () => {
        const inside = substitute(new Map([[w, o.tensor([5])]]), () => o.mul(w, 2));
        return [inside, o.mul(w, 2)];
      },
      { engine },
    );
    expect((await f()).map(toNested)).toEqual([[10], [2]]);
    expect((await f.graph()).updates).toEqual([]);
    await f.dispose();
  });

  test("an assignment before substitute is seen after it", async () => {
    const w = variable("w", 1);
    const f = compile(
      () => {
        assign(w, o.add(w, 1));
        const inside = substitute(new Map([[w, o.tensor([50])]]), () => o.mul(w, 2));
        return [inside, o.mul(w, 2)];
      },
      { engine },
    );
    expect((await f()).map(toNested)).toEqual([[100], [4]]);
    expect(await read(w)).toEqual([2]);
    await f.dispose();
  });

  test("what is assigned to a substituted variable would be lost: refused", async () => {
    const w = variable("running_mean", 1);
    const lost = compile(() => substitute(new Map([[w, o.tensor([2])]]), () => assign(w, o.tensor([3]))), {
      engine,
    });
    await expect(lost()).rejects.toThrow("assign(running_mean): it stands for another value here");
    const frozen = compile(() => assign(w, o.add(w, 1)), { engine, freeze: [w] });
    await expect(frozen()).rejects.toThrow("so the new one would be lost");
  });

  test("freeze bakes in the engine's values of the first call", async () => {
    const w = variable("w", 1);
    const step = compile(() => assign(w, o.add(w, 1)), { engine });
    await step();
    const f = compile((x: Tensor) => o.mul(x, w), { engine, freeze: [w] });
    expect(toNested(await f(vector(10)))).toEqual([20]);
    await step();
    expect(toNested(await f(vector(10)))).toEqual([20]);
    expect((await f.graph(vector(10))).reads).toEqual([]);
    await Promise.all([step.dispose(), f.dispose()]);
  });

  test("a substitute of another shape", () => {
    expect(() => substitute(new Map([[variable("w", 1), o.tensor([1, 2])]]), () => 0)).toThrow(
      "substitute(w): it holds float32[1], not float32[2]",
    );
  });
});
