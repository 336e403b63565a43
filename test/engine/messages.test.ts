import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { setDefaultEngine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { Linear } from "../../src/nn/linear.ts";
import { crossEntropy, nllLoss } from "../../src/nn/losses.ts";
import { Module, Parameter } from "../../src/nn/module.ts";
import { readSafeTensors, writeSafeTensors } from "../../src/nn/safetensors.ts";
import { grad } from "../../src/tensor/grad.ts";
import { fromNested, type NdArray, ndarray, toNested } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { assign } from "../../src/tensor/trace.ts";
import { Variable } from "../../src/tensor/variable.ts";
import { onWarning } from "../../src/warnings.ts";

const engine = await nodeEngine({ threads: 1 });
setDefaultEngine(engine);
afterAll(() => engine.dispose());

const zeros = (...shape: number[]): Tensor => o.zeros(shape);

describe("labels", () => {
  test("of floats, bytes, or another shape", () => {
    const logits = zeros(8, 10);
    expect(() => crossEntropy(logits, zeros(8))).toThrow(
      'crossEntropy: labels are class indices, int32 or int64, not float32: pass an Int32Array, or cast(labels, "int32")',
    );
    expect(() => nllLoss(logits, zeros(8))).toThrow("nllLoss: labels are class indices");
    expect(() => crossEntropy(logits, o.cast(zeros(8), "uint8"))).toThrow("not uint8");
    expect(() => crossEntropy(logits, zeros(8, 3))).toThrow(
      "crossEntropy: logits [8, 10] need labels [8] (int32) or probabilities [8, 10] (float32), not [8, 3]",
    );
    expect(crossEntropy(logits, o.cast(zeros(8), "int32")).shape).toEqual([]);
  });
});

describe("arrays", () => {
  test("ndarray of what is no typed array of ours", () => {
    expect(() => ndarray([1, 2] as never)).toThrow(
      "ndarray: takes a Float32Array, Int32Array, BigInt64Array, Uint8Array or Uint16Array, not a plain array: fromNested([[1, 2], [3, 4]]) makes one of nested numbers",
    );
    expect(() => ndarray(new Float64Array(2) as never)).toThrow(
      "not a Float64Array: convert it, as by Float32Array.from(values)",
    );
    expect(() => ndarray("text" as never)).toThrow("not a string");
    expect(() => ndarray(new Float32Array(2) as never, [2], "int32")).toThrow(
      "ndarray: int32 is held by a Int32Array, not by a Float32Array",
    );
    expect(() => ndarray([1, 2] as never, [2], "float32")).toThrow("float32 is held by a Float32Array");
  });

  test("a plain array into a compiled function", async () => {
    const double = compile((x: Tensor) => x.mul(2), { name: "double" });
    const hint =
      "is a plain array: each of its numbers came as a tensor of its own. For one tensor, pass fromNested(array)";
    const call = double as unknown as (x: unknown) => Promise<NdArray>;
    await expect(call([1, 2, 3])).rejects.toThrow(`\n  argument 1 ${hint}`);
    await expect(call([[1, 2], [3, 4]])).rejects.toThrow(`\n  argument 1 ${hint}`); // biome-ignore format: one line
    expect(toNested(await double(fromNested([[1, 2], [3, 4]])))).toEqual([[2, 4], [6, 8]]); // biome-ignore format: one line
    const add = compile((x: { a: Tensor }) => o.add(x.a, 1), { name: "add" });
    await expect((add as unknown as typeof call)({ a: [1, 2] })).rejects.toThrow(
      `a tensor, a variable, an array or a number was expected, not an array of 2: tensor([1, 2]) makes one of numbers, stack(list) of tensors\n  while tracing add for argument 1.a[0] float32[], argument 1.a[1] float32[]\n  argument 1.a ${hint}`,
    );
    // Where a list is meant, it is one.
    const total = compile((parts: Tensor[]) => o.stack(parts).sum());
    expect(toNested(await total([1, 2, 3]))).toBe(6);
    await expect(async () => call(new Float64Array(2))).rejects.toThrow(
      "double, argument 1: a Float64Array has no dtype here; pass ndarray(array, shape, dtype), or convert it",
    );
  });
});

describe("a layer that was not initialised", () => {
  test("says which values it lacks and how it gets them", async () => {
    const layer = new Linear(3, 2);
    const sentence =
      "a variable float32[2, 3] without a name has no value yet: initialise its module, or load a state dict, before running: module.initialize(Key.seed(0))";
    await expect(compile((x: Tensor) => layer.forward(x))(fromNested([[1, 2, 3]]))).rejects.toThrow(sentence);
    await expect(layer.stateDict()).rejects.toThrow(
      "weight has no value yet: initialise the module, or load a state dict",
    );
    expect(() => grad(zeros(1).sum(), layer.parameters())).toThrow(
      "grad: the loss does not depend on a variable float32[2, 3] without a name",
    );
  });
});

describe("functions that cannot be compiled", () => {
  test("an async one is refused, and what becomes of its promise harms nobody", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): number => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    const v = new Variable([], { name: "v", value: ndarray(new Float32Array(1), []) });
    const later = compile(async () => {
      await Promise.resolve();
      assign(v, o.constant(1)); // outside the trace by now: it rejects
    });
    const sentence = "a compiled function must not be async: it is traced once, and returns tensors at once.";
    await expect(later()).rejects.toThrow(sentence);
    const parts = compile(() => [
      Promise.reject(new Error("first")),
      { two: Promise.reject(new Error("second")) },
    ]);
    await expect(parts()).rejects.toThrow(sentence);
    await new Promise((done) => setTimeout(done, 20));
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });

  test("one that returns nothing", async () => {
    const forgot = compile((x: Tensor) => void x.mul(2), { name: "forgot" });
    await expect(forgot(1)).rejects.toThrow(
      "forgot returns no tensor and assigns no variable, so there is nothing to compute. Does it lack a return?",
    );
    const v = new Variable([], { name: "v", value: ndarray(new Float32Array(1), []) });
    await compile(() => assign(v, o.add(v, 1)))();
    expect(toNested(await v.read())).toBe(1);
  });
});

describe("what compile freezes", () => {
  let warnings: string[] = [];
  let before: (message: string) => void;
  beforeEach(() => {
    warnings = [];
    before = onWarning((message) => warnings.push(message));
  });
  afterEach(() => void onWarning(before));

  test("numbers and keys from outside stay as they were", async () => {
    let rate = 1;
    let key = Key.seed(1);
    const f = compile(() => [o.constant(rate), o.normal(key, [1])]);
    const first = (await f()).map(toNested);
    rate = 2;
    key = Key.seed(2);
    expect((await f()).map(toNested)).toEqual(first);
    // Given as arguments, they are new at each call.
    const g = compile((r: Tensor, k: Key) => [r.mul(1), o.normal(k, [1])]);
    expect((await g(1, Key.seed(1))).map(toNested)).toEqual(first);
    expect((await g(2, Key.seed(2))).map(toNested)).not.toEqual(first);
    expect(warnings).toEqual([]);
  });

  test("two draws from one key are warned of, once", async () => {
    const twice = compile(
      (x: Tensor, key: Key) => {
        const noise = key.split("noise");
        return [x.add(o.normal(noise, [3])), o.uniform(noise, [2])];
      },
      { name: "twice" },
    );
    await twice(1, Key.seed(0));
    await twice(1, Key.seed(1));
    await twice(new Float32Array(3), Key.seed(1));
    expect(warnings).toEqual([
      'twice draws twice from one key (argument 2.split("noise")): [3] and [2] are made of the same random numbers. Give each draw a key of its own: key.split("a name")',
    ]);
    const fixed = Key.seed(3);
    await compile(() => [o.normal(fixed, [2]), o.normal(fixed, [2])], { name: "same" })();
    expect(warnings[1]).toContain("same draws twice from one key (a key from outside): [2] and [2]");
  });

  test("keys that were split, and one draw used twice, are not", async () => {
    const f = compile((key: Key) => {
      const z = o.normal(key.split("z"), [2]);
      return [z, z.mul(2), o.normal(key.split("w"), [2]), o.normal(key.split("w").split(0), [2])];
    });
    await f(Key.seed(0));
    expect(warnings).toEqual([]);
  });
});

describe("tensors with the names of JavaScript's own", () => {
  class Odd extends Module {
    readonly constructor_ = new Parameter([1], () => Float32Array.of(1));
    readonly proto = new Parameter([1], () => Float32Array.of(2));
    override children(): Iterable<readonly [string, unknown]> {
      return [
        ["constructor", this.constructor_],
        ["__proto__", this.proto],
      ];
    }
  }

  test("go into a state dict, a file, and back", async () => {
    const model = new Odd().initialize(Key.seed(0));
    const dict = await model.stateDict();
    expect(Object.keys(dict)).toEqual(["constructor", "__proto__"]);
    expect(Object.getPrototypeOf(dict)).toBe(Object.prototype);
    const { tensors } = readSafeTensors(writeSafeTensors(dict), "odd.safetensors");
    expect(Object.keys(tensors).sort()).toEqual(["__proto__", "constructor"]);
    const again = new Odd().loadStateDict(tensors);
    expect([again.constructor_, again.proto].map((p) => toNested(p.value!))).toEqual([[1], [2]]);
  });

  test("are missed where they are missing", () => {
    expect(() => new Odd().loadStateDict({})).toThrow(
      "the state dict is of another architecture: missing constructor, __proto__;",
    );
  });
});
