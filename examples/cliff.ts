// npx tsx examples/cliff.ts: on-policy and off-policy control side by side (Sutton & Barto, Example 6.6).
import {
  actionTable,
  deterministicPolicy,
  epsilonGreedy,
  fastRandom,
  finish,
  greedyActions,
  ModelTask,
  make,
  mdpFromTable,
  modelOf,
  policyReturn,
  qLearning,
  sarsa,
} from "galatea/rl";

const model = mdpFromTable(modelOf(make("CliffWalking-v1")));

for (const [name, learn] of [
  ["Q-learning", qLearning],
  ["Sarsa", sarsa],
] as const) {
  const task = new ModelTask(model, fastRandom([0, 0]));
  const Q = actionTable(task);
  const returns: number[] = [];
  const options = {
    episodes: 2000,
    gamma: 1,
    alpha: 0.1,
    behaviour: epsilonGreedy(0.1),
    rng: fastRandom([0, 1]),
    Q,
  };
  finish(learn(task, options), (episode) => returns.push(episode.return));
  const lately = returns.slice(-500).reduce((a, b) => a + b) / 500;
  const greedy = policyReturn(model, deterministicPolicy(model, greedyActions(model, Q)), 1);
  console.log(`${name}: ${lately.toFixed(1)} while exploring; its greedy policy gets ${greedy}`);
}
