import { describe, expect, it } from "vitest";
import { checkEnv } from "../../src/rl/checker.ts";
import { BipedalWalker } from "../../src/rl/envs/box2d/bipedal-walker.ts";
import { createWalkerWorld, STEP } from "../../src/rl/envs/box2d/walker-world.ts";
import { make } from "../../src/rl/make.ts";
import { npRandom } from "../../src/rl/random.ts";

const still = new Float32Array(4);

describe("BipedalWalker", () => {
  it("stands in the middle of level ground, its knees bent by their limit", () => {
    const { hull, joints, terrain } = createWalkerWorld(npRandom(0));
    expect(hull.getPosition()).toMatchObject({ x: 10 * STEP, y: expect.closeTo(5.6, 9) });
    expect(joints.map((joint) => joint.getJointAngle())).toEqual([-0.05, 0, 0.05, 0]);
    expect(joints.map((joint) => joint.getUpperLimit())).toEqual([1.1, -0.1, 1.1, -0.1]);
    const pad = new Set(terrain.slice(0, 21).map(([, y]) => y));
    expect([...pad]).toEqual([400 / 30 / 4]);
    expect(new Set(terrain.map(([, y]) => y)).size).toBeGreaterThan(100);
  });

  it("the areas of its parts give its masses", () => {
    const { hull, legs } = createWalkerWorld(npRandom(0));
    // A rectangle 36 × 17 px, a trapezium that falls from 17 to 9 px over 28 px; density 5.
    expect(hull.getMass()).toBeCloseTo((5 * (36 * 17 + (28 * (17 + 9)) / 2)) / 900, 2);
    expect(legs.map((leg) => leg.getMass())).toEqual(
      [8, 6.4, 8, 6.4].map((width) => expect.closeTo((width * 34) / 900, 5)),
    );
  });

  it("rays over level ground see one height, and nothing beyond their length", () => {
    const { observation } = new BipedalWalker().reset({ seed: 3 });
    const rays = [...observation.subarray(14)];
    const heights = rays.map((free, i) => free * Math.cos(0.15 * i) * (160 / 30));
    const met = heights.filter((_, i) => rays[i]! < 1);
    expect(met.length).toBeGreaterThan(6);
    for (const height of met) expect(height).toBeCloseTo(met[0]!, 4);
    expect(met[0]!).toBeCloseTo(2.35, 1);
    expect(rays.at(-1)).toBe(1);
  });

  it("reward is the way ahead and an upright hull, less torque; a fall costs 100 and ends", () => {
    const env = new BipedalWalker();
    let { observation } = env.reset({ seed: 5 });
    const x = () => Number(/^(-?[\d.]+) of/.exec(env.render())![1]);
    const action = Float32Array.of(1, -0.5, 0.25, 0);
    const before = { x: x(), lean: Math.abs(observation[0]!) };
    let total = 0;
    for (let t = 0; t < 8; t++) {
      const step = env.step(action);
      ({ observation } = step);
      total += step.reward;
    }
    const ahead = (130 / 30) * (x() - before.x) - 5 * (Math.abs(observation[0]!) - before.lean);
    // The picture's distance is rounded to 0.1 m.
    expect(Math.abs(total - (ahead - 8 * 0.028 * 1.75))).toBeLessThan(0.5);
    let last = env.step(action);
    for (let t = 0; t < 400 && !last.terminated; t++) last = env.step(action);
    expect(last).toMatchObject({ terminated: true, reward: -100 });
  });

  it("the legs move the way they are told to", () => {
    const moved = (action: Float32Array): Float32Array => {
      const env = new BipedalWalker();
      env.reset({ seed: 1 });
      for (let t = 0; t < 3; t++) env.step(action);
      return env.step(action).observation;
    };
    const at = moved(still);
    expect(moved(Float32Array.of(1, 0, 0, 0))[4]!).toBeGreaterThan(at[4]!);
    expect(moved(Float32Array.of(-1, 0, 0, 0))[4]!).toBeLessThan(at[4]!);
    expect(moved(Float32Array.of(0, -1, 0, 0))[6]!).toBeLessThan(at[6]!);
    expect(moved(Float32Array.of(0, 0, 1, 0))[9]!).toBeGreaterThan(at[9]!);
    expect(moved(Float32Array.of(0, 0, 0, -1))[11]!).toBeLessThan(at[11]!);
  });

  it("the checker passes", () => {
    checkEnv(() => make("BipedalWalker-v3"), { steps: 12 });
  });

  it("an episode goes on from a snapshot", () => {
    const [env, other] = [make("BipedalWalker-v3"), make("BipedalWalker-v3")];
    env.reset({ seed: 42 });
    const push = Float32Array.of(0.3, -0.2, 0.5, 0.1);
    for (let t = 0; t < 12; t++) env.step(push);
    other.restore(structuredClone(env.snapshot()));
    for (let t = 0; t < 6; t++) expect(other.step(push)).toEqual(env.step(push));
  });

  it("takes no options", () => {
    expect(() => make("BipedalWalker-v3", { hardcore: true })).toThrow(
      'unknown option of BipedalWalker-v3 "hardcore"',
    );
  });
});
