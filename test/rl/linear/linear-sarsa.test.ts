import { describe, expect, it } from "vitest";
import type { Env } from "../../../src/rl/env.ts";
import { range } from "../../../src/rl/figures/figure.ts";
import { linearSarsa, linearSarsaLambda } from "../../../src/rl/linear/linear-sarsa.ts";
import { type TileCoding, tileCoding } from "../../../src/rl/linear/tile-coding.ts";
import { make } from "../../../src/rl/make.ts";
import { fastRandom } from "../../../src/rl/random.ts";
import { finish } from "../../../src/rl/tabular/learning.ts";

describe("linear function approximation", () => {
  const coding = tileCoding({ low: [-1.2, -0.07], high: [0.5, 0.07], tiles: 8, tilings: 8 });

  it("tile coding: one tile a tiling, neighbours share most tiles, strangers none", () => {
    expect(coding.size).toBe(8 * 81);
    const a = [...coding.encode([-0.5, 0])];
    expect(a.map((i) => Math.floor(i / 81))).toEqual(range(0, 7));
    const shared = (point: number[]): number => [...coding.encode(point)].filter((i) => a.includes(i)).length;
    expect(shared([-0.5, 0])).toBe(8);
    expect(shared([-0.49, 0.001])).toBeGreaterThanOrEqual(6);
    expect(shared([0.3, -0.05])).toBe(0);
    // Beyond the box counts as its border.
    expect([...coding.encode([9, 9])]).toEqual([...coding.encode([0.5, 0.07])]);
    expect(Math.max(...coding.encode([9, 9]))).toBeLessThan(coding.size);
  });

  it.each([
    [
      () => tileCoding({ low: [0], high: [Infinity], tiles: 4, tilings: 2 }),
      "dimension 0 has the bounds 0 and Infinity",
    ],
    [() => tileCoding({ low: [0], high: [1, 2], tiles: 4, tilings: 2 }), "1 lower bounds, 2 upper bounds"],
  ] as const)("bad options %#: %s", (act, sentence) => {
    expect(act).toThrow(sentence);
  });

  it.each(["Sarsa", "4-step Sarsa", "Sarsa(0.9)"])(
    "%s drives the mountain car up within 300 episodes",
    (name) => {
      const env = make("MountainCar-v0", { max_episode_steps: 2000 });
      const options = {
        coding,
        actions: 3,
        episodes: 300,
        gamma: 1,
        alpha: 0.4,
        epsilon: 0,
        rng: fastRandom(1),
        seed: 1,
      };
      const learning =
        name === "Sarsa"
          ? linearSarsa(env, options)
          : name === "4-step Sarsa"
            ? linearSarsa(env, { ...options, n: 4 })
            : linearSarsaLambda(env, { ...options, lambda: 0.9 });
      const steps: number[] = [];
      finish<unknown>(learning, (e) => steps.push(e.steps));
      const late = steps.slice(200).reduce((a, b) => a + b) / 100;
      expect(steps[0]).toBeGreaterThan(300);
      expect(late).toBeLessThan(165);
    },
  );

  it("at γ = −1 Sarsa(λ)'s traces alternate in sign: one feature a state is the table", () => {
    const rewards = [3, 1, 4, 1, 5];
    let at = 0;
    const row = {
      reset: () => ({ observation: [(at = 0)], info: {} }),
      step: () => {
        const reward = rewards[at++]!;
        return { observation: [at], reward, terminated: at === 5, truncated: false, info: {} };
      },
    } as unknown as Env<number[], number>;
    const oneHot: TileCoding = {
      size: 5,
      active: 1,
      encode: (point, out = new Int32Array(1)) => out.fill(point[0]!),
    };
    const learning = linearSarsaLambda(row, {
      coding: oneHot,
      actions: 1,
      episodes: 1,
      gamma: -1,
      lambda: 0.8,
      alpha: 0.5,
      epsilon: 0,
      rng: fastRandom(1),
    });
    // α G^λ_t with G^λ_t = R + γ λ G^λ_{t+1}, for all values were 0.
    let G = 0;
    const want = rewards.map(() => 0);
    for (let t = 4; t >= 0; t--) want[t] = 0.5 * (G = rewards[t]! - 0.8 * G);
    finish(learning).w.forEach((x, t) => {
      expect(x).toBeCloseTo(want[t]!, 12);
    });
  });
});
