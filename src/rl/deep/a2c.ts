import { z } from "zod";
import { rmsprop } from "../../optim/rmsprop.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import { ActorCritic, likeliest, Moments, saidBy } from "./actor-critic-network.ts";
import { deepAgent } from "./agent.ts";
import type { Lesson } from "./algorithm.ts";
import { count, Deep, share } from "./options.ts";
import { policyGradientLoss } from "./policy-gradient.ts";
import { advantages } from "./returns.ts";
import { Actor, Rollout } from "./rollout.ts";
import { lrSchedule } from "./schedules.ts";
import { scalarsOf, Update } from "./update.ts";

const A2cOptions = Deep.extend({
  envs: Deep.shape.envs.default(8),
  lr: Deep.shape.lr.default(7e-4),
  horizon: count.default(5).describe("steps of each environment in an update"),
  lambda: share.default(1).describe("λ of generalised advantage estimation"),
  valueCoefficient: z.number().min(0).default(1).describe("weight of ½(V − R)² in the loss"),
  entropy: z.number().min(0).default(0).describe("weight of the policy's entropy in the loss"),
  maxGradNorm: Deep.shape.maxGradNorm.default(0.5),
  normalizeObservation: z
    .boolean()
    .default(false)
    .describe("observations with mean 0 and deviation 1, by running moments"),
});
type A2cOptions = z.output<typeof A2cOptions>;

async function* learn(lesson: Lesson<A2cOptions, ActorCritic>): AsyncGenerator<Metrics, void, undefined> {
  const { options, module: network, spaces, world, engine, key, rng, steps, keep, use } = lesson;
  const { horizon, gamma, lambda } = options;
  const actor = use(new Actor(network, { spaces, world, engine, rng }));
  const rollout = new Rollout(spaces, world, horizon);
  const moments = network.observations && keep("moments", new Moments(network.observations));
  const update = keep(
    "optimizer",
    use(
      new Update({
        engine,
        players: [
          {
            name: "a2c",
            module: network,
            optimizer: rmsprop({ eps: 1e-5 }),
            schedule: lrSchedule(options, steps),
            maxGradNorm: options.maxGradNorm,
            loss: (batch) => policyGradientLoss(network, batch, options),
          },
        ],
      }),
    ),
  );

  while (world.left > 0) {
    const now = world.steps;
    await rollout.collect(world, actor, (t) => t === horizon);
    const A = advantages(rollout.rewards, gamma, lambda);
    const batch = rollout.batch(rollout.transitions(), horizon * world.n, A);
    const metrics = scalarsOf(await update.step(batch, key, now));
    moments?.update(rollout.observations, rollout.valid);
    yield metrics;
  }
}

/**
 * Advantage actor–critic (Mnih et al. 2016, algorithm S3, its actors in step with one another). It is actor–critic
 * (`actor-critic.ts`) that takes several steps before it bootstraps, in many environments at once: less bias, and
 * a gradient averaged over many trajectories.
 */
export const a2c = deepAgent({
  name: "a2c",
  about: "advantage actor–critic: returns of several steps, many environments at once",
  paper: "Mnih et al. 2016",
  onPolicy: true,
  options: A2cOptions,
  training: { env: "CartPole-v1", steps: 200_000 },
  build: (options, spaces) => new ActorCritic(spaces, { ...options, activation: "tanh" }),
  greedy: likeliest,
  says: saidBy,
  learn,
});
