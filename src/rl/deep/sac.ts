import { z } from "zod";
import { compile } from "../../engine/compile.ts";
import * as init from "../../nn/init.ts";
import { Module, Parameter } from "../../nn/module.ts";
import { adam } from "../../optim/adam.ts";
import { add, asTensor, chunk, clamp, exp, mean, minimum, mul, neg, reshape, square, stopGradient, sub, tanh } from "../../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import { deepAgent } from "./agent.ts";
import type { Lesson } from "./algorithm.ts";
import { type Bounded, ContinuousNetworks, Critics, rescaleRows, target, unscale } from "./continuous.ts";
import { squashedSample } from "./distributions.ts";
import { OffPolicy, share } from "./options.ts";
import { rescale, type Spaces } from "./policy.ts";
import { feedsOf, Replay } from "./replay.ts";
import { due, lrSchedule } from "./schedules.ts";
import { follow, weightsOf } from "./target.ts";
import { scalarsOf, Update } from "./update.ts";

const SacOptions = OffPolicy.extend({
  lr: OffPolicy.shape.lr.default(1e-3),
  hidden: OffPolicy.shape.hidden.default([64, 64]),
  batchSize: OffPolicy.shape.batchSize.default(100),
  learningStarts: OffPolicy.shape.learningStarts.default(100),
  tau: share.default(0.005).describe("how far the target networks follow in an update, τ"),
  alpha: z
    .number()
    .positive()
    .default(1)
    .describe("temperature α: what entropy is worth beside reward (the first value, where it is learned)"),
  learnAlpha: z.boolean().default(true).describe("learn α, so that the entropy becomes −(number of actions)"),
}).omit({ maxGradNorm: true });
type SacOptions = z.output<typeof SacOptions>;

class SacNetworks extends Module {
  readonly networks: ContinuousNetworks;
  readonly temperature: Temperature;

  constructor(spaces: Spaces, options: SacOptions) {
    super();
    this.networks = new ContinuousNetworks(spaces, "sac", { ...options, critics: 2, outputs: 2 });
    this.temperature = new Temperature(options.alpha);
  }

  /** Mean and log standard deviation, in [−20, 2], of the normal behind the policy. */
  normal(x: Tensor): { mean: Tensor; logStd: Tensor } {
    const [mu, logStd] = chunk(this.networks.act(x), 2, 1) as [Tensor, Tensor];
    return { mean: mu, logStd: clamp(logStd, -20, 2) };
  }

  sample(x: Tensor, key: Key): { action: Tensor; logProb: Tensor } {
    const { mean: mu, logStd } = this.normal(x);
    return squashedSample(mu, logStd, key);
  }
}

class Temperature extends Module {
  readonly log_alpha: Parameter;
  constructor(alpha: number) {
    super();
    this.log_alpha = new Parameter([], init.constant(Math.log(alpha)));
  }
}

async function* learn(lesson: Lesson<SacOptions, SacNetworks>): AsyncGenerator<Metrics, void, undefined> {
  const { options, module, spaces, world, engine, key, rng, steps, keep, use } = lesson;
  const { gamma, tau, batchSize, learnAlpha } = options;
  const { networks, temperature } = module;
  const { critics, actor } = networks;
  const actions = spaces.actions as Bounded;
  const targets = new Critics(2, spaces.features.size + actions.size, { ...options, activation: "relu" });
  targets.loadStateDict(await critics.stateDict());
  keep("target", weightsOf(targets));
  const { features } = spaces;
  const replay = keep(
    "replay",
    new Replay({ capacity: options.replay, envs: world.n, features, actionWidth: actions.size, gamma }),
  );
  const act = use(
    compile((x: Tensor, draw: Key) => module.sample(x, draw).action, { engine, name: "policy" }),
  );

  const alpha = (): Tensor => exp(asTensor(temperature.log_alpha));
  const lowest = (values: readonly Tensor[]): Tensor => values.reduce((a, b) => minimum(a, b));
  const how = { optimizer: adam(), schedule: lrSchedule(options, steps) };
  /** log π(a | s) of the actor's move, which the temperature's takes as given. */
  let logProb: Tensor | undefined;
  const update = keep(
    "optimizer",
    use(
      new Update({
        engine,
        players: [
          {
            ...how,
            name: "critic",
            module: critics,
            loss: (batch, draw) => {
              const { observations: s, next, actions: a } = batch;
              const { action, logProb: logNext } = module.sample(next!, draw);
              const soft = sub(lowest(targets.values(next!, action)), mul(alpha(), logNext));
              const y = target(batch, soft);
              const q = critics.values(s!, unscale(a!, actions));
              const loss = q
                .map((each) => mul(mean(square(sub(each, y))), 0.5))
                .reduce((x, y2) => add(x, y2));
              return { loss, value: mean(q[0]!) };
            },
          },
          {
            ...how,
            name: "actor",
            module: actor,
            loss: ({ observations: s }, draw) => {
              const drawn = module.sample(s!, draw);
              logProb = drawn.logProb;
              return {
                loss: mean(sub(mul(alpha(), drawn.logProb), lowest(critics.values(s!, drawn.action)))),
                entropy: neg(mean(drawn.logProb)),
              };
            },
          },
          {
            ...how,
            name: "temperature",
            module: temperature,
            loss: () => ({
              // The target entropy is −dim(A).
              loss: neg(
                mul(asTensor(temperature.log_alpha), mean(stopGradient(sub(logProb!, actions.size)))),
              ),
              alpha: alpha(),
            }),
          },
        ],
        after: () => follow(targets, critics, tau),
      }),
    ),
  );
  const moving = learnAlpha ? undefined : ["critic", "actor"];

  const A = world.env.makeActions();
  const random = new Float32Array(A.length);
  let metrics: Metrics = {};
  while (world.left > 0) {
    const before = world.steps;
    if (before < options.learningStarts) for (let k = 0; k < A.length; k++) random[k] = rng.uniform(-1, 1);
    const chosen =
      before < options.learningStarts
        ? random
        : ((await act(world.inputs(), key.split("act").split(world.clock))).data as Float32Array);
    rescaleRows(chosen, actions, A);
    replay.add(world.step(A));

    const updates = due(before, world.steps, options.trainEvery) * options.gradientSteps;
    for (let i = 0; i < updates && world.steps >= options.learningStarts; i++) {
      const noise = key.split("update").split(world.steps).split(i);
      const batch = feedsOf(replay.sample(batchSize, rng), spaces);
      metrics = scalarsOf(await update.step(batch, noise, world.steps, moving));
    }
    yield metrics;
  }
}

/**
 * Soft actor–critic (Haarnoja et al. 2018, "Algorithms and Applications", algorithm 1). It is TD3 (`td3.ts`) with a policy
 * that is random itself and is paid for its entropy, α for each nat; so it needs no noise to explore, and α is learned.
 */
export const sac = deepAgent({
  name: "sac",
  about: "soft actor–critic: a random policy that is paid for its entropy, for continuous actions",
  paper: "Haarnoja et al. 2018",
  onPolicy: false,
  options: SacOptions,
  training: { env: "Pendulum-v1", steps: 20_000 },
  build: (options, spaces) => new SacNetworks(spaces, options),
  greedy: (module, _, spaces) => (x) => rescale(tanh(module.normal(x).mean), spaces.actions as Bounded),
  says: (module, _, spaces) => (x) => {
    const a = tanh(module.normal(x).mean);
    const value = reshape(module.networks.critics.values(x, a)[0]!, [x.shape[0]!]);
    return { action: rescale(a, spaces.actions as Bounded), value };
  },
  learn,
});
