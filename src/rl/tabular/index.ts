export * from "./agents.ts";
export * from "./bandit.ts";
export { doubleQLearning } from "./double-q-learning.ts";
export { dynaQ } from "./dyna-q.ts";
export { expectedSarsa } from "./expected-sarsa.ts";
export { offlineLambdaReturn } from "./lambda-return.ts";
export * from "./learning.ts";
export * from "./memory.ts";
export { monteCarloPrediction } from "./monte-carlo.ts";
export {
  type MonteCarloControlOptions,
  monteCarloControl,
  monteCarloExploringStarts,
} from "./monte-carlo-control.ts";
export { offPolicyControl, offPolicyPrediction } from "./monte-carlo-off-policy.ts";
export { nStepSarsa } from "./n-step-sarsa.ts";
export { nStepTd } from "./n-step-td.ts";
export { type ControlOptions, qLearning } from "./q-learning.ts";
export {
  epsilonGreedy,
  equiprobable,
  fixedPolicy,
  greedy,
  greedyAction,
  maxValue,
  type Rule,
  softmax,
} from "./rules.ts";
export { sarsa } from "./sarsa.ts";
export { sarsaLambda } from "./sarsa-lambda.ts";
export { allActions, checkTask, EnvTask, ModelTask, optionsOf, type TabularTask } from "./task.ts";
export { tdLambda } from "./td-lambda.ts";
export { type PredictionOptions, tdPrediction } from "./td-prediction.ts";
export type { TraceKind } from "./traces.ts";
export { tabularAgent } from "./train.ts";
