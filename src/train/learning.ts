import { z } from "zod";
import type { Parameter } from "../nn/module.ts";
import { adam, adamW } from "../optim/adam.ts";
import type { OptimizerFactory, Schedule } from "../optim/optimizer.ts";
import { rmsprop } from "../optim/rmsprop.ts";
import { constant, cooldown, cosine, linear, warmup } from "../optim/schedules.ts";
import { sgd } from "../optim/sgd.ts";

const decay = z.number().min(0).lt(1);

/** Optimizer, schedule, clipping and averaging: options of every training, with each model's own defaults. */
export const LearningOptions = z.strictObject({
  optimizer: z.enum(["adam", "adamw", "rmsprop", "sgd"]).default("adam").describe("the optimizer"),
  lrSchedule: z
    .enum(["constant", "cosine", "linear"])
    .default("constant")
    .describe("the learning rate after its warm-up: constant, or falling to zero along a cosine or a line"),
  warmup: z.int().min(0).default(0).describe("steps over which the learning rate grows to its full value"),
  cooldown: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("share of the steps, at the end, over which the learning rate falls to zero"),
  maxGradNorm: z
    .number()
    .positive()
    .optional()
    .describe("clip gradients to this global norm (default: no clipping)")
    .meta({ alias: "clip" }),
  weightDecay: z
    .number()
    .min(0)
    .default(0)
    .describe("weight decay (of matrices and filters, not of biases and norms)"),
  beta1: decay.default(0.9).describe("adam, adamw: decay of the gradients' moving average"),
  beta2: decay.default(0.999).describe("adam, adamw: decay of the squared gradients' moving average"),
  momentum: decay.default(0).describe("sgd, rmsprop: momentum"),
  ema: decay.default(0).describe("decay of the moving average of the weights; 0: none"),
});
export type Learning = z.output<typeof LearningOptions>;

/** Every option at its default: Adam at a constant rate. */
export const LEARNING: Learning = LearningOptions.parse({});

/** Biases and the gains of norms are vectors, to which weight decay does not apply. */
const decays = (parameter: Parameter): boolean => parameter.shape.length > 1;

const OPTIMIZERS: Readonly<Record<Learning["optimizer"], (how: Learning) => OptimizerFactory>> = {
  adam: ({ beta1, beta2, weightDecay }) => adam({ betas: [beta1, beta2], weightDecay, decays }),
  adamw: ({ beta1, beta2, weightDecay }) => adamW({ betas: [beta1, beta2], weightDecay, decays }),
  rmsprop: ({ momentum, weightDecay }) => rmsprop({ momentum, weightDecay, decays }),
  sgd: ({ momentum, weightDecay }) => sgd({ momentum, weightDecay, decays }),
};

function scheduleOf(
  { steps, lr }: Pick<Pace, "steps" | "lr">,
  { lrSchedule, warmup: rise, cooldown: share }: Learning,
): Schedule {
  const curves: Record<Learning["lrSchedule"], () => Schedule> = {
    constant: () => warmup(rise, constant(lr)),
    cosine: () => cosine(lr, { steps, warmup: rise }),
    linear: () => linear(lr, { steps, warmup: rise }),
  };
  return cooldown(steps, share, curves[lrSchedule]());
}

/** The part of a run's plan that decides how weights are updated. */
export interface Pace {
  readonly steps: number;
  /** The peak learning rate. */
  readonly lr: number;
  /** Optimizer, schedule, clipping and averaging, where a player does not say otherwise. */
  readonly learning: Learning;
}

/** How a player's weights are updated from its gradients. */
export interface Moves {
  readonly optimizer: OptimizerFactory;
  readonly schedule: Schedule;
  /** Clip gradients to this global norm. */
  readonly maxGradNorm?: number | undefined;
  /** Keep an exponential moving average of the weights with this decay. */
  readonly ema?: number | undefined;
}

/** A player's optimizer and schedule by its run's plan, with overrides of its own. */
export function learnBy(
  plan: Pace,
  own: Partial<Learning> & { readonly lr?: number | undefined } = {},
): Moves {
  const { lr = plan.lr, ...rest } = own;
  const how = { ...plan.learning, ...rest };
  return {
    optimizer: OPTIMIZERS[how.optimizer](how),
    schedule: scheduleOf({ steps: plan.steps, lr }, how),
    maxGradNorm: how.maxGradNorm,
    ema: how.ema > 0 ? how.ema : undefined,
  };
}
