import { expect, test } from "vitest";
import { AGENT_NAMES, AGENTS, ENV_NAMES, OFFERED } from "../../lab/src/agents/algorithms.ts";
import { commandOf } from "../../lab/src/agents/copies.ts";
import { PLACES, taken } from "../../lab/src/agents/envs.ts";
import { actionBy } from "../../lab/src/agents/episode.ts";
import { csvOf } from "../../lab/src/agents/exports.ts";
import { returnsOf } from "../../lab/src/agents/returns.ts";
import { NODES } from "../../src/map/index.ts";
import { DEEP_AGENTS } from "../../src/rl/deep/agents.ts";
import { timeLimitOf } from "../../src/rl/make.ts";
import { fastRandom } from "../../src/rl/random.ts";

test("every agent is in the catalogue and on the map, with five controls at most", () => {
  for (const name of AGENT_NAMES) {
    const { agent, node, controls, parent, envs } = AGENTS[name];
    expect(DEEP_AGENTS.some((known) => known.name === agent)).toBe(true);
    expect(NODES).toHaveProperty([node]);
    expect(controls.length).toBeLessThanOrEqual(5);
    if (parent && parent !== "dqn") expect(AGENTS[parent].envs).toContain(envs[0]);
  }
  expect(Object.keys(OFFERED)).toContain("double-dqn MountainCar-v0");
});

test("the page's environments end when the library's do, and their planes lead to states and back", () => {
  for (const env of ENV_NAMES) {
    const { source, limit, plane } = PLACES[env];
    expect(source.id).toBe(env);
    expect(limit).toBe(timeLimitOf(env));
    const [x, y] = [0.25 * plane.x.high, 0.5 * plane.y.low];
    const [backX, backY] = plane.of(plane.state(x, y));
    expect([backX, backY]).toEqual([expect.closeTo(x), expect.closeTo(y)]);
    expect(source.actionSpace.contains(taken(PLACES[env], 1))).toBe(true);
  }
});

test("the mean of returns looks back a span of steps", () => {
  const values: (number | undefined)[] = [10, undefined, 20, 60];
  expect(returnsOf({ steps: [1000, 1500, 2000, 3500], values }, 2000)).toEqual({
    steps: [1000, 2000, 3500],
    values: [10, 20, 60],
    mean: [10, 15, 40],
  });
});

test("the best action is taken, or one by chance", () => {
  const rng = fastRandom([1]);
  expect(actionBy({ probabilities: [0.2, 0.8] }, false, rng, 0)).toBe(1);
  const drawn = Array.from({ length: 500 }, () => actionBy({ probabilities: [0.2, 0.8] }, true, rng, 0));
  expect(drawn.filter((a) => a === 0).length / 500).toBeCloseTo(0.2, 1);
  expect(actionBy({ q: [3, 1, 2] }, true, rng, 0)).toBe(0);
  expect(new Set(Array.from({ length: 100 }, () => actionBy({ q: [3, 1, 2] }, true, rng, 1))).size).toBe(3);
  expect(actionBy({ action: [0.5] }, true, rng, 0)).toBe(0.5);
});

test("an episode is a table, a line a step", () => {
  const said = { probabilities: [0.25, 0.75], value: [1] };
  const states = [Float64Array.of(0, 1), Float64Array.of(2, 3)];
  expect(csvOf({ learned: 5, states, actions: [1], rewards: [1], said: [said, said] })).toBe(
    "step,state_0,state_1,probabilities_0,probabilities_1,value,action,reward\n0,0,1,0.25,0.75,1,1,1\n",
  );
});

test("the command says only what it would not do by itself", () => {
  const setting = { name: "baseline", env: "CartPole-v1", seed: 3, options: { lr: 0.01 } } as const;
  expect(commandOf(setting)).toBe(
    "npx galatea rl train reinforce --env CartPole-v1 --steps 50000 --seed 3 --baseline --lr 0.01",
  );
});
