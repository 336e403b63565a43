/** Packing, state names, schedules and averages; the optimizers' own numbers are in goldens.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { init, Linear, mseLoss, Parameter, Sequential } from "../../src/nn/index.ts";
import { adam, adamW, Ema, rmsprop, type Schedule, schedules, sgd } from "../../src/optim/index.ts";
import { LARGE, Packing } from "../../src/optim/packing.ts";
import { grad } from "../../src/tensor/grad.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import * as ops from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { assign, substitute } from "../../src/tensor/trace.ts";
import type { Variable } from "../../src/tensor/variable.ts";

const key = Key.seed(5);
let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

function parameter(name: string, shape: readonly number[]): Parameter {
  const p = new Parameter(shape, init.normal());
  p.name = name;
  p.set(ndarray(p.init(key.split(name), shape), shape));
  return p;
}

const read = async (v: Variable): Promise<Float32Array> => (await engine.state.read(v)).data as Float32Array;

/** Small and large ones mixed, so that packing has something to do. */
const mixed = (): Parameter[] => [
  parameter("a", [3, 4]),
  parameter("big", [256, LARGE / 256]),
  parameter("b", [5]),
  parameter("c", []),
];

describe("packing", () => {
  test("small variables share a vector, large ones stay alone, and unpack is the inverse of pack", async () => {
    const parameters = mixed();
    const packing = new Packing(parameters);
    expect(packing.groups.map(({ name, shape }) => [name, shape])).toEqual([
      ["flat", [18]],
      ["big", [256, LARGE / 256]],
    ]);
    const program = compile(
      () => {
        const packed = packing.pack(parameters);
        const back = packing.unpack(packed);
        return { flat: packed[0]!, back: parameters.map((p) => back.get(p)!) };
      },
      { engine },
    );
    const { flat, back } = await program();
    const host = parameters.map((p) => p.value!.data as Float32Array);
    expect([...flat.data]).toEqual([...host[0]!, ...host[2]!, ...host[3]!]);
    back.forEach((array, i) => {
      expect(array).toEqual(parameters[i]!.value);
    });
    await program.dispose();
  });

  test("parts do not mix", () => {
    const packing = new Packing(mixed(), (p) => (p.shape.length > 1 ? "matrix" : "rest"));
    expect(packing.groups.map(({ name, members }) => [name, members.map((m) => m.name)])).toEqual([
      ["a", ["a"]],
      ["big", ["big"]],
      ["flat", ["b", "c"]],
    ]);
  });
});

describe("optimizers", () => {
  test("packed, each parameter moves as it would by itself", async () => {
    for (const make of [adamW(), sgd({ momentum: 0.9, nesterov: true }), rmsprop({ centered: true })]) {
      const [together, apart] = [mixed(), mixed()];
      const optimizers = [make(together), ...apart.map((p) => make([p]))];
      const before = together.map((p) => p.value!.data);
      const step = compile(
        (seed: Key) => {
          const gradients = together.map((p) => ops.normal(seed.split(p.name), p.shape));
          optimizers[0]!.step(gradients, 0.1);
          apart.forEach((_, i) => {
            optimizers[i + 1]!.step([gradients[i]!], 0.1);
          });
        },
        { engine },
      );
      for (let i = 0; i < 3; i++) await step(key.split(i));
      for (const [i, p] of together.entries()) {
        const [a, b] = [await read(p), await read(apart[i]!)];
        expect(a).not.toEqual(before[i]);
        expect(a).toEqual(b);
      }
      await step.dispose();
    }
  });

  test("name their state after the parameters", () => {
    const [a, big] = mixed();
    expect([...adam()([a!, big!]).variables.keys()]).toEqual([
      "step",
      "exp_avg.a",
      "exp_avg.big",
      "exp_avg_sq.a",
      "exp_avg_sq.big",
    ]);
    expect([...sgd()([a!]).variables.keys()]).toEqual([]);
    expect([...sgd({ momentum: 0.9 })(mixed()).variables.keys()]).toEqual([
      "momentum_buffer.flat",
      "momentum_buffer.big",
    ]);
    expect([...rmsprop({ momentum: 0.1, centered: true })([a!]).variables.keys()]).toEqual([
      "square_avg.a",
      "grad_avg.a",
      "momentum_buffer.a",
    ]);
    const nameless = [0, 1].map(() => new Parameter([256, LARGE / 256], init.zeros));
    expect(() => adam()(nameless).variables).toThrow(
      "two parameters are named unnamed: initialise the module",
    );
  });

  test("go on from their state as if they had not stopped", async () => {
    const parameters = mixed();
    const run = (optimizer: ReturnType<ReturnType<typeof adam>>) =>
      compile(
        (seed: Key) => {
          optimizer.step(
            parameters.map((p) => ops.normal(seed.split(p.name), p.shape)),
            0.1,
          );
        },
        { engine },
      );
    const first = adamW()(parameters);
    const step = run(first);
    for (let i = 0; i < 3; i++) await step(key.split(i));
    const weights = await Promise.all(parameters.map((p) => engine.state.read(p)));
    const state = new Map<string, Awaited<ReturnType<Engine["state"]["read"]>>>();
    for (const [name, v] of first.variables) state.set(name, await engine.state.read(v));
    for (let i = 3; i < 6; i++) await step(key.split(i));
    const want = await Promise.all(parameters.map(read));

    const second = adamW()(parameters);
    for (const [name, v] of second.variables) v.set(state.get(name)!);
    parameters.forEach((p, i) => {
      p.set(weights[i]!);
    });
    const resumed = run(second);
    for (let i = 3; i < 6; i++) await resumed(key.split(i));
    expect(await Promise.all(parameters.map(read))).toEqual(want);
    await step.dispose();
    await resumed.dispose();
  });

  test("decay only what they are told to", async () => {
    const parameters = mixed();
    const optimizer = adamW({ weightDecay: 0.5, decays: (p) => p.shape.length > 1 })(parameters);
    const step = compile(
      () => {
        optimizer.step(
          parameters.map((p) => ops.zeros(p.shape)),
          0.1,
        );
      },
      { engine },
    );
    const before = parameters.map((p) => p.value!.data as Float32Array);
    await step();
    for (const [k, p] of parameters.entries()) {
      const factor = p.shape.length > 1 ? 0.95 : 1;
      (await read(p)).slice(0, 20).forEach((w, i) => {
        expect(w).toBeCloseTo(before[k]![i]! * factor, 6);
      });
    }
    await step.dispose();
  });

  test("a step of a large tensor passes over it eleven times at most (AdamW)", async () => {
    const big = parameter("big", [256, LARGE / 256]);
    const optimizer = adamW()([big]);
    const step = compile((g: Tensor) => optimizer.step([g], 1e-3), { engine });
    const { updates } = await step.graph(ndarray(new Float32Array(LARGE), big.shape));
    const seen = new Set<Tensor>();
    const visit = (t: Tensor): void => {
      if (seen.has(t)) return;
      seen.add(t);
      t.inputs.forEach(visit);
    };
    for (const { value } of updates) visit(value);
    expect([...seen].filter((t) => t.size === LARGE && t.inputs.length > 0)).toHaveLength(11);
    await step.dispose();
  });

  test("gradients that do not fit, and options that cannot be, are refused", () => {
    const [a] = mixed();
    expect(() => sgd()([a!]).step([], 0.1)).toThrow("holds 1 parameters, but was given 0 gradients");
    expect(() => sgd()([a!]).step([ops.zeros([4, 3])], 0.1)).toThrow("gradient of a [3, 4] has shape [4, 3]");
    expect(() => sgd({ nesterov: true })([a!])).toThrow("needs a momentum above 0");
    expect(() => adam({ betas: [0.9, 1] })([a!])).toThrow("betas are from 0 to below 1, not 1");
  });
});

describe("schedules", () => {
  const { constant, cooldown, cosine, linear, stepDecay, warmup, ratesAt } = schedules;
  const expectRates = async (schedule: Schedule, wanted: Record<number, number>): Promise<void> => {
    const rates = await ratesAt(schedule, Object.keys(wanted).map(Number), engine);
    Object.entries(wanted).forEach(([step, rate], i) => {
      expect(rates[i], `step ${step}`).toBeCloseTo(rate, 6);
    });
  };

  test("constant and step decay", async () => {
    await expectRates(constant(0.3), { 0: 0.3, 1000: 0.3 });
    await expectRates(stepDecay(0.8, { every: 30, gamma: 0.5 }), {
      0: 0.8,
      29: 0.8,
      30: 0.4,
      59: 0.4,
      60: 0.2,
      30000: 0,
    });
  });

  test("linear: down to its final fraction, and no further", async () => {
    await expectRates(linear(1, { steps: 100, final: 0.2 }), { 0: 1, 50: 0.6, 100: 0.2, 500: 0.2 });
  });

  test("cosine with warm-up: up in 10 steps, then half a cosine", async () => {
    await expectRates(cosine(2, { steps: 110, warmup: 10, final: 0.1 }), {
      0: 0.2,
      4: 1,
      9: 2,
      10: 2,
      35: 2 * (0.1 + 0.9 * 0.5 * (1 + Math.SQRT1_2)),
      60: 1.1,
      110: 0.2,
      1000: 0.2,
    });
  });

  test("warm-up before anything", async () => {
    const schedule = warmup(4, stepDecay(1, { every: 2 }));
    await expectRates(schedule, { 0: 0.25, 3: 1, 4: 1, 5: 1, 6: 0.1 });
    expect(warmup(0, schedule)).toBe(schedule);
  });

  test("a fall to zero after anything", async () => {
    await expectRates(cooldown(100, 0.25, warmup(4, constant(2))), {
      0: 0.5,
      50: 2,
      75: 2,
      80: 1.6,
      99: 0.08,
      100: 0,
    });
    expect(() => cooldown(100, 2, constant(1))).toThrow("a cool-down is a share from 0 to 1, not 2");
  });

  test("one step in a training program gives the same as a plot", async () => {
    const schedule = cosine(1, { steps: 50, warmup: 5 });
    const program = compile((step: Tensor) => schedule(step), { engine });
    const rates = await ratesAt(schedule, [0, 3, 20, 49], engine);
    for (const [i, step] of [0, 3, 20, 49].entries())
      expect((await program(step)).data[0]).toBeCloseTo(rates[i]!, 7);
    await program.dispose();
  });

  test("lengths that cannot be are refused", () => {
    expect(() => cosine(1, { steps: 10, warmup: 10 })).toThrow(
      "10 steps leaves none after its warm-up of 10",
    );
    expect(() => warmup(-1, constant(1))).toThrow("0 steps or more, not -1");
  });
});

describe("Ema", () => {
  test("follows by hand computation, with and without warm-up, for small and large tensors", async () => {
    for (const warm of [false, true]) {
      const parameters = mixed();
      const ema = new Ema(parameters, 0.5);
      const step = compile(
        (at: Tensor) => {
          for (const p of parameters) assign(p, ops.add(p, 1));
          ema.update(warm ? at : undefined);
        },
        { engine },
      );
      // The weights grow by one a step: the average lags by `lag`.
      let lag = 0;
      for (let t = 0; t < 12; t++) {
        await step(t);
        const d = warm ? Math.min(0.5, (1 + t) / (10 + t)) : 0.5;
        lag = d * (lag + 1);
      }
      const averages = await ema.read();
      for (const p of parameters) {
        const now = await read(p);
        const average = averages.get(p)!;
        expect(average.shape).toEqual(p.shape);
        for (let i = 0; i < Math.min(p.size, 20); i++) expect(average.data[i]).toBeCloseTo(now[i]! - lag, 4);
      }
      await step.dispose();
    }
  });

  test("stands in for the weights under substitute, and is written back by parameter", async () => {
    const net = new Sequential(new Linear(3, 4), ops.tanh, new Linear(4, 2)).initialize(key);
    const parameters = net.parameters();
    const ema = new Ema(parameters, 0.9);
    const optimizer = sgd()(parameters);
    const x = ndarray(hostNormal(key.split("x"), 12), [4, 3]);
    const y = ndarray(hostNormal(key.split("y"), 8), [4, 2]);
    const step = compile(
      (input: Tensor, target: Tensor) => {
        const loss = mseLoss(net.forward(input), target);
        optimizer.step(grad(loss, parameters), 0.5);
        ema.update();
        return loss;
      },
      { engine },
    );
    for (let i = 0; i < 10; i++) await step(x, y);
    const averaged = compile((input: Tensor) => substitute(ema.values(), () => net.forward(input)), {
      engine,
    });
    const live = compile((input: Tensor) => net.forward(input), { engine });
    const [a, b] = [await averaged(x), await live(x)];
    expect(a.data).not.toEqual(b.data);

    const values = await ema.read();
    const copy = new Sequential(new Linear(3, 4), ops.tanh, new Linear(4, 2)).initialize(key);
    const names = new Map(net.namedParameters().map(([name, p]) => [name, p]));
    copy.loadStateDict(Object.fromEntries([...names].map(([name, p]) => [name, values.get(p)!])));
    expect((await compile((input: Tensor) => copy.forward(input), { engine })(x)).data).toEqual(a.data);

    ema.write((p) => ndarray(new Float32Array(p.size), p.shape));
    expect(new Set((await averaged(x)).data as Float32Array)).toEqual(new Set([0]));
    for (const program of [step, averaged, live]) await program.dispose();
  });

  test("what cannot be is refused, before anything changes", async () => {
    expect(() => new Ema(mixed(), 1)).toThrow("from 0 to below 1, not 1");
    const blank = new Parameter([2], init.zeros);
    expect(() => new Ema([blank], 0.9)).toThrow("has no value yet: initialise the module before its EMA");
    const parameters = mixed();
    const ema = new Ema(parameters, 0.9);
    const before = await ema.read();
    expect(() => ema.write((p) => (p.name === "b" ? ndarray(new Float32Array(4)) : p.value))).toThrow(
      "the average of b is float32[4], expected float32[5]",
    );
    expect(() => ema.write(() => undefined)).toThrow("the average of a is missing, expected float32[3, 4]");
    expect(await ema.read()).toEqual(before);
  });
});
