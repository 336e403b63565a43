import { z } from "zod";
import { compile } from "../../engine/compile.ts";
import { adam } from "../../optim/adam.ts";
import { add, clamp, mean, minimum, mul, neg, normal, reshape, square, sub, tanh } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import { deepAgent } from "./agent.ts";
import type { Lesson } from "./algorithm.ts";
import {
  type Bounded,
  ContinuousNetworks,
  normalNoise,
  rescaleRows,
  target,
  unscale,
  wanderingNoise,
} from "./continuous.ts";
import { OffPolicy, share } from "./options.ts";
import { rescale, type Spaces } from "./policy.ts";
import { feedsOf, Replay } from "./replay.ts";
import { due, lrSchedule } from "./schedules.ts";
import { follow, weightsOf } from "./target.ts";
import { scalarsOf, Update } from "./update.ts";

export const DdpgOptions = OffPolicy.extend({
  lr: OffPolicy.shape.lr.default(1e-3),
  gamma: share.default(0.98).describe("discount factor γ"),
  batchSize: OffPolicy.shape.batchSize.default(100),
  tau: share.default(0.005).describe("how far the target networks follow in an update, τ"),
  noise: z
    .enum(["normal", "wandering"])
    .default("normal")
    .describe(
      "exploring: independent from step to step, or in one direction for a while (Ornstein–Uhlenbeck)",
    ),
  sigma: z.number().min(0).default(0.1).describe("deviation of that noise, of actions between −1 and 1"),
}).omit({ maxGradNorm: true });
export type DdpgOptions = z.output<typeof DdpgOptions>;

/** What TD3 adds. */
export interface Twin {
  /** Critics; the smallest of their values is believed. */
  readonly critics: number;
  /** Updates of the critics to one of the actor and the targets. */
  readonly delay: number;
  /** Noise on the target policy's actions, and its bound. */
  readonly smoothing: number;
  readonly smoothingClip: number;
}

const PLAIN: Twin = { critics: 1, delay: 1, smoothing: 0, smoothingClip: 0 };

/** π(s), in [−1, 1]. */
const policy = (networks: ContinuousNetworks, s: Tensor): Tensor => tanh(networks.act(s));

export async function* deterministicPolicyGradient(
  lesson: Lesson<DdpgOptions, ContinuousNetworks>,
  twin: Twin,
  algorithm: string,
): AsyncGenerator<Metrics, void, undefined> {
  const { options, module: networks, spaces, world, engine, key, rng, steps, keep, use } = lesson;
  const { gamma, tau, batchSize } = options;
  const actions = spaces.actions as Bounded;
  const targets = networksOf(options, spaces, twin, algorithm);
  targets.loadStateDict(await networks.stateDict());
  keep("target", weightsOf(targets));
  const { features } = spaces;
  const replay = keep(
    "replay",
    new Replay({ capacity: options.replay, envs: world.n, features, actionWidth: actions.size, gamma }),
  );
  const width = world.n * actions.size;
  const noise = keep(
    "noise",
    options.noise === "normal" ? normalNoise(options.sigma, rng) : wanderingNoise(options.sigma, rng, width),
  );
  const act = use(compile((s: Tensor) => policy(networks, s), { engine, name: "policy" }));

  const how = { optimizer: adam(), schedule: lrSchedule(options, steps) };
  const update = keep(
    "optimizer",
    use(
      new Update({
        engine,
        players: [
          {
            ...how,
            name: "critic",
            module: networks.critics,
            loss: (batch, draw) => {
              const { observations: s, next, actions: a } = batch;
              const calm = policy(targets, next!);
              const { smoothing, smoothingClip: c } = twin;
              const shift = smoothing > 0 && clamp(mul(normal(draw, calm.shape), smoothing), -c, c);
              const smooth = shift ? clamp(add(calm, shift), -1, 1) : calm;
              const later = targets.critics.values(next!, smooth).reduce((x, y) => minimum(x, y));
              const y = target(batch, later);
              const q = networks.critics.values(s!, unscale(a!, actions));
              return {
                loss: q.map((each) => mean(square(sub(each, y)))).reduce((x, other) => add(x, other)),
                value: mean(q[0]!),
              };
            },
          },
          {
            ...how,
            name: "actor",
            module: networks.actor,
            // Uphill on Q through the action; the critic itself stays.
            loss: ({ observations: s }) => ({
              loss: neg(mean(networks.critics.values(s!, policy(networks, s!))[0]!)),
            }),
          },
        ],
        after: (moved) => moved.includes("actor") && follow(targets, networks, tau),
      }),
    ),
  );

  const A = world.env.makeActions();
  const chosen = new Float32Array(width);
  const counter = keep("updates", countOf());
  let metrics: Metrics = {};
  while (world.left > 0) {
    const before = world.steps;
    if (before < options.learningStarts) for (let k = 0; k < width; k++) chosen[k] = rng.uniform(-1, 1);
    else {
      chosen.set((await act(world.inputs())).data as Float32Array);
      noise.add(chosen);
    }
    rescaleRows(chosen, actions, A);
    replay.add(world.step(A));

    const updates = due(before, world.steps, options.trainEvery) * options.gradientSteps;
    for (let i = 0; i < updates && world.steps >= options.learningStarts; i++) {
      counter.n++;
      const batch = feedsOf(replay.sample(batchSize, rng), spaces);
      const moving = counter.n % twin.delay === 0 ? ["critic", "actor"] : ["critic"];
      const draw = key.split("update").split(counter.n);
      metrics = { ...metrics, ...scalarsOf(await update.step(batch, draw, world.steps, moving)) };
    }
    yield metrics;
  }
}

/** Updates so far: every few of them the actor moves. */
const countOf = () => {
  const counter = {
    n: 0,
    save: (): unknown => counter.n,
    load: (saved: unknown): void => {
      counter.n = saved as number;
    },
  };
  return counter;
};

export const networksOf = (
  { hidden }: DdpgOptions,
  spaces: Spaces,
  { critics }: Twin,
  algorithm: string,
): ContinuousNetworks => new ContinuousNetworks(spaces, algorithm, { hidden, critics, outputs: 1 });

export const greedyOf = (networks: ContinuousNetworks, _: unknown, spaces: Spaces) => (s: Tensor) =>
  rescale(policy(networks, s), spaces.actions as Bounded);

/** The action, and what the first critic thinks of it. */
export const saidBy = (networks: ContinuousNetworks, _: unknown, spaces: Spaces) => (s: Tensor) => {
  const a = policy(networks, s);
  const action = rescale(a, spaces.actions as Bounded);
  return { action, value: reshape(networks.critics.values(s, a)[0]!, [s.shape[0]!]) };
};

/**
 * Deep deterministic policy gradient (Lillicrap et al. 2016, algorithm 1). It is DQN (`dqn.ts`) for actions that are
 * numbers, of which none can be looked for as the best: an actor learns to find it, uphill on Q, and targets follow slowly.
 */
export const ddpg = deepAgent({
  name: "ddpg",
  about:
    "deep deterministic policy gradient: Q-learning for continuous actions, with an actor that finds the best",
  paper: "Lillicrap et al. 2016",
  onPolicy: false,
  options: DdpgOptions,
  training: { env: "Pendulum-v1", steps: 20_000 },
  build: (options, spaces) => networksOf(options, spaces, PLAIN, "ddpg"),
  greedy: greedyOf,
  says: saidBy,
  learn: (lesson) => deterministicPolicyGradient(lesson, PLAIN, "ddpg"),
});
