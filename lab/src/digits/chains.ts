/** Carries out chains with a trained diffusion model, wherever there is an engine. */

import { compile } from "../../../src/engine/compile.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { UserError } from "../../../src/errors.ts";
import { diffusionOf } from "../../../src/generative/diffusion/config.ts";
import type { DiffusionNetwork } from "../../../src/generative/diffusion/model.ts";
import { planOf } from "../../../src/generative/diffusion/sampler-options.ts";
import { type Compile, type Images, type Inpainting, initialNoise, type Progress, Sampler } from "../../../src/generative/diffusion/sampling.ts"; // biome-ignore format: a list of names
import { toModelRange } from "../../../src/generative/diffusion/scaling.ts";
import { slerp } from "../../../src/generative/latent.ts";
import type { OpenedRun } from "../../../src/model/opened.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { Key } from "../../../src/tensor/random.ts";
import { type Answer, type Chain, type Frame, PIXELS, type Start } from "./chain.ts";

/** As `galatea sample` splits it: the same seed gives the same image there. */
const keyOf = (seed: number): Key => Key.seed(seed).split("sample");
const floats = ({ data }: Images): Float32Array => data.slice();

export class Chains {
  readonly #sampler: Sampler;

  constructor(run: Pick<OpenedRun, "module" | "options" | "spec">, engine: Engine) {
    const model = diffusionOf(run as unknown as Parameters<typeof diffusionOf>[0]);
    if (model.shape.reduce((n, d) => n * d, 1) !== PIXELS)
      throw new UserError("the trained model makes no digits of 28 × 28: these pages have no use for it");
    const frozen = (run.module as DiffusionNetwork).variables().map(([, variable]) => variable);
    const program: Compile = (fn, name) =>
      compile(fn, { engine, freeze: frozen, ...(name !== undefined && { name }) });
    this.#sampler = new Sampler(model, program);
  }

  /** Run chains of equally many steps side by side. @param wanted asked before each step: whether to go on */
  async run(
    chains: readonly Chain[],
    tell: (part: Answer) => void,
    wanted: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const running = chains.map((chain) => this.#begin(chain));
    const steps = Math.max(0, ...running.map(({ steps }) => steps));
    tell({ kind: "begun", steps });
    for (let step = 0; step < steps; step++) {
      const frames: Frame[] = [];
      for (const one of running) {
        if (!(await wanted())) return;
        frames.push(await one.next());
      }
      tell({ kind: "step", step, frames });
    }
    tell({ kind: "done", images: running.map(({ x }) => floats(x)) });
  }

  #begin(chain: Chain): { readonly steps: number; x: Images; next(): Promise<Frame> } {
    const { model } = this.#sampler;
    const { sampler, steps, eta, spacing, seed, label, guidance, kept } = chain;
    const how = { sampler, steps, eta, spacing, convention: "paper", variance: "fixed-small" } as const;
    const { plan } = planOf(model.schedule, how);
    const x = this.#noises(chain.starts);
    const inpaint = kept && inpainting(kept, x);
    const progress = this.#sampler.run(plan, { x, key: keyOf(seed), label, guidance, inpaint });
    return {
      steps: plan.steps.length,
      x,
      async next() {
        const before = this.x;
        const now = (await progress.next()).value as Progress;
        this.x = now.x;
        return { t: now.t, x: floats(before), x0: floats(now.x0), epsilon: floats(now.epsilon) };
      },
    };
  }

  #noises(starts: readonly Start[]): Images {
    const { model } = this.#sampler;
    const noise = (seed: number): Float32Array => initialNoise(model, keyOf(seed), 1).data;
    const data = new Float32Array(starts.length * PIXELS);
    starts.forEach(({ seed, to = seed, share = 0 }, i) => {
      data.set(share === 0 ? noise(seed) : slerp(noise(seed), noise(to), share), i * PIXELS);
    });
    return ndarray(data, [starts.length, ...model.shape]);
  }

  dispose(): Promise<void> {
    return this.#sampler.dispose();
  }
}

/** The same pixels kept in every image. */
function inpainting({ pixels, mask }: NonNullable<Chain["kept"]>, { shape }: Images): Inpainting {
  const known = new Float32Array(shape[0]! * PIXELS);
  for (let i = 0; i < known.length; i += PIXELS) known.set(pixels, i);
  return { known: toModelRange(ndarray(known, shape)), mask: ndarray(mask, [1, 1, 28, 28]) };
}
