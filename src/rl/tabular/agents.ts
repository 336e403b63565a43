import { z } from "zod";
import { UserError } from "../../errors.ts";
import { doubleQLearning } from "./double-q-learning.ts";
import { dynaQ } from "./dyna-q.ts";
import { expectedSarsa } from "./expected-sarsa.ts";
import { monteCarloControl, monteCarloExploringStarts } from "./monte-carlo-control.ts";
import { offPolicyControl, PESSIMISTIC } from "./monte-carlo-off-policy.ts";
import { nStepSarsa } from "./n-step-sarsa.ts";
import { qLearning } from "./q-learning.ts";
import { epsilonGreedy, greedy } from "./rules.ts";
import { sarsa } from "./sarsa.ts";
import { sarsaLambda } from "./sarsa-lambda.ts";
import { ModelTask } from "./task.ts";
import { tabularAgent } from "./train.ts";

const share = z.number().min(0).max(1);
const gamma = share.default(0.99).describe("discount factor γ");
const alpha = z.number().positive().max(1).default(0.1).describe("step size α");
const epsilon = share.default(0.1).describe("probability ε of a random action of the behaviour policy");
const n = z.int().min(0);
const planning = n.default(10).describe("n, planning steps after each step");

/** Options of most control methods: discount, step size, exploration. */
const Control = z.strictObject({ gamma, alpha, epsilon });
const Exploring = Control.omit({ alpha: true });

export const monteCarlo = tabularAgent(
  {
    name: "monte-carlo",
    about: "on-policy first-visit Monte Carlo control",
    section: "5.4",
    onPolicy: true,
    options: Exploring,
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    monteCarloControl(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

export const monteCarloStarts = tabularAgent(
  {
    name: "monte-carlo-es",
    about: "Monte Carlo control with exploring starts",
    section: "5.3",
    onPolicy: true,
    options: z.strictObject({ gamma }),
    learnsFrom: "model",
  },
  ({ task, options, ...rest }) => {
    if (!(task instanceof ModelTask))
      throw new UserError(
        "exploring starts need an environment that can start in any state: learn from its model (option `learnsFrom` model)",
      );
    return monteCarloExploringStarts(task, { ...options, ...rest });
  },
);

export const monteCarloOffPolicy = tabularAgent(
  {
    name: "monte-carlo-off-policy",
    about: "off-policy Monte Carlo control, weighted importance sampling",
    section: "5.7",
    onPolicy: false,
    options: Exploring,
    initial: PESSIMISTIC,
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    offPolicyControl(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

export const sarsaAgent = tabularAgent(
  { name: "sarsa", about: "on-policy TD control", section: "6.4", onPolicy: true, options: Control },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    sarsa(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

export const qLearningAgent = tabularAgent(
  {
    name: "q-learning",
    about: "off-policy TD control: learns about the greedy policy",
    section: "6.5",
    onPolicy: false,
    options: Control,
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    qLearning(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

export const expectedSarsaAgent = tabularAgent(
  {
    name: "expected-sarsa",
    about: "TD control by the expectation over the next action",
    section: "6.6",
    onPolicy: true,
    options: Control,
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    expectedSarsa(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

export const expectedSarsaGreedy = tabularAgent(
  {
    name: "expected-sarsa-greedy",
    about: "Expected Sarsa with a greedy target, which is Q-learning",
    section: "6.6",
    onPolicy: false,
    options: Control,
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    expectedSarsa(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon), target: greedy }),
);

export const doubleQLearningAgent = tabularAgent(
  {
    name: "double-q-learning",
    about: "Q-learning with two tables against maximisation bias",
    section: "6.7",
    onPolicy: false,
    options: Control,
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    doubleQLearning(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

export const nStepSarsaAgent = tabularAgent(
  {
    name: "n-step-sarsa",
    about: "Sarsa with n rewards before it bootstraps",
    section: "7.2",
    onPolicy: true,
    options: Control.extend({ n: n.default(4).describe("n, rewards before it bootstraps") }),
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    nStepSarsa(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

export const dynaQAgent = tabularAgent(
  {
    name: "dyna-q",
    about: "Q-learning and planning with a learned model",
    section: "8.2",
    onPolicy: false,
    options: Control.extend({ n: planning }),
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    dynaQ(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

export const dynaQPlus = tabularAgent(
  {
    name: "dyna-q-plus",
    about: "Dyna-Q with an exploration bonus for actions not tried for long",
    section: "8.3",
    onPolicy: false,
    options: Control.extend({
      n: planning,
      kappa: z
        .number()
        .min(0)
        .default(0.001)
        .describe("κ, weight of the bonus κ √τ for an action not tried for τ steps"),
    }),
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    dynaQ(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

export const sarsaLambdaAgent = tabularAgent(
  {
    name: "sarsa-lambda",
    about: "Sarsa with eligibility traces",
    section: "12.7",
    onPolicy: true,
    options: Control.extend({
      lambda: share.default(0.9).describe("trace decay λ"),
      traces: z
        .enum(["accumulating", "replacing", "dutch"])
        .default("replacing")
        .describe("kind of eligibility traces; dutch is true online"),
    }),
  },
  ({ task, options: { epsilon, ...options }, ...rest }) =>
    sarsaLambda(task, { ...options, ...rest, behaviour: epsilonGreedy(epsilon) }),
);

/** The control methods of the book for finite tasks, in its order. */
export const TABULAR_AGENTS = [
  monteCarlo,
  monteCarloStarts,
  monteCarloOffPolicy,
  sarsaAgent,
  qLearningAgent,
  expectedSarsaAgent,
  expectedSarsaGreedy,
  doubleQLearningAgent,
  nStepSarsaAgent,
  dynaQAgent,
  dynaQPlus,
  sarsaLambdaAgent,
] as const;
