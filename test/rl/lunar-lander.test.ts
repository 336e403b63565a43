import { describe, expect, it } from "vitest";
import { checkEnv } from "../../src/rl/checker.ts";
import { createLanderWorld } from "../../src/rl/envs/box2d/lander-world.ts";
import { LunarLander, type LunarLanderOptions } from "../../src/rl/envs/box2d/lunar-lander.ts";
import { make } from "../../src/rl/make.ts";
import { fastRandom, npRandom } from "../../src/rl/random.ts";
import { makeVec } from "../../src/rl/vector.ts";

/** Gymnasium's own controller: which way to lean, and how hard to brake. */
function heuristic([x, y, vx, vy, angle, spin, left, right]: Float32Array): { hover: number; turn: number } {
  const target = Math.min(Math.max(x! * 0.5 + vx!, -0.4), 0.4);
  const landed = left === 1 || right === 1;
  return {
    hover: landed ? -vy! * 0.5 : (0.55 * Math.abs(x!) - y!) * 0.5 - vy! * 0.5,
    turn: landed ? 0 : (target - angle!) * 0.5 - spin!,
  };
}

function byHeuristic(observation: Float32Array): number {
  const { hover, turn } = heuristic(observation);
  if (hover > Math.abs(turn) && hover > 0.05) return 2;
  return turn < -0.05 ? 3 : turn > 0.05 ? 1 : 0;
}

const clipped = (x: number): number => Math.min(Math.max(x, -1), 1);

function byThrottle(observation: Float32Array): Float32Array {
  const { hover, turn } = heuristic(observation);
  return Float32Array.of(clipped(hover * 20 - 1), clipped(-turn * 20));
}

/** Mean return and length over seeds, and the spread. */
function episodes(
  n: number,
  choose: (observation: Float32Array) => number | Float32Array,
  options: LunarLanderOptions = {},
) {
  const env = new LunarLander(options);
  const all = Array.from({ length: n }, (_, seed) => {
    let { observation } = env.reset({ seed });
    for (let steps = 1, total = 0; ; steps++) {
      const step = env.step(choose(observation));
      ({ observation } = step);
      total += step.reward;
      if (step.terminated || steps === 1000) return { total, steps };
    }
  });
  const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / n;
  const of = (xs: readonly number[]) => ({
    mean: mean(xs),
    sd: Math.sqrt(mean(xs.map((x) => x * x)) - mean(xs) ** 2),
  });
  return { returns: of(all.map((e) => e.total)), lengths: of(all.map((e) => e.steps)) };
}

describe("LunarLander", () => {
  it("the masses of the lander and of a leg", () => {
    const { lander, legs } = createLanderWorld(-10, npRandom(0));
    expect(lander.getMass()).toBeCloseTo(4.8167, 4);
    expect(legs[0].getMass()).toBeCloseTo(0.0711, 4);
  });

  // The reference's means of 200 episodes.
  it.each([
    ["nothing", () => 0, -134, 70],
    ["chance", undefined, -189, 91],
    ["Gymnasium's controller", byHeuristic, 238, 255],
  ] as const)("%s", (_name, choose, wantedReturn, wantedLength) => {
    const rng = fastRandom(1);
    const n = 30;
    const { returns, lengths } = episodes(n, choose ?? (() => rng.integers(4)));
    const error = (sd: number): number => 3 * sd * Math.sqrt(1 / n + 1 / 200);
    expect(Math.abs(returns.mean - wantedReturn)).toBeLessThan(error(returns.sd));
    expect(Math.abs(lengths.mean - wantedLength)).toBeLessThan(error(lengths.sd));
  });

  it("by throttles the controller lands, too", () => {
    expect(episodes(12, byThrottle, { continuous: true }).returns.mean).toBeGreaterThan(150);
  });

  it("the checker passes, with wind and without", () => {
    checkEnv(() => make("LunarLander-v3"), { steps: 40 });
    checkEnv(() => make("LunarLander-v3", { continuous: true, enable_wind: true }), { steps: 40 });
  });

  it("an episode, and a vector, go on from a snapshot", () => {
    const env = make("LunarLander-v3");
    env.reset({ seed: 42 });
    for (let t = 0; t < 50; t++) env.step(t % 4);
    const saved = structuredClone(env.snapshot());
    const other = make("LunarLander-v3");
    other.restore(saved);
    for (let t = 0; t < 10; t++) expect(other.step(2)).toEqual(env.step(2));
    const vecs = [1, 2].map((seed) => {
      const vec = makeVec("LunarLander-v3", 2);
      vec.reset({ seed });
      return vec;
    });
    const [vec, again] = vecs as [(typeof vecs)[0], (typeof vecs)[0]];
    const actions = vec.makeActions();
    for (let t = 0; t < 90; t++) vec.step(actions);
    again.restore(structuredClone(vec.snapshot()));
    expect([...again.step(actions).observations]).toEqual([...vec.step(actions).observations]);
  });

  it("refuses what no moon has", () => {
    expect(() => make("LunarLander-v3", { gravity: 5 })).toThrow(
      "LunarLander-v3: gravity must be a number from -12 to 0, not 5",
    );
    expect(() => make("LunarLander-v3", { wind: true })).toThrow('unknown option of LunarLander-v3 "wind"');
  });
});
