/** The VAE of `galatea train vae`, a few steps of it, wherever this runs. */
import type { ImageData } from "../../src/data/data.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { vae } from "../../src/generative/vae.ts";
import { begin } from "../../src/model/assemble.ts";
import { train } from "../../src/train/index.ts";

export async function trainVae(engine: Engine, data: ImageData, steps: number): Promise<number[]> {
  const training = { batchSize: 128, lr: 1e-3, steps };
  const { task, plan } = begin(vae, { data, training, seed: 1 });
  const losses: number[] = [];
  for await (const event of train({ task, examples: data.train, plan, engine, seed: 1 }))
    if (event.kind === "step") losses.push(event.metrics.loss!);
  return losses;
}
