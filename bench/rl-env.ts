/**
 * Steps a second of the vectorised environments on one core, as JSON lines: the median of several runs, beside
 * Gymnasium's own rate on a two-core machine of this kind. Run: npx tsx bench/rl-env.ts
 */

import { make } from "../src/rl/make.ts";
import { fastRandom, type Generator, npRandom } from "../src/rl/random.ts";
import type { Rows } from "../src/rl/rows.ts";
import { Discrete } from "../src/rl/spaces.ts";
import { makeVec, type VectorEnv } from "../src/rl/vector.ts";

/** Gymnasium's steps a second (one environment, its own Python loop). */
const GYMNASIUM: Readonly<Record<string, number>> = {
  "FrozenLake-v1": 167e3,
  "Taxi-v3": 134e3,
  "CartPole-v1": 184e3,
  "MountainCar-v0": 109e3,
  "Blackjack-v1": 31e3,
  "Acrobot-v1": 35e3,
  "Pendulum-v1": 104e3,
};
/** Measured alone, without Gymnasium beside them. */
const OTHERS = ["Asterix", "Breakout", "Freeway", "Seaquest", "SpaceInvaders"].map(
  (game) => `MinAtar/${game}-v0`,
);
/** What this project promises for some of them: times Gymnasium's rate. */
const PROMISED: Readonly<Record<string, number>> = { "FrozenLake-v1": 30, "Taxi-v3": 30 };
const ENVS = 256;
const RUNS = 7;
const SECONDS = 0.25;

function median(xs: number[]): number {
  return xs.sort((a, b) => a - b)[xs.length >> 1]!;
}

/** Calls of `once` a second, the median of some runs after a warm-up. */
function rate(once: () => void): { median: number; min: number; max: number } {
  const rates: number[] = [];
  for (let run = -1; run < RUNS; run++) {
    const began = performance.now();
    let calls = 0;
    while (performance.now() - began < SECONDS * 1000) {
      for (let i = 0; i < 64; i++) once();
      calls += 64;
    }
    if (run >= 0) rates.push((calls / (performance.now() - began)) * 1000);
  }
  return { median: median(rates), min: rates[0]!, max: rates[rates.length - 1]! };
}

function report(line: Record<string, string | number | boolean>): void {
  console.log(JSON.stringify(line));
}

function randomActions(vec: VectorEnv, rng: Generator): Rows {
  const { singleActionSpace: space } = vec;
  const actions = vec.makeActions();
  for (let i = 0; i < actions.length; i++) {
    actions[i] = space instanceof Discrete ? rng.integers(space.n) : rng.uniform(-1, 1);
  }
  return actions;
}

for (const id of [...Object.keys(GYMNASIUM), ...OTHERS]) {
  const gymnasium = GYMNASIUM[id];
  const vec = makeVec(id, ENVS, { autoreset_mode: "SameStep" });
  vec.reset({ seed: 0 });
  // Random actions made beforehand: the environments are measured, not the agent.
  const rng = fastRandom(1);
  const actions = Array.from({ length: 64 }, () => randomActions(vec, rng));
  let k = 0;
  const r = rate(() => vec.step(actions[k++ & 63]!));
  const times = (r.median * ENVS) / (gymnasium ?? Number.NaN);
  report({
    bench: "rl-env/vector",
    env: id,
    envs: ENVS,
    steps_per_s: Math.round(r.median * ENVS),
    min: Math.round(r.min * ENVS),
    max: Math.round(r.max * ENVS),
    ...(gymnasium === undefined
      ? {}
      : { gymnasium_steps_per_s: gymnasium, times_gymnasium: Number(times.toFixed(1)) }),
    ...(PROMISED[id] === undefined ? {} : { promised: PROMISED[id], kept: times >= PROMISED[id] }),
  });
}

for (const id of ["FrozenLake-v1", "CartPole-v1"]) {
  const env = make(id);
  env.reset({ seed: 0 });
  let a = 0;
  const r = rate(() => {
    const { terminated, truncated } = env.step(a++ & 1);
    if (terminated || truncated) env.reset();
  });
  report({ bench: "rl-env/single", env: id, steps_per_s: Math.round(r.median) });
}

for (const [name, rng] of [
  ["PCG64", npRandom(0)],
  ["xoshiro128**", fastRandom(0)],
] as const) {
  let sum = 0;
  const r = rate(() => {
    for (let i = 0; i < 100; i++) sum += rng.random();
  });
  report({
    bench: "rl-env/random",
    generator: name,
    ns_per_draw: Number((1e7 / r.median).toFixed(1)),
    mean: sum > 0,
  });
}
