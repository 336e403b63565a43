/** Options of an agent that suit an environment, where its defaults do not, and what was seen with them. */
export interface AgentRecipe {
  readonly agent: string;
  readonly env: string;
  readonly steps: number;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The numbers of rl-baselines3-zoo where it has the pair. */
export const AGENT_RECIPES: readonly AgentRecipe[] = [
  {
    agent: "dqn",
    env: "MountainCar-v0",
    steps: 120_000,
    options: {
      lr: 4e-3,
      batchSize: 128,
      replay: 10_000,
      gamma: 0.98,
      trainEvery: 16,
      gradientSteps: 8,
      targetEvery: 600,
      epsilonFinal: 0.07,
      explore: 0.2,
    },
  },
];

export const agentRecipe = (agent: string, env: string): AgentRecipe | undefined =>
  AGENT_RECIPES.find((recipe) => recipe.agent === agent && recipe.env === env);
