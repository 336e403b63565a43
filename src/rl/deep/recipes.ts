/** Options of an agent that suit an environment, where its defaults do not. */
export interface AgentRecipe {
  readonly agent: string;
  readonly env: string;
  readonly steps: number;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Gallici et al. 2024, appendix; pictures go through a convolution of 16 filters first. */
const MINATAR_PQN = {
  envs: 128,
  horizon: 32,
  epochs: 2,
  batchSize: 128,
  hidden: [128],
  lr: 5e-4,
  lambda: 0.65,
  explore: 0.1,
};
const MINATAR = ["Asterix", "Breakout", "Freeway", "Seaquest", "SpaceInvaders"];

/** After rl-baselines3-zoo, where it has the pair. */
export const AGENT_RECIPES: readonly AgentRecipe[] = [
  ...MINATAR.flatMap((game) => [`MinAtar/${game}-v0`, `MinAtar/${game}-v1`]).map((env) => ({
    agent: "pqn",
    env,
    steps: 5_000_000,
    options: MINATAR_PQN,
  })),
  {
    agent: "alphazero",
    env: "TicTacToe-v0",
    steps: 200_000,
    options: { hidden: [256, 256], openingMoves: 8, gradientSteps: 4 },
  },
  {
    agent: "alphazero",
    env: "ConnectFour-v0",
    steps: 1_000_000,
    options: { hidden: [256, 256], openingMoves: 12, gradientSteps: 2, replay: 200_000 },
  },
  {
    agent: "dqn",
    env: "CartPole-v1",
    steps: 50_000,
    // With the zoo's 2.3e-3, two of five seeds lost the pole again in the last 5,000 steps.
    options: { lr: 1e-3 },
  },
  {
    agent: "dqn",
    env: "Acrobot-v1",
    steps: 100_000,
    options: {
      lr: 6.3e-4,
      batchSize: 128,
      replay: 50_000,
      trainEvery: 4,
      gradientSteps: 4,
      targetEvery: 250,
      epsilonFinal: 0.1,
      explore: 0.12,
      hidden: [64, 64],
    },
  },
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
  {
    agent: "ddpg",
    env: "MountainCarContinuous-v0",
    steps: 100_000,
    options: { noise: "wandering", sigma: 0.5, gamma: 0.99, trainEvery: 2, lrFinal: 0 },
  },
  {
    agent: "td3",
    env: "Pendulum-v1",
    steps: 20_000,
    // With 1e-3, one of five seeds lost what it had learned from step 14,000 on.
    options: { lr: 3e-4 },
  },
  {
    agent: "ppo",
    env: "LunarLander-v3",
    steps: 1_000_000,
    options: {
      envs: 16,
      horizon: 1024,
      batchSize: 64,
      epochs: 4,
      gamma: 0.999,
      lambda: 0.98,
      entropy: 0.01,
      lr: 3e-4,
      lrFinal: 1,
      clipFinal: 1,
    },
  },
  {
    agent: "ppo",
    env: "Acrobot-v1",
    steps: 200_000,
    options: {
      envs: 16,
      horizon: 128,
      batchSize: 256,
      epochs: 4,
      gamma: 0.99,
      lambda: 0.94,
      clipFinal: 1,
      normalizeObservation: true,
    },
  },
  {
    agent: "ppo",
    env: "Pendulum-v1",
    steps: 200_000,
    options: {
      envs: 4,
      horizon: 512,
      batchSize: 256,
      epochs: 10,
      gamma: 0.9,
      lambda: 0.95,
      clipFinal: 1,
      normalizeReward: true,
    },
  },
];

export const agentRecipe = (agent: string, env: string): AgentRecipe | undefined =>
  AGENT_RECIPES.find((recipe) => recipe.agent === agent && recipe.env === env);
