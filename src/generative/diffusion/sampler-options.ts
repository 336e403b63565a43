/** Options for samplers, their steps and classes, shared by `sample`, `evaluate` and exports. */
import { z } from "zod";
import { lookup, UserError } from "../../errors.ts";
import { classesOf } from "../examples.ts";
import { type DiffusionContext, diffusionOf } from "./config.ts";
import type { DiffusionModel } from "./model.ts";
import { ddim, ddpm, dpmSolver, type SamplingPlan, VARIANCES } from "./samplers.ts";
import { Sampler } from "./sampling.ts";
import type { NoiseSchedule } from "./schedule.ts";
import { fullTrajectory, type Trajectory, trajectory } from "./trajectory.ts";

export const count = z.int().min(1);

/** Which sampler runs, and over which steps. */
export const SAMPLER = {
  sampler: z
    .enum(["ddim", "ddpm", "dpm-solver"])
    .default("ddim")
    .describe("ddim, ddpm (ancestral), or dpm-solver (DPM-Solver++ 2M)"),
  steps: count.optional().describe("S, sampling steps (default: ddim 50, dpm-solver 20, ddpm all T)"),
  eta: z
    .union([z.number(), z.literal("sigma-hat")])
    .default(0)
    .describe("ddim: 0 is deterministic, 1 as random as ddpm; sigma-hat: the larger variance"),
  variance: z
    .enum(Object.keys(VARIANCES) as [keyof typeof VARIANCES])
    .default("fixed-large")
    .describe("ddpm: variance of a step (section 3.2 of the paper)"),
  spacing: z.enum(["linear", "quadratic"]).default("linear").describe("how the S steps are chosen among T"),
  convention: z
    .enum(["paper", "official"])
    .default("paper")
    .describe("steps as the DDIM paper writes them, or as its official code runs them"),
};
export type SamplerOptions = z.output<z.ZodObject<typeof SAMPLER>>;

const STEPS: Readonly<Record<SamplerOptions["sampler"], (T: number) => number>> = {
  ddim: (T) => Math.min(50, T),
  "dpm-solver": (T) => Math.min(20, T),
  ddpm: (T) => T,
};

/** The sampling plan of these options, and its trajectory. */
export function planOf(
  schedule: NoiseSchedule,
  options: SamplerOptions,
): { plan: SamplingPlan; path: Trajectory } {
  const { sampler, eta, variance, spacing, convention } = options;
  const { T } = schedule;
  const S = options.steps ?? STEPS[sampler](T);
  const path = S === T ? fullTrajectory(T) : trajectory({ T, S, spacing, convention });
  const plans: Record<SamplerOptions["sampler"], () => SamplingPlan> = {
    ddim: () => ddim(schedule, path, { eta }),
    ddpm: () => ddpm(schedule, path, { variance }),
    "dpm-solver": () => dpmSolver(schedule, path),
  };
  return { plan: plans[sampler](), path };
}

/** How x̂₀ and ε̂ are clipped at each step. */
export const CLIPPING = {
  clipX0: z
    .boolean()
    .default(true)
    .describe("do not clip x̂₀ to the range of images at each step (points have none)")
    .meta({ alias: "clip" }),
  useClippedModelOutput: z
    .boolean()
    .default(true)
    .describe("ddim: keep the network's ε̂ where x̂₀ was clipped, as diffusers does by default"),
};

/** The sampling options of `sample` and `evaluate`. */
export const DRAWING = {
  ...SAMPLER,
  guidance: z
    .number()
    .default(1)
    .describe("scale of classifier-free guidance: 1 is none, larger values follow the class more closely"),
  ...CLIPPING,
};
export const Drawing = z.strictObject(DRAWING);

/** The sampler and its steps, for people. */
export const drawnHow = (plan: SamplingPlan, path: Trajectory, guidance: number): string =>
  `${plan.name}; ${path.description}${guidance === 1 ? "" : `; guidance ${guidance}`}`;

const classNumber = ({ spec }: DiffusionContext, name: string): number => {
  return lookup("class", Object.fromEntries(classesOf(spec).map((known, i) => [known, i])), name);
};

/** The class of each of `n` examples: the given one, or each in turn; undefined for an unconditional model. */
export function classNumbers(
  context: DiffusionContext,
  model: DiffusionModel,
  n: number,
  name: string | undefined,
): number[] | undefined {
  if (model.classes === 0) {
    if (name !== undefined)
      throw new UserError(
        `class ${name} was asked for, but this model was trained without classes: leave option \`class\` out`,
      );
    return undefined;
  }
  const label = name === undefined ? undefined : classNumber(context, name);
  return Array.from({ length: n }, (_, i) => label ?? i % model.classes);
}

/** A sampler with the context's weights, which lives as long as the job. */
export const samplerOf = (context: DiffusionContext, model = diffusionOf(context)): Sampler =>
  new Sampler(model, (fn, name) => context.compile(fn, name));
