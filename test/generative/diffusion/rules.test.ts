/** Each sampler's weights, against the papers' formulas written out, and against exact results on Gaussian data. */
import { describe, expect, test } from "vitest";
import { evaluateNested } from "../../../src/engine/eager.ts";
import {
  cosine,
  ddim,
  ddimEncode,
  ddpm,
  dpmSolver,
  fullTrajectory,
  linear,
  NoiseSchedule,
  PARAMETERIZATIONS,
  type Prediction,
  type SamplingPlan,
  trajectory,
  update,
  visiting,
} from "../../../src/generative/diffusion/index.ts";
import { constant } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { type Gaussian, ideal, moments, runIdeal, sharedEngine } from "./helpers.ts";

/** ᾱ = 0.75, 0.5, 0.1 */
const small = new NoiseSchedule("small", Float64Array.of(0.25, 1 / 3, 0.8));
const pair = visiting([2, 0]);
const close = (got: object, expected: object): void => {
  for (const [name, value] of Object.entries(expected))
    expect((got as Record<string, number>)[name], name).toBeCloseTo(value as number, 12);
};
const root = Math.sqrt;

describe("weights by hand, from ᾱ = 0.1 to ᾱ = 0.75 and on to the image", () => {
  test("ddpm", () => {
    // β = 1 − 0.1/0.75 = 13/15; posterior: √0.75·(13/15)/0.9, √(2/15)·0.25/0.9, 0.25/0.9·13/15.
    const [first, last] = ddpm(small, pair, { variance: "fixed-small" }).steps;
    close(first!.weights, {
      x0: (root(0.75) * 13) / 15 / 0.9,
      x: (root(2 / 15) * 0.25) / 0.9,
      noise: root(((0.25 / 0.9) * 13) / 15),
      epsilon: 0,
      previous: 0,
    });
    close(last!.weights, { x0: 1, x: 0, noise: 0, epsilon: 0, previous: 0 });
    expect(ddpm(small, pair).steps[0]!.weights.noise).toBeCloseTo(root(13 / 15), 12);
    expect(ddpm(small, pair).steps[1]!.weights.noise).toBe(0);
    close(first!.level, { signal: root(0.1), noise: root(0.9) });
    close(first!.next, { signal: root(0.75), noise: 0.5 });
    close(last!.next, { signal: 1, noise: 0 });
  });

  test("ddim", () => {
    close(ddim(small, pair).steps[0]!.weights, { x0: root(0.75), epsilon: 0.5, noise: 0, x: 0 });
    const sigma = 0.5 * root((0.25 / 0.9) * (13 / 15));
    close(ddim(small, pair, { eta: 0.5 }).steps[0]!.weights, {
      x0: root(0.75),
      epsilon: root(0.25 - sigma ** 2),
      noise: sigma,
    });
    close(ddim(small, pair, { eta: 1 }).steps[1]!.weights, { x0: 1, epsilon: 0, noise: 0 });
  });

  test("dpm-solver++(2M)", () => {
    const lambda = (a: number) => 0.5 * Math.log(a / (1 - a));
    const [first, second, last] = dpmSolver(small, fullTrajectory(3)).steps;
    const gain = (to: number, h: number) => -root(to) * (Math.exp(-h) - 1);
    const h1 = lambda(0.5) - lambda(0.1);
    const h2 = lambda(0.75) - lambda(0.5);
    close(first!.weights, { x: root(0.5 / 0.9), x0: gain(0.5, h1), previous: 0, noise: 0, epsilon: 0 });
    const r = h1 / h2;
    close(second!.weights, {
      x: root(0.25 / 0.5),
      x0: gain(0.75, h2) * (1 + 1 / (2 * r)),
      previous: -gain(0.75, h2) / (2 * r),
    });
    close(last!.weights, { x: 0, x0: 1, previous: 0 });
  });

  test("ddim encoding walks back up", () => {
    const [first, second] = ddimEncode(small, pair).steps;
    expect([first!.t, second!.t]).toEqual([0, 0]);
    close(first!.weights, { x: root(0.75), epsilon: 0.5, x0: 0 });
    close(second!.weights, { x0: root(0.1), epsilon: root(0.9), x: 0 });
    close(second!.next, { signal: root(0.1), noise: root(0.9) });
  });
});

/** What a step makes of x and x₀ (ε is what leads from one to the other). */
const effect = ({ level, weights: w }: SamplingPlan["steps"][number]) => ({
  x: w.x + w.epsilon / level.noise,
  x0: w.x0 - (w.epsilon * level.signal) / level.noise,
  noise: w.noise,
});

describe("known equalities", () => {
  const schedule = linear();
  const path = trajectory({ T: 1000, S: 20, spacing: "quadratic" });

  test.each([
    [
      "ddim η = 1 is ddpm with the small variance",
      ddim(schedule, path, { eta: 1 }),
      ddpm(schedule, path, { variance: "fixed-small" }),
    ],
    [
      "ddim σ̂ is ddpm with the large variance",
      ddim(schedule, path, { eta: "sigma-hat" }),
      ddpm(schedule, path, { variance: "fixed-large" }),
    ],
  ])("%s", (_, a, b) => {
    // biome-ignore format: a table
    expect(a.steps).toHaveLength(path.steps.length);
    for (const [i, step] of a.steps.entries()) close(effect(step), effect(b.steps[i]!));
  });

  test("the first and last steps of dpm-solver are ddim's", () => {
    const [solver, reference] = [dpmSolver(schedule, path), ddim(schedule, path)];
    for (const i of [0, path.steps.length - 1]) close(effect(solver.steps[i]!), effect(reference.steps[i]!));
    expect(effect(solver.steps[5]!).x0).not.toBeCloseTo(effect(reference.steps[5]!).x0, 4);
  });
});

describe("exact marginals on Gaussian data", () => {
  const schedule = linear({ T: 200 });
  const marginal = (t: number, { mean, deviation }: Gaussian) => {
    const { signal, noise } = schedule.level(t);
    return { mean: signal * mean, variance: signal ** 2 * deviation ** 2 + noise ** 2 };
  };
  const path = trajectory({ T: 200, S: 7 });

  test.each([
    [
      "a point: ddpm, small variance",
      { mean: 0.3, deviation: 0 },
      ddpm(schedule, path, { variance: "fixed-small" }),
    ],
    ["a point: ddim, η = 0", { mean: 0.3, deviation: 0 }, ddim(schedule, path)],
    ["a point: ddim, η = 0.6", { mean: 0.3, deviation: 0 }, ddim(schedule, path, { eta: 0.6 })],
    [
      "N(0, 1): ddpm, large variance",
      { mean: 0, deviation: 1 },
      ddpm(schedule, path, { variance: "fixed-large" }),
    ],
    ["N(1, 1): ddim, σ̂", { mean: 1, deviation: 1 }, ddim(schedule, path, { eta: "sigma-hat" })],
  ])("%s", (_, data, plan) => {
    // biome-ignore format: a table
    for (let n = 1; n < plan.steps.length; n++) {
      const start = marginal(plan.steps[0]!.t, data);
      const got = moments({ ...plan, steps: plan.steps.slice(0, n) }, start, data);
      const expected = marginal(path.steps[n - 1]!.prev, data);
      expect(got.mean).toBeCloseTo(expected.mean, 12);
      expect(got.variance).toBeCloseTo(expected.variance, 12);
    }
  });

  test("the wrong variance shows: too small on N(0, 1), too large on a point", () => {
    const start = { mean: 0, variance: 1 };
    const to = (plan: SamplingPlan): SamplingPlan => ({ ...plan, steps: plan.steps.slice(0, -1) });
    const normal = { mean: 0, deviation: 1 };
    expect(
      moments(to(ddpm(schedule, path, { variance: "fixed-small" })), start, normal).variance,
    ).toBeLessThan(0.95);
    const point = { mean: 0, deviation: 0 };
    const end = marginal(path.steps.at(-1)!.t, point).variance;
    expect(moments(to(ddpm(schedule, path)), marginal(199, point), point).variance).toBeGreaterThan(
      1.5 * end,
    );
  });

  test("ddim follows the flow with first order, dpm-solver with second", () => {
    const data = { mean: 0.4, deviation: 0.5 };
    const fine = cosine({ T: 20_000 });
    const [top, bottom] = [17_000, 1000];
    const at = (t: number) => {
      const { signal, noise } = fine.level(t);
      return { mean: signal * data.mean, deviation: root(signal ** 2 * data.deviation ** 2 + noise ** 2) };
    };
    // The flow keeps how many deviations x is from the mean.
    const exact = at(bottom).mean + 1.3 * at(bottom).deviation;
    // Steps even in λ, the solver's own time.
    const path = (S: number) => {
      const wanted = (i: number) => fine.lambda(top) + ((fine.lambda(bottom) - fine.lambda(top)) * i) / S;
      let t = top;
      const times = Array.from({ length: S + 1 }, (_, i) => {
        while (t > bottom && fine.lambda(t) < wanted(i) - 1e-12) t--;
        return t;
      });
      return visiting(times);
    };
    const error = (
      make: (s: NoiseSchedule, p: ReturnType<typeof visiting>) => SamplingPlan,
      S: number,
    ): number => {
      const plan = make(fine, path(S));
      const cut = { ...plan, steps: plan.steps.slice(0, -1) };
      return Math.abs(runIdeal(cut, at(top).mean + 1.3 * at(top).deviation, data) - exact);
    };
    for (const S of [16, 32]) {
      expect(error(ddim, S) / error(ddim, 2 * S)).toBeGreaterThan(1.8);
      expect(error(ddim, S) / error(ddim, 2 * S)).toBeLessThan(2.3);
      expect(error(dpmSolver, S) / error(dpmSolver, 2 * S)).toBeGreaterThan(3.3);
      expect(error(dpmSolver, S)).toBeLessThan(error(ddim, S) / 4);
    }
  });

  test("encoding and decoding again: the error falls with the number of steps", () => {
    const data = { mean: 0.2, deviation: 0.7 };
    const long = linear();
    const errors = [10, 20, 50, 100, 200, 1000].map((S) => {
      const path = trajectory({ T: 1000, S });
      const code = runIdealEncoding(ddimEncode(long, path), 0.9, data);
      return Math.abs(runIdeal(ddim(long, path), code, data) - 0.9);
    });
    for (const [i, e] of errors.slice(1).entries()) expect(e).toBeLessThan(errors[i]! * 0.8);
    expect(errors.at(-1)).toBeLessThan(0.01);
  });
});

/** The first step reads the image at a level it does not have: ε̂ comes from the network there, as in the graph. */
function runIdealEncoding(plan: SamplingPlan, x: number, data: Gaussian): number {
  for (const { level, weights: w } of plan.steps) {
    const { x0, epsilon } = ideal(x, level, data);
    x = w.x * x + w.x0 * x0 + w.epsilon * epsilon;
  }
  return x;
}

describe("in the graph", () => {
  test.each(Object.keys(PARAMETERIZATIONS) as Prediction[])(
    "%s: x₀ and ε come back from their target",
    async (kind) => {
      const level = { signal: 0.6, noise: 0.8 };
      const [x0, epsilon] = [0.25, -1.5];
      const { target, estimate } = PARAMETERIZATIONS[kind];
      const said = target(constant(x0), constant(epsilon), level);
      const wanted = { epsilon, x0, v: 0.6 * epsilon - 0.8 * x0 }[kind];
      const engine = await sharedEngine();
      expect(await evaluateNested(said, engine)).toBeCloseTo(wanted, 6);
      const back = estimate(constant(0.6 * x0 + 0.8 * epsilon), said, level);
      expect(await evaluateNested(back.x0, engine)).toBeCloseTo(x0, 6);
      expect(await evaluateNested(back.epsilon, engine)).toBeCloseTo(epsilon, 6);
    },
  );

  test("the update rule adds its parts, and leaves out those of weight 0", async () => {
    const [x, x0, epsilon, previous] = [1, 10, 100, 1000].map((v) => constant(v)) as [Tensor, Tensor, Tensor, Tensor]; // biome-ignore format: four numbers
    const sum = update(
      { x, x0, epsilon, previous, noise: constant(Number.NaN) },
      { x: 2, x0: 3, epsilon: 4, previous: 5, noise: 0 },
    );
    expect(await evaluateNested(sum, await sharedEngine())).toBe(5432);
  });
});

test("what cannot be is refused", () => {
  expect(() => ddim(small, pair, { eta: -0.1 })).toThrow(
    "eta is 0 (deterministic) to 1 (as random as DDPM), or sigma-hat, not -0.1",
  );
  expect(() => ddim(small, pair, { eta: Number.NaN })).toThrow("not NaN");
  expect(() => ddim(small, pair, { eta: 1.5 })).toThrow("eta 1.5 is too large");
  expect(() => ddpm(small, pair, { variance: "fixed-larg" as "fixed-large" })).toThrow(
    'Did you mean "fixed-large"?',
  );
});
