/**
 * Learning, step by step: a method of the library learns one episode in a task that keeps a record, and the record is then shown at
 * any speed. The methods stay as they are.
 */
import type { Mdp } from "../../../src/rl/mdp/model.ts";
import { valueIteration } from "../../../src/rl/mdp/value-iteration.ts";
import { fastRandom } from "../../../src/rl/random.ts";
import { expectedSarsa } from "../../../src/rl/tabular/expected-sarsa.ts";
import { actionTable, type Learning } from "../../../src/rl/tabular/learning.ts";
import { monteCarloControl } from "../../../src/rl/tabular/monte-carlo-control.ts";
import { nStepSarsa } from "../../../src/rl/tabular/n-step-sarsa.ts";
import { qLearning } from "../../../src/rl/tabular/q-learning.ts";
import { epsilonGreedy } from "../../../src/rl/tabular/rules.ts";
import { sarsa } from "../../../src/rl/tabular/sarsa.ts";
import { ModelTask, type TabularTask } from "../../../src/rl/tabular/task.ts";

/** An entry of the table that was updated. */
export interface Update {
  /** state · actions + action */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** A step of an episode, and what was learned of it until the next. */
export interface Moment {
  readonly S: number;
  readonly A: number;
  readonly R: number;
  /** S′; the terminal state is the number of states. */
  readonly next: number;
  readonly updates: readonly Update[];
}

export interface Settings {
  readonly alpha: number;
  readonly gamma: number;
  readonly epsilon: number;
  readonly seed: number;
}

type Method = (task: TabularTask, Q: Float64Array, settings: Settings) => Learning<unknown>;

const options = ({ alpha, gamma, epsilon, seed }: Settings, Q: Float64Array) => ({
  episodes: Number.POSITIVE_INFINITY,
  alpha,
  gamma,
  behaviour: epsilonGreedy(epsilon),
  rng: fastRandom([seed, 1]),
  Q,
});

export const METHODS = {
  "monte-carlo": (task, Q, how) => {
    const { alpha: _, ...rest } = options(how, Q);
    return monteCarloControl(task, rest); // the average of all returns
  },
  sarsa: (task, Q, how) => sarsa(task, options(how, Q)),
  "n-step-sarsa": (task, Q, how) => nStepSarsa(task, { ...options(how, Q), n: 4 }),
  "expected-sarsa": (task, Q, how) => expectedSarsa(task, options(how, Q)),
  "q-learning": (task, Q, how) => qLearning(task, options(how, Q)),
} as const satisfies Record<string, Method>;
export type MethodName = keyof typeof METHODS;

/** Steps after which an episode is cut: someone is watching. */
const LONGEST = 400;

/** A learner whose episodes are recorded as they are learned. */
export class Recorder {
  /** The table as it is learned, ahead of what is shown. */
  readonly #Q: Float64Array;
  readonly #learning: Learning<unknown>;
  #moments: { S: number; A: number; R: number; next: number; updates: Update[] }[] = [];
  #seen: Float64Array;

  constructor(model: Mdp, method: MethodName, settings: Settings) {
    const task = new ModelTask(model, fastRandom([settings.seed, 0]), { maxSteps: LONGEST });
    this.#Q = actionTable(task);
    this.#seen = this.#Q.slice();
    this.#learning = METHODS[method](this.#watched(task), this.#Q, settings);
  }

  /** The task, with every step kept; what the table changed by since the step before is what was learned of that. */
  #watched(task: ModelTask): TabularTask {
    let S = 0;
    const [reset, step] = [task.reset.bind(task), task.step.bind(task)];
    task.reset = () => {
      S = reset();
      return S;
    };
    task.step = (A) => {
      this.#compare();
      const next = step(A);
      this.#moments.push({ S, A, R: task.reward, next, updates: [] });
      S = next;
      return next;
    };
    return task;
  }

  #compare(): void {
    const last = this.#moments.at(-1);
    for (let at = 0; at < this.#Q.length; at++) {
      const [before, after] = [this.#seen[at]!, this.#Q[at]!];
      if (before === after) continue;
      last?.updates.push({ at, before, after });
      this.#seen[at] = after;
    }
  }

  /** The next episode, step by step. */
  episode(): readonly Moment[] {
    this.#moments = [];
    this.#learning.next();
    this.#compare();
    return this.#moments;
  }
}

/** The values of each sweep of value iteration, which knows the process; the first is all zeros. */
export function sweeps(model: Mdp, gamma: number): readonly Float64Array[] {
  const all = [new Float64Array(model.states + 1)];
  valueIteration(model, { gamma, theta: 1e-6, maxSweeps: 2000, onSweep: (_, __, v) => all.push(v.slice()) });
  return all;
}
