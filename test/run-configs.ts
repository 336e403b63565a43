/** What stands in the `config.json` of a run, for tests and benchmarks that need one: short, and as it is usually, but for what is given. */
import { LEARNING } from "../src/train/learning.ts";
import type { AgentRun, ModelRun } from "../src/train/run-config.ts";

const COMMON = {
  format: 2,
  galatea: "0.1.0",
  seed: 0,
  device: "cpu",
  steps: 10,
  logEvery: 1,
  sampleEvery: 1,
  checkpointEvery: 1,
  keep: 1,
  options: {},
} as const;

export const modelRun = (given: Partial<ModelRun> = {}): ModelRun => ({
  ...COMMON,
  kind: "model",
  model: "vae",
  data: "mnist",
  training: { ...LEARNING, batchSize: 8, accumulate: 1, lr: 0.001, validation: 0 },
  ...given,
});

export const agentRun = (given: Partial<AgentRun> = {}): AgentRun => ({
  ...COMMON,
  kind: "agent",
  agent: "dqn",
  env: "CartPole-v1",
  envOptions: {},
  learnsFrom: "environment",
  evaluationEpisodes: 0,
  unit: "steps",
  ...given,
});
