import type { Rng } from "../random.ts";
import { doubleQLearning } from "./double-q-learning.ts";
import { dynaQ } from "./dyna-q.ts";
import { expectedSarsa } from "./expected-sarsa.ts";
import { actionTable, type Learning } from "./learning.ts";
import { monteCarloControl, monteCarloExploringStarts } from "./monte-carlo-control.ts";
import { offPolicyControl, PESSIMISTIC } from "./monte-carlo-off-policy.ts";
import { nStepSarsa } from "./n-step-sarsa.ts";
import { qLearning } from "./q-learning.ts";
import { epsilonGreedy, greedy } from "./rules.ts";
import { sarsa } from "./sarsa.ts";
import { sarsaLambda } from "./sarsa-lambda.ts";
import type { ModelTask } from "./task.ts";
import type { TraceKind } from "./traces.ts";

/** What the control methods can be told; each looks at its own part. */
export interface Settings {
  episodes: number;
  gamma: number;
  alpha: number;
  epsilon: number;
  n: number;
  lambda: number;
  kappa: number;
  traces: TraceKind;
}

/** A control method by its name, for the command line and the lab. */
export interface Algorithm {
  readonly about: string;
  /** Where the book has it. */
  readonly section: string;
  /** The settings it looks at, besides episodes and gamma. */
  readonly uses: readonly (keyof Settings)[];
  readonly defaults?: Partial<Settings>;
  /** Is the policy that it learns about the one that acts? */
  readonly onPolicy: boolean;
  /** Starts learning; `Q` is filled in place and holds the present estimates at every episode's end. */
  learn(task: ModelTask, settings: Settings, rng: Rng): { learning: Learning<unknown>; Q: Float64Array };
}

type Shared = Settings & { rng: Rng; Q: Float64Array; behaviour: ReturnType<typeof epsilonGreedy> };

function algorithm(
  about: string,
  section: string,
  onPolicy: boolean,
  uses: readonly (keyof Settings)[],
  start: (task: ModelTask, shared: Shared) => Learning<unknown>,
  defaults: Partial<Settings> = {},
  initial = 0,
): Algorithm {
  return {
    about,
    section,
    onPolicy,
    uses,
    defaults,
    learn: (task, settings, rng) => {
      const Q = actionTable(task, initial);
      const epsilon = uses.includes("epsilon") ? settings.epsilon : 0;
      return {
        Q,
        learning: start(task, { ...settings, rng, Q, behaviour: epsilonGreedy(epsilon) }),
      };
    },
  };
}

/** All control methods for finite tasks. Behaviour policies are ε-greedy with the given epsilon. */
export const algorithms: Readonly<Record<string, Algorithm>> = {
  "monte-carlo": algorithm(
    "on-policy first-visit Monte Carlo control",
    "5.4",
    true,
    ["epsilon"],
    (task, { episodes, gamma, rng, Q, behaviour }) =>
      monteCarloControl(task, { episodes, gamma, rng, Q, behaviour }),
  ),
  "monte-carlo-es": algorithm(
    "Monte Carlo control with exploring starts",
    "5.3",
    true,
    [],
    (task, { episodes, gamma, rng, Q }) => monteCarloExploringStarts(task, { episodes, gamma, rng, Q }),
  ),
  "monte-carlo-off-policy": algorithm(
    "off-policy Monte Carlo control, weighted importance sampling",
    "5.7",
    false,
    ["epsilon"],
    (task, o) => offPolicyControl(task, o),
    {},
    PESSIMISTIC,
  ),
  sarsa: algorithm("on-policy TD control", "6.4", true, ["alpha", "epsilon"], (task, o) => sarsa(task, o)),
  "q-learning": algorithm(
    "off-policy TD control: learns about the greedy policy",
    "6.5",
    false,
    ["alpha", "epsilon"],
    (task, o) => qLearning(task, o),
  ),
  "expected-sarsa": algorithm(
    "TD control by the expectation over the next action",
    "6.6",
    true,
    ["alpha", "epsilon"],
    (task, o) => expectedSarsa(task, o),
  ),
  "expected-sarsa-greedy": algorithm(
    "Expected Sarsa with a greedy target, which is Q-learning",
    "6.6",
    false,
    ["alpha", "epsilon"],
    (task, o) => expectedSarsa(task, { ...o, target: greedy }),
  ),
  "double-q-learning": algorithm(
    "Q-learning with two tables against maximisation bias",
    "6.7",
    false,
    ["alpha", "epsilon"],
    (task, { Q, ...o }) => doubleQLearning(task, { ...o, Q }),
  ),
  "n-step-sarsa": algorithm(
    "Sarsa with n rewards before it bootstraps",
    "7.2",
    true,
    ["alpha", "epsilon", "n"],
    (task, o) => nStepSarsa(task, o),
    { n: 4 },
  ),
  "dyna-q": algorithm(
    "Q-learning and planning with a learnt model",
    "8.2",
    false,
    ["alpha", "epsilon", "n"],
    (task, o) => dynaQ(task, { ...o, kappa: 0 }),
    { n: 10 },
  ),
  "dyna-q-plus": algorithm(
    "Dyna-Q that is curious about what it has not tried for long",
    "8.3",
    false,
    ["alpha", "epsilon", "n", "kappa"],
    (task, o) => dynaQ(task, o),
    { n: 10 },
  ),
  "sarsa-lambda": algorithm(
    "Sarsa with eligibility traces",
    "12.7",
    true,
    ["alpha", "epsilon", "lambda", "traces"],
    (task, o) => sarsaLambda(task, o),
  ),
};
