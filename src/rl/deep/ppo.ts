import { z } from "zod";
import { UserError } from "../../errors.ts";
import { adam } from "../../optim/adam.ts";
import { add, clamp, exp, mul, neg, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import { KL } from "../kl.ts";
import { VectorNormalizeReward } from "../vector-normalize.ts";
import { ActorCritic, likeliest, Moments, saidBy } from "./actor-critic-network.ts";
import { deepAgent, shared } from "./agent.ts";
import type { Lesson } from "./algorithm.ts";
import { count, Deep, share } from "./options.ts";
import { clippedError, clippedObjective, meanOf, standardized } from "./policy-gradient.ts";
import { advantages } from "./returns.ts";
import { Actor, Rollout } from "./rollout.ts";
import { lrSchedule } from "./schedules.ts";
import { scalarsOf, Update } from "./update.ts";

const PpoOptions = Deep.extend({
  envs: Deep.shape.envs.default(8),
  lr: Deep.shape.lr.default(1e-3),
  lrFinal: Deep.shape.lrFinal.default(0),
  gamma: share.default(0.98).describe("discount factor γ"),
  lambda: share.default(0.8).describe("λ of generalised advantage estimation"),
  horizon: count.default(32).describe("steps of each environment between updates"),
  epochs: count.default(20).describe("passes over a rollout"),
  batchSize: count.default(256).describe("transitions in an update"),
  clip: z
    .number()
    .positive()
    .default(0.2)
    .describe("how far the ratio of new to old probability may leave 1, ε"),
  clipFinal: share.default(0).describe("ε at the last step, as a share of the first; linear between"),
  valueClip: z
    .number()
    .positive()
    .optional()
    .describe("how far a value may move from the old one (default: any)"),
  valueCoefficient: z.number().min(0).default(1).describe("weight of ½(V − R)² in the loss"),
  entropy: z.number().min(0).default(0).describe("weight of the policy's entropy in the loss"),
  targetKl: z
    .number()
    .positive()
    .optional()
    .describe(
      "updates of a rollout end when the divergence from the old policy is 1.5 times this (default: never)",
    ),
  maxGradNorm: Deep.shape.maxGradNorm.default(0.5),
  normalizeAdvantage: z
    .boolean()
    .default(true)
    .describe("do not scale the advantages of each update to mean 0 and deviation 1"),
  normalizeObservation: z
    .boolean()
    .default(false)
    .describe("observations with mean 0 and deviation 1, by running moments"),
  normalizeReward: z.boolean().default(false).describe("rewards over the running deviation of returns"),
});
type PpoOptions = z.output<typeof PpoOptions>;

async function* learn(lesson: Lesson<PpoOptions, ActorCritic>): AsyncGenerator<Metrics, void, undefined> {
  const { options, module: network, spaces, world, engine, key, rng, steps, keep, use, ranks } = lesson;
  const { horizon, epochs, valueClip, normalizeAdvantage, targetKl } = options;
  const B = shared(options.batchSize, "transitions in an update (option `batchSize`)", ranks);
  if (ranks.size > 1 && options.normalizeObservation)
    throw new UserError(
      "with option `parallel`, moments of observations would be each process's own, and so their policies: leave option `normalizeObservation` out",
    );
  const actor = use(new Actor(network, { spaces, world, engine, rng }));
  const rollout = new Rollout(spaces, world, horizon);
  const moments = network.observations && keep("moments", new Moments(network.observations));
  const update = keep(
    "optimizer",
    use(
      new Update({
        engine,
        peers: ranks.size > 1 ? ranks : undefined,
        players: [
          {
            name: "ppo",
            module: network,
            optimizer: adam({ eps: 1e-5 }),
            schedule: lrSchedule(options, steps),
            maxGradNorm: options.maxGradNorm,
            loss: (batch, _, step) => {
              const { observations, actions, masks, weights } = batch as Record<string, Tensor>;
              const { logProbs, values, advantages: raw, returns } = batch as Record<string, Tensor>;
              const policy = network.policy(observations!, masks);
              const A = normalizeAdvantage ? standardized(raw!, weights!) : raw!;
              const logRatio = sub(policy.logProb(actions!), logProbs!);
              const r = exp(logRatio);
              const epsilon = mul(
                sub(1, mul(clamp(mul(step, 1 / steps), 0, 1), 1 - options.clipFinal)),
                options.clip,
              );
              const policyLoss = neg(meanOf(clippedObjective(r, A, epsilon), weights!));

              const V = network.value(observations!);
              const error = clippedError({ V, old: values!, target: returns!, clip: valueClip });
              const valueLoss = mul(meanOf(error, weights!), 0.5);

              const entropy = meanOf(policy.entropy(), weights!);
              const loss = add(
                policyLoss,
                sub(mul(valueLoss, options.valueCoefficient), mul(entropy, options.entropy)),
              );
              // The actions are draws of the old policy: KL(old ‖ new).
              const kl = meanOf(KL.k3(neg(logRatio)), weights!);
              const outside = meanOf(sub(r, 1).abs().greater(epsilon).cast("float32"), weights!);
              return { loss, policy_loss: policyLoss, value_loss: valueLoss, entropy, kl, clipped: outside };
            },
          },
        ],
      }),
    ),
  );

  while (world.left > 0) {
    const shuffle = key.split("shuffle").split(world.clock);
    const now = world.steps;
    await rollout.collect(world, actor, (t) => t === horizon);
    const A = advantages(rollout.rewards, options.gamma, options.lambda);
    let metrics: Metrics = {};
    for (const batch of rollout.batches(shuffle, epochs, B, A)) {
      metrics = scalarsOf(await update.step(batch, shuffle, now));
      if (targetKl !== undefined && metrics.kl! > 1.5 * targetKl) break;
    }
    // From the next rollout on: policy and values of this one were of the old moments.
    moments?.update(rollout.observations, rollout.valid);
    yield metrics;
  }
}

/**
 * Proximal policy optimisation (Schulman et al. 2017). It is A2C (`a2c.ts`) that uses its rollout many times: the ratio
 * of new to old probability takes the place of log π, and what would move it far from 1 is clipped away. Details follow
 * Huang et al. 2022 ("The 37 implementation details of PPO").
 */
export const ppo = deepAgent({
  name: "ppo",
  about: "proximal policy optimisation: a clipped ratio lets a rollout be used many times",
  paper: "Schulman et al. 2017",
  onPolicy: true,
  parallel: true,
  options: PpoOptions,
  training: { env: "CartPole-v1", steps: 100_000 },
  build: (options, spaces) => new ActorCritic(spaces, { ...options, activation: "tanh" }),
  greedy: likeliest,
  says: saidBy,
  wrap: (env, { normalizeReward, gamma }) =>
    normalizeReward ? new VectorNormalizeReward(env, { gamma, clip: 10 }) : env,
  learn,
});
