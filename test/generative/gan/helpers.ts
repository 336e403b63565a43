import { Gan } from "../../../src/generative/gan/gan.ts";
import type { DiscriminatorOptions } from "../../../src/generative/gan/networks.ts";
import { MODELS } from "../../../src/generative/models.ts";
import type { Metrics } from "../../../src/train/checkpoint.ts";
import type { Data } from "../../../src/train/examples.ts";
import { planFor, train } from "../../../src/train/loop.ts";
import type { Task } from "../../../src/train/task.ts";
import { sharedEngine, tinyData } from "../helpers.ts";

export const OPTIONS: DiscriminatorOptions = {
  network: "mlp",
  latent: 3,
  width: 8,
  depth: 2,
  channels: 4,
  discriminatorNorm: "none",
  conditional: "none",
  pack: 1,
  minibatchStddev: false,
};

export const makeGan = (
  shape: readonly number[],
  options: Partial<DiscriminatorOptions> = {},
  classes = 0,
): Gan => new Gan(shape, { ...OPTIONS, ...options }, classes);

export interface TrainedGan {
  readonly task: Task;
  readonly config: unknown;
  readonly steps: readonly Metrics[];
}

/** A small GAN, trained for a few steps with all else as `galatea train gan` has it. */
export async function trainedGan(
  options: Record<string, unknown>,
  steps: number,
  { data = tinyData, lr = 2e-3, batchSize = 32 }: { data?: Data; lr?: number; batchSize?: number } = {},
): Promise<TrainedGan> {
  const definition = MODELS.gan!;
  const config: unknown = definition.config.parse({
    latent: 4,
    width: 32,
    depth: 2,
    channels: 8,
    ...options,
  });
  const batchesPerStep = definition.batchesPerStep!(config);
  const plan = planFor(data.train, { batchSize, lr, steps, batchesPerStep });
  const task = definition.build(config, data, plan);
  const seen: Metrics[] = [];
  for await (const event of train({
    task,
    examples: data.train,
    plan,
    engine: await sharedEngine(),
    seed: 3,
  }))
    if (event.kind === "step") seen.push(event.metrics);
  return { task, config, steps: seen };
}
