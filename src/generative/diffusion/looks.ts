/** How the work of a diffusion model is shown, by the kind of its data. */
import type { Mixture } from "../../data/mixtures.ts";
import type { Output, Picture } from "../../model/contract.ts";
import type { DiffusionContext } from "./config.ts";
import type { DiffusionModel } from "./model.ts";
import type { SamplingPlan } from "./samplers.ts";
import type { Images, Progress, Sampler } from "./sampling.ts";
import type { NoiseSchedule } from "./schedule.ts";

/** Records sampling on its way from noise. */
export interface Film {
  begin(x: Images): void;
  add(now: Progress): void;
  pictures(): Promise<Picture[]>;
  animation(): Picture;
}

/** Noises to decode by a deterministic sampler, and how to show what becomes of them. */
export interface Noises {
  /** [groups·each, ...shape]; a group has one class. */
  readonly x: Images;
  readonly groups: number;
  show(decoded: Images): Promise<Picture>;
}

/** Everything is given as the network has it: images in [−1, 1], points as they are. */
export interface DiffusionLooks {
  /** Examples that `sample` draws, and that `reconstruct` shows, by default. */
  readonly usual: { readonly sample: number; readonly reconstruct: number };
  /** Examples of a preview. */
  readonly preview: number;
  /** Examples that a sampler takes at once. */
  readonly batch: number;
  samples(
    context: DiffusionContext,
    x: Images,
    how?: { readonly columns?: number | undefined; readonly mixture?: Mixture | undefined },
  ): Promise<Output>;
  film(context: DiffusionContext, plan: SamplingPlan, count: number): Film;
  noises(context: DiffusionContext, model: DiffusionModel): Noises;
  /** Rows of η, columns of S; every cell starts from the same noises. */
  readonly perCell: number;
  steps(
    context: DiffusionContext,
    cells: readonly (readonly Images[])[],
    steps: readonly number[],
    etas: readonly (number | "sigma-hat")[],
  ): Promise<Picture>;
  /** What the network sees: pictures of its predictions, for a class where one is asked for. */
  network(context: DiffusionContext, sampler: Sampler, label: number | undefined): Promise<Picture[]>;
  /** Examples, the noise they are encoded to, and the examples decoded from it. */
  encoding(context: DiffusionContext, x: Images, noise: Images, back: Images): Promise<Picture[]>;
  /** Test examples with more and more noise. */
  noising(context: DiffusionContext, schedule: NoiseSchedule): Promise<Picture[]>;
}
