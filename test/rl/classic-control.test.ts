import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { make } from "../../src/rl/make.ts";

interface Trajectory {
  readonly seed: number;
  readonly actions: readonly number[];
  /** The observation; after a step also the reward and both flags. */
  readonly rows: readonly (number | boolean)[][];
}

/** What classic-control.py wrote. */
const golden = JSON.parse(readFileSync(new URL("classic-control.json", import.meta.url), "utf8")) as Readonly<
  Record<string, Trajectory>
>;

const CASES = [
  ["Pendulum-v1", {}, {}],
  ["Pendulum-v1 heavy", { g: 9.81 }, { x_init: 0.5, y_init: 0.25 }],
  ["Acrobot-v1", {}, {}],
  ["Acrobot-v1 pumped", {}, { low: -0.2, high: 0.1 }],
  ["MountainCarContinuous-v0", {}, {}],
  ["MountainCarContinuous-v0 driven", {}, {}],
  ["MountainCar-v0", {}, {}],
  ["CartPole-v1", {}, {}],
] as const;

describe("the trajectories of Gymnasium itself", () => {
  it.each(CASES)("%s", (name, made, options) => {
    const { seed, actions, rows } = golden[name]!;
    const env = make(name.split(" ")[0]!, made);
    const discrete = "n" in env.actionSpace;
    const left = [...actions];
    let worst = 0;
    rows.forEach((row, t) => {
      const width = (env.observationSpace as unknown as { shape: number[] }).shape[0]!;
      let observation: ArrayLike<number>;
      if (row.length === width) {
        ({ observation } = env.reset(t === 0 ? { seed, options } : {}) as { observation: Float32Array });
      } else {
        const action = left.shift()!;
        const step = env.step(discrete ? action : Float32Array.of(action));
        observation = step.observation as Float32Array;
        const [reward, terminated, truncated] = row.slice(width);
        expect([step.terminated, step.truncated]).toEqual([terminated, truncated]);
        worst = Math.max(worst, Math.abs(step.reward - (reward as number)));
      }
      for (let i = 0; i < width; i++) worst = Math.max(worst, Math.abs(observation[i]! - (row[i] as number)));
    });
    expect(left).toEqual([]);
    expect(worst).toBeLessThan(1e-6);
  });
});
