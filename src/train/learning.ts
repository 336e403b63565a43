import { z } from "zod";
import type { Parameter } from "../nn/module.ts";
import { adam, adamW } from "../optim/adam.ts";
import type { OptimizerFactory, Schedule } from "../optim/optimizer.ts";
import { rmsprop } from "../optim/rmsprop.ts";
import { constant, cooldown, cosine, linear, warmup } from "../optim/schedules.ts";
import { sgd } from "../optim/sgd.ts";

const decay = z.number().min(0).lt(1);

/** How the weights of any model follow their gradients: options of every training, with each model's own defaults. */
export const LearningOptions = z.strictObject({
  optimizer: z
    .enum(["adam", "adamw", "rmsprop", "sgd"])
    .default("adam")
    .describe("the rule by which weights follow their gradients"),
  lrSchedule: z
    .enum(["constant", "cosine", "linear"])
    .default("constant")
    .describe("the learning rate after its warm-up: kept, or falling to zero along a curve or a line"),
  warmup: z.int().min(0).default(0).describe("steps in which the learning rate grows to its full size"),
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
    .describe("gradients longer together than this are shortened to it (default: none are)")
    .meta({ alias: "clip" }),
  weightDecay: z
    .number()
    .min(0)
    .default(0)
    .describe("pull of the weights to zero (of matrices and filters; biases and norms are left alone)"),
  beta1: decay.default(0.9).describe("adam, adamw: decay of the mean of gradients"),
  beta2: decay.default(0.999).describe("adam, adamw: decay of the mean of their squares"),
  momentum: decay.default(0).describe("sgd, rmsprop: momentum"),
  ema: decay.default(0).describe("decay of the moving average of the weights; 0: keep none"),
});
export type Learning = z.output<typeof LearningOptions>;

/** Every option at its default: Adam at a constant rate. */
export const LEARNING: Learning = LearningOptions.parse({});

/** Biases and the gains of norms are vectors: weight decay is not for them. */
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

/** What of a run's plan learning goes by. */
export interface Pace {
  readonly steps: number;
  /** The peak learning rate. */
  readonly lr: number;
  /** Optimizer, schedule, clipping and averaging, where a player does not say otherwise. */
  readonly learning: Learning;
}

/** How a player's weights follow its gradients. */
export interface Moves {
  readonly optimizer: OptimizerFactory;
  readonly schedule: Schedule;
  /** Gradients longer together than this are shortened to it. */
  readonly maxGradNorm?: number | undefined;
  /** Keep an exponential moving average of the weights with this decay. */
  readonly ema?: number | undefined;
}

/** How a player learns by its run's plan, but for what it says of itself. */
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
