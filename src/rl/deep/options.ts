import { z } from "zod";

const count = z.int().min(1);
const share = z.number().min(0).max(1);

/** Options of every deep agent. */
export const Deep = z.strictObject({
  gamma: share.default(0.99).describe("discount factor γ"),
  lr: z.number().positive().describe("learning rate").default(3e-4),
  lrFinal: share
    .default(1)
    .describe("the learning rate at the last step, as a share of the first; linear between"),
  hidden: z.array(count).default([64, 64]).describe("widths of the hidden layers"),
  envs: count.default(1).describe("environments stepped at once"),
  maxGradNorm: z.number().positive().default(10).describe("gradients longer than this are scaled down to it"),
});

/** Options of agents that learn from a replay. */
export const OffPolicy = Deep.extend({
  replay: count.default(100_000).describe("transitions the replay holds"),
  batchSize: count.default(64).describe("transitions in an update"),
  learningStarts: z.int().min(0).default(1000).describe("steps before the first update"),
  trainEvery: count.default(1).describe("steps between updates"),
  gradientSteps: count.default(1).describe("updates each time"),
});
export { count, share };
