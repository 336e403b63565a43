/** The VAE of `galatea train vae`, a few steps of it, wherever this runs. */
import type { Engine } from "../../src/engine/engine.ts";
import { vae } from "../../src/generative/vae-definition.ts";
import { type Data, planFor, train } from "../../src/train/index.ts";

export async function trainVae(engine: Engine, data: Data, steps: number): Promise<number[]> {
  const plan = planFor(data.train, { batchSize: 128, lr: 1e-3, steps });
  const task = vae.build(vae.config.parse({}), data, plan);
  const losses: number[] = [];
  for await (const event of train({ task, examples: data.train, plan, engine, seed: 1 }))
    if (event.kind === "step") losses.push(event.metrics.loss!);
  return losses;
}
