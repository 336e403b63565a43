import { describe, expect, it } from "vitest";
import { modelById } from "../../../src/rl/figures/figure.ts";
import { fastRandom } from "../../../src/rl/random.ts";
import { doubleQLearning } from "../../../src/rl/tabular/double-q-learning.ts";
import { dynaQ } from "../../../src/rl/tabular/dyna-q.ts";
import { expectedSarsa } from "../../../src/rl/tabular/expected-sarsa.ts";
import {
  actionTable,
  type Episode,
  finish,
  type Learning,
  stateTable,
} from "../../../src/rl/tabular/learning.ts";
import { qLearning } from "../../../src/rl/tabular/q-learning.ts";
import { equiprobable } from "../../../src/rl/tabular/rules.ts";
import { sarsa } from "../../../src/rl/tabular/sarsa.ts";
import { sarsaLambda } from "../../../src/rl/tabular/sarsa-lambda.ts";
import { ModelTask } from "../../../src/rl/tabular/task.ts";
import { tdPrediction } from "../../../src/rl/tabular/td-prediction.ts";

const cliff = modelById("CliffWalking-v1");
const task = (maxSteps = 60): ModelTask => new ModelTask(cliff, fastRandom([4, 0]), { maxSteps });
const options = (watch: boolean) => ({ episodes: 5, gamma: 0.9, alpha: 0.5, rng: fastRandom([4, 1]), watch });

const METHODS: Readonly<Record<string, (watch: boolean) => Learning<object>>> = {
  qLearning: (watch) => qLearning(task(), options(watch)),
  sarsa: (watch) => sarsa(task(), options(watch)),
  expectedSarsa: (watch) => expectedSarsa(task(), options(watch)),
  doubleQLearning: (watch) => doubleQLearning(task(), options(watch)),
  dynaQ: (watch) => dynaQ(task(), { ...options(watch), n: 3 }),
  sarsaLambda: (watch) => sarsaLambda(task(), { ...options(watch), lambda: 0.8 }),
  tdPrediction: (watch) => tdPrediction(task(), { ...options(watch), policy: equiprobable }),
};

function eventsOf(learning: Learning<object>): { events: Episode[]; result: object } {
  const events: Episode[] = [];
  return { result: finish(learning, (event) => events.push(event)), events };
}

describe.each(Object.entries(METHODS))("%s, watched", (_, start) => {
  it("learns the same, and tells of each episode the same at its end", () => {
    const watched = eventsOf(start(true));
    const plain = eventsOf(start(false));
    expect(watched.result).toEqual(plain.result);
    expect(watched.events.filter(({ update }) => !update)).toEqual(plain.events);
    expect(plain.events).toHaveLength(5);
  });

  it("tells of each step where it led, in order", () => {
    let before: Episode | undefined;
    let steps = 0;
    let sum = 0;
    for (const event of eventsOf(start(true)).events) {
      if (event.update) {
        if (before?.update) expect(event.update.S).toBe(before.update.next);
        expect(event.steps).toBe(++steps);
        expect(event.return).toBe((sum += event.update.R));
      } else {
        expect(event.steps).toBe(steps);
        steps = sum = 0;
      }
      before = event;
    }
  });
});

it("δ is that of the update: the entry moves by α δ, before the next step is taken", () => {
  const Q = actionTable(task());
  const learning = qLearning(task(), { ...options(true), Q });
  for (let old = Q.slice(), i = 0; i < 100; i++, old = Q.slice()) {
    const { update } = learning.next().value as Episode;
    if (!update) continue;
    const { S, A, R, next, delta } = update;
    const best = Math.max(...old.subarray(next * 4, next * 4 + 4));
    expect(delta).toBeCloseTo(R + 0.9 * best - old[S * 4 + A]!, 12);
    expect(Q[S * 4 + A]).toBeCloseTo(old[S * 4 + A]! + 0.5 * delta, 12);
  }
  const V = stateTable(task());
  const prediction = tdPrediction(task(), { ...options(true), policy: equiprobable, V });
  const { S, R, delta } = (prediction.next().value as Episode).update!;
  expect([S, delta, V[S]]).toEqual([36, R, R / 2]);
});
