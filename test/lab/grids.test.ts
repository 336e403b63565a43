import { expect, test } from "vitest";
import { METHODS, type MethodName, Recorder, sweeps } from "../../lab/src/grids/replay.ts";
import { after, edited, processOf, WORLDS, type World } from "../../lab/src/grids/world.ts";
import { cliffWalking } from "../../src/rl/envs/cliff-walking.ts";
import { mdpFromTable } from "../../src/rl/mdp/model.ts";
import { valueIteration } from "../../src/rl/mdp/value-iteration.ts";
import { actionValues } from "../../src/rl/mdp/values.ts";
import { fastRandom } from "../../src/rl/random.ts";
import { actionTable } from "../../src/rl/tabular/learning.ts";
import { qLearning } from "../../src/rl/tabular/q-learning.ts";
import { epsilonGreedy } from "../../src/rl/tabular/rules.ts";
import { ModelTask } from "../../src/rl/tabular/task.ts";

const cliff: World = { rows: WORLDS.cliff, slip: 0 };
const how = { alpha: 0.5, gamma: 1, epsilon: 0.1, seed: 3 };

test("the lab's cliff is the textbook's: the same values", () => {
  const v = valueIteration(processOf(cliff), { gamma: 1 }).v;
  const known = valueIteration(mdpFromTable(cliffWalking().table!), { gamma: 1 }).v;
  for (let s = 0; s <= 36; s++) expect(v[s]).toBeCloseTo(known[s]!, 8);
});

test("what is shown, played back, is the table that the method learns by itself", () => {
  const model = processOf(cliff);
  const recorder = new Recorder(model, "q-learning", how);
  const shown = new Float64Array((model.states + 1) * model.actions);
  for (let episode = 0; episode < 30; episode++)
    for (const { updates } of recorder.episode())
      for (const { at, before, after: now } of updates) {
        expect(shown[at]).toBe(before);
        shown[at] = now;
      }
  const task = new ModelTask(model, fastRandom([how.seed, 0]), { maxSteps: 400 });
  const Q = actionTable(task);
  const learning = qLearning(task, {
    episodes: 30,
    alpha: how.alpha,
    gamma: how.gamma,
    behaviour: epsilonGreedy(how.epsilon),
    rng: fastRandom([how.seed, 1]),
    Q,
  });
  while (!learning.next().done);
  expect(shown).toEqual(Q);
});

test.each(Object.keys(METHODS) as MethodName[])("%s: the same seed gives the same episodes", (method) => {
  const episodes = [0, 1].map(() => {
    const recorder = new Recorder(processOf({ rows: WORLDS.maze, slip: 0.2 }), method, {
      ...how,
      gamma: 0.95,
    });
    return [recorder.episode(), recorder.episode()];
  });
  expect(episodes[0]).toEqual(episodes[1]);
  expect(episodes[0]![0]!.length).toBeGreaterThan(5);
});

test("one step of TD updates one entry; Monte Carlo waits for the end", () => {
  const td = new Recorder(processOf(cliff), "sarsa", how).episode();
  for (const { updates } of td) expect(updates.length).toBeLessThanOrEqual(1);
  const monteCarlo = new Recorder(processOf(cliff), "monte-carlo", how).episode();
  for (const { updates } of monteCarlo.slice(0, -1)) expect(updates).toEqual([]);
  expect(monteCarlo.at(-1)!.updates.length).toBeGreaterThan(1);
});

test("sweeps begin at zero and end at the optimum, whose action values agree with them", () => {
  const model = processOf({ rows: WORLDS.rooms, slip: 0.1 });
  const all = sweeps(model, 0.95);
  expect(Math.max(...all[0]!.map(Math.abs))).toBe(0);
  const last = all.at(-1)!;
  const Q = actionValues(model, last, 0.95);
  const start = WORLDS.rooms.join("").indexOf("S");
  expect(Math.max(...Q.subarray(4 * start, 4 * start + 4))).toBeCloseTo(last[start]!, 4);
});

test("an edited cell is another process; the start stays", () => {
  const start = 36;
  expect(edited(cliff, start, "#").rows).toEqual(cliff.rows);
  const open = edited(cliff, 37, ".");
  expect(open.rows[3]).toBe("S.CCCCCCCCCG");
  expect(valueIteration(processOf(open), { gamma: 1 }).v[37]).toBeGreaterThan(-13);
  expect([after("."), after("G")]).toEqual(["#", "."]);
});
