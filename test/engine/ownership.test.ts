import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as ort from "onnxruntime-node";
import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { evaluateNested } from "../../src/engine/eager.ts";
import { type Engine, setDefaultEngine } from "../../src/engine/engine.ts";
import { OrtEngine } from "../../src/engine/onnx/engine.ts";
import { CPU } from "../../src/engine/onnx/lowering/context.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import type { OrtModule } from "../../src/engine/onnx/ort.ts";
import { Linear } from "../../src/nn/linear.ts";
import { mseLoss } from "../../src/nn/losses.ts";
import { readSafeTensors, writeSafeTensors } from "../../src/nn/safetensors.ts";
import { adam } from "../../src/optim/adam.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { grad } from "../../src/tensor/grad.ts";
import { type NdArray, ndarray, toNested } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { assign } from "../../src/tensor/trace.ts";
import { Variable } from "../../src/tensor/variable.ts";

const engine = await nodeEngine({ threads: 1 });
const second = await nodeEngine({ threads: 1 });
setDefaultEngine(engine);
afterAll(() => Promise.all([engine.dispose(), second.dispose()]));

const vector = (...values: number[]): NdArray<"float32"> => ndarray(Float32Array.from(values));
const variable = (name: string, ...values: number[]): Variable =>
  new Variable([values.length], { name, value: vector(...values) });
const current = async (v: Variable): Promise<unknown> => toNested(await v.read());
const adder = (v: Variable, by: number, on: Engine = engine) =>
  compile(() => assign(v, o.add(v, by)), { engine: on });
const reader = (v: Variable, on: Engine) => compile(() => o.mul(v, 1), { engine: on });

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Waits until what nobody holds any more is gone, or gives up. */
async function until(gone: () => boolean): Promise<boolean> {
  for (let i = 0; i < 50 && !gone(); i++) {
    // Looking at a weak reference holds what it refers to until the next turn.
    await new Promise((done) => setTimeout(done, 10));
    collect();
  }
  return gone();
}

type Session = {
  run(
    feeds: ort.InferenceSession.FeedsType,
    fetches: ort.InferenceSession.FetchesType,
  ): Promise<ort.InferenceSession.ReturnType>;
  release(): Promise<void>;
};

/** ONNX Runtime for Node with some of its sessions' methods replaced. */
function engineOf(name: string, replace: (session: Session) => Partial<Session>): OrtEngine {
  const create: OrtModule["InferenceSession"]["create"] = async (bytes, options) => {
    const session = await ort.InferenceSession.create(bytes, options);
    const own: Session = {
      run: session.run.bind(session) as Session["run"],
      release: session.release.bind(session),
    };
    return Object.assign(session, replace(own));
  };
  const options = () => ({ logSeverityLevel: 4 as const, intraOpNumThreads: 1 });
  return new OrtEngine({ InferenceSession: { create }, Tensor: ort.Tensor } as unknown as OrtModule, {
    name,
    target: CPU,
    ownBuffers: false,
    options,
  });
}

/** A promise, and what resolves it. */
function gate(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("weights have one home", () => {
  test("after training, the state dict is the trained one without an engine being named", async () => {
    // The README's example.
    const model = new Linear(1, 1).initialize(Key.seed(0));
    const optimizer = adam()(model.parameters());
    const step = compile((x: Tensor, y: Tensor) => {
      const loss = mseLoss(model.forward(x), y);
      optimizer.step(grad(loss, optimizer.parameters), 0.1);
      return loss;
    });
    const x = ndarray(Float32Array.of(0, 1, 2, 3), [4, 1]);
    const y = ndarray(Float32Array.of(1, 3, 5, 7), [4, 1]);
    for (let i = 0; i < 300; i++) await step(x, y);
    const { tensors } = readSafeTensors(writeSafeTensors(await model.stateDict()), "weights");
    expect(Number(tensors.weight!.data[0])).toBeCloseTo(2, 1);
    expect(Number(tensors.bias!.data[0])).toBeCloseTo(1, 1);
    expect(tensors.weight!.data).toEqual((await engine.state.read(model.weight)).data);
    await step.dispose();
  });

  test("the host's older value is not given for the current one", async () => {
    const v = variable("encoder.weight", 1);
    expect(toNested(v.value!)).toEqual([1]);
    const step = adder(v, 1);
    await step();
    expect(() => v.value).toThrow(
      /^encoder\.weight: onnxruntime-node cpu, 1 thread has computed a newer value than the host's; get it by await/,
    );
    await v.toHost();
    expect(toNested(v.value!)).toEqual([2]);
    await step();
    expect(() => v.value).toThrow("encoder.weight");
    expect(await current(v)).toEqual([3]);
    v.set(vector(7));
    expect(toNested(v.value!)).toEqual([7]);
    await step.dispose();
  });

  test("reading alone moves nothing", async () => {
    const v = variable("v", 1);
    const f = reader(v, engine);
    await f();
    expect(v.home).toBeUndefined();
    expect(toNested(v.value!)).toEqual([1]);
    await f.dispose();
  });

  test("what is read is a copy", async () => {
    const v = variable("v", 1);
    (await v.read()).data[0] = 9;
    expect(await current(v)).toEqual([1]);
    const step = adder(v, 1);
    await step();
    (await v.read()).data[0] = 9;
    expect(await current(v)).toEqual([2]);
    await step.dispose();
  });
});

describe("two engines", () => {
  test("each takes over what the other computed, and keeps no stale copy", async () => {
    const v = variable("v", 1);
    const [here, there, look] = [adder(v, 1), adder(v, 10, second), reader(v, second)];
    expect(toNested((await look()) as NdArray)).toEqual([1]);
    await here();
    expect(toNested((await look()) as NdArray)).toEqual([2]);
    await there();
    await here();
    await here();
    expect(await current(v)).toEqual([14]);
    expect(await Promise.all([engine, second].map(async (e) => toNested(await e.state.read(v))))).toEqual([
      [14],
      [14],
    ]);
    expect(toNested((await look()) as NdArray)).toEqual([14]);
    await Promise.all([here, there, look].map((f) => f.dispose()));
  });

  test("programs that read each other's variables at the same time do not wait for ever", async () => {
    const [a, b] = [variable("a", 1), variable("b", 1)];
    const left = compile(() => assign(a, o.add(a, o.mul(b, 0))), { engine });
    const right = compile(() => assign(b, o.add(b, o.mul(a, 0))), { engine: second });
    for (let i = 0; i < 20; i++) await Promise.all([left(), right()]);
    expect([await current(a), await current(b)]).toEqual([[1], [1]]);
    await Promise.all([left.dispose(), right.dispose()]);
  });

  test("both writing at once is refused", async () => {
    const v = variable("policy.weight", 1);
    const [begun, finish] = [gate(), gate()];
    const slow = engineOf("slow", (session) => ({
      run: async (...args) => {
        begun.resolve();
        await finish.promise;
        return session.run(...args);
      },
    }));
    const [here, there] = [adder(v, 1, slow), adder(v, 10, second)];
    const step = here();
    await begun.promise;
    await there();
    finish.resolve();
    await expect(step).rejects.toThrow(
      "policy.weight was written by onnxruntime-node cpu, 1 thread and slow at once: await the step of one before that of the other",
    );
    await Promise.all([here.dispose(), there.dispose(), slow.dispose()]);
  });

  test("a frozen value is the current one, wherever it is", async () => {
    const v = variable("v", 1);
    const step = adder(v, 1, second);
    await step();
    const f = compile((x: Tensor) => o.mul(x, v), { engine, freeze: [v] });
    expect(toNested(await f(vector(10)))).toEqual([20]);
    await Promise.all([step.dispose(), f.dispose()]);
  });
});

describe("an engine that goes", () => {
  test("dispose brings values home, and another engine goes on from them", async () => {
    const first = await nodeEngine({ threads: 1 });
    const model = new Linear(2, 1).initialize(Key.seed(1));
    const before = await model.stateDict();
    const optimizer = sgd({ momentum: 0.9 })(model.parameters());
    const stepOn = (on: Engine) =>
      compile(
        (x: Tensor) => {
          const loss = o.mean(o.square(model.forward(x)));
          optimizer.step(grad(loss, optimizer.parameters), 0.1);
          return loss;
        },
        { engine: on },
      );
    const x = ndarray(Float32Array.of(1, 2, 3, 4), [2, 2]);
    const step = stepOn(first);
    const losses = [Number((await step(x)).data[0]), Number((await step(x)).data[0])];
    await first.dispose();
    expect(model.weight.value!.data).not.toEqual(before.weight!.data);
    const onward = stepOn(engine);
    losses.push(Number((await onward(x)).data[0]));

    // The same three steps on one engine: nothing was lost on the way, the momentum neither.
    model.loadStateDict(before);
    for (const v of optimizer.variables.values()) v.set(ndarray(new Float32Array(v.size), v.shape));
    const again: number[] = [];
    for (let i = 0; i < 3; i++) again.push(Number((await onward(x)).data[0]));
    expect(losses).toEqual(again);
    await onward.dispose();
    await expect(step(x)).rejects.toThrow(
      "the engine (onnxruntime-node cpu, 1 thread) was disposed and cannot run again; create another",
    );
  });

  test("what cannot be brought home is said to be lost, until it is set again", async () => {
    // An engine whose values cannot be read any more, as those of a graphics card that was reset.
    let broken = false;
    const fragile = engineOf("fragile", (session) => ({
      run: async (feeds, fetches) => {
        const out = Object.entries(await session.run(feeds, fetches));
        const guarded = out.map(([name, { type, dims, data }]) => {
          const tensor = { type, dims, location: "cpu", dispose() {} };
          Object.defineProperty(tensor, "data", {
            get: () => {
              if (broken) throw new Error("the device was lost");
              return data;
            },
          });
          return [name, tensor] as const;
        });
        return Object.fromEntries(guarded) as unknown as ort.InferenceSession.ReturnType;
      },
    }));
    const v = variable("critic.bias", 1);
    const step = adder(v, 1, fragile);
    await step();
    broken = true;
    await fragile.dispose();
    const sentence =
      "the value of critic.bias is lost: fragile was disposed, and could not give it back (the device was lost)";
    await expect(v.read()).rejects.toThrow(sentence);
    await expect(reader(v, engine)()).rejects.toThrow(sentence);
    v.set(vector(3));
    expect(await current(v)).toEqual([3]);
  });
});

describe("gradients outside compile", () => {
  test("of a model's parameters", async () => {
    const model = new Linear(2, 1).initialize(Key.seed(0));
    model.loadStateDict({ weight: ndarray(Float32Array.of(1, 2), [1, 2]), bias: vector(3) });
    const loss = model.forward(o.tensor([[5, 7]])).sum();
    const [dw, db] = grad(loss, model.parameters());
    expect([await evaluateNested(dw!), await evaluateNested(db!)]).toEqual([[[5, 7]], [1]]);
    // They follow the parameters.
    const square = model.forward(o.tensor([[1, 1]])).square();
    const [gradient] = grad(square.sum(), [model.bias!]);
    expect(await evaluateNested(gradient!)).toEqual([12]);
    model.bias!.set(vector(0));
    expect(await evaluateNested(gradient!)).toEqual([6]);
  });
});

describe("memory", () => {
  /** An engine, and how many of its sessions are open. */
  function counting(): { engine: OrtEngine; open: () => number } {
    let open = 0;
    const made = engineOf("counting", (session) => {
      open++;
      return {
        release: () => {
          open--;
          return session.release();
        },
      };
    });
    return { engine: made, open: () => open };
  }

  test("a module's dispose frees its values everywhere", async () => {
    const model = new Linear(2, 1).initialize(Key.seed(0));
    const step = compile(() => assign(model.bias!, o.add(model.bias!, o.sum(model.weight))), { engine });
    await step();
    model.dispose();
    await expect(model.stateDict()).rejects.toThrow("weight has no value yet: initialise the module");
    await expect(step()).rejects.toThrow("has no value yet");
    model.initialize(Key.seed(0));
    await step();
    expect(model.bias!.home).toBe(engine);
    await step.dispose();
  });

  test("a model that is dropped is not held by the engine, and its programs are closed", async () => {
    const { engine: own, open } = counting();
    const train = async (): Promise<WeakRef<Variable>[]> => {
      const model = new Linear(4, 4).initialize(Key.seed(0));
      const optimizer = adam()(model.parameters());
      const step = compile(
        (x: Tensor) => {
          const loss = o.mean(o.square(model.forward(x)));
          optimizer.step(grad(loss, optimizer.parameters), 0.1);
          return loss;
        },
        { engine: own },
      );
      await step(ndarray(new Float32Array(4), [1, 4]));
      return [...model.parameters(), ...optimizer.variables.values()].map((v) => new WeakRef(v));
    };
    const refs = await train();
    expect(open()).toBe(1);
    expect(await until(() => open() === 0 && refs.every((ref) => !ref.deref()))).toBe(true);
    await own.dispose();
  });

  test("a hundred batch shapes keep as many programs as were asked for", async () => {
    const { engine: own, open } = counting();
    let traced = 0;
    const f = compile(
      (x: Tensor) => {
        traced++;
        return o.sum(x);
      },
      { engine: own, programs: 8 },
    );
    const call = async (n: number): Promise<number> => Number((await f(new Float32Array(n).fill(1))).data[0]);
    for (let n = 1; n <= 100; n++) expect(await call(n)).toBe(n);
    expect(traced).toBe(100);
    // The last ones are there; what was used again stays longest.
    await call(93);
    expect(traced).toBe(100);
    await call(101);
    await call(93);
    expect(traced).toBe(101);
    await call(94);
    expect(traced).toBe(102);
    // All at once: none is closed while it is in use.
    const many = Array.from({ length: 30 }, (_, i) => i + 1);
    expect(await Promise.all(many.map(call))).toEqual(many);
    await f.dispose();
    expect(open()).toBe(0);
    await own.dispose();
    expect(() => compile((x: Tensor) => x, { name: "f", programs: 0 })).toThrow(
      "f: programs must be 1 or more, not 0",
    );
  });

  test("32 programs when nothing is said", async () => {
    const { engine: own, open } = counting();
    const f = compile((x: Tensor) => o.sum(x), { engine: own });
    for (let n = 1; n <= 40; n++) await f(new Float32Array(n));
    expect(await until(() => open() === 32)).toBe(true);
    await own.dispose();
  });
});
