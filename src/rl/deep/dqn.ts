import { z } from "zod";
import { compile } from "../../engine/compile.ts";
import { Module } from "../../nn/module.ts";
import { adam } from "../../optim/adam.ts";
import { add, argmax, max, mean, mul, reshape, sub } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import { deepAgent } from "./agent.ts";
import type { Lesson } from "./algorithm.ts";
import { epsilonGreedy } from "./exploration.ts";
import { requireDiscrete } from "./features.ts";
import { Mlp, type MlpOptions } from "./network.ts";
import { count, OffPolicy, share } from "./options.ts";
import { masked, type Says, type Spaces } from "./policy.ts";
import { feedsOf, Replay } from "./replay.ts";
import { due, lrSchedule, ramp } from "./schedules.ts";
import { follow, weightsOf } from "./target.ts";
import { scalarsOf, Update } from "./update.ts";
import { categorical, expected, ofAction, quantiles, type ValueHead } from "./values.ts";

const DqnOptions = OffPolicy.extend({
  lr: OffPolicy.shape.lr.default(2.3e-3),
  lrFinal: OffPolicy.shape.lrFinal.default(0),
  hidden: OffPolicy.shape.hidden.default([256, 256]),
  trainEvery: count.default(256).describe("steps between updates"),
  gradientSteps: count.default(128).describe("updates each time"),
  targetEvery: count.default(10).describe("steps between copies of the network to the target network"),
  epsilon: share.default(1).describe("share of random actions ε in the first steps"),
  epsilonFinal: share.default(0.04).describe("ε in the end"),
  explore: share.default(0.16).describe("share of the steps in which ε falls"),
  double: z
    .boolean()
    .default(false)
    .describe("the network chooses the next action, the target network values it"),
  dueling: z
    .boolean()
    .default(false)
    .describe("separate streams for the value of a state and the advantages of actions"),
  n: count.default(1).describe("rewards summed before the bootstrap"),
  prioritized: z.boolean().default(false).describe("replay what was predicted badly more often"),
  alpha: share.default(0.5).describe("prioritized: how much priorities count"),
  beta: share
    .default(0.4)
    .describe("prioritized: how far importance weights undo that at first; 1 in the end"),
  values: z
    .enum(["expected", "c51", "quantiles"])
    .default("expected")
    .describe("what the network predicts of returns: their mean, or their distribution"),
  atoms: z.int().min(2).default(51).describe("c51, quantiles: numbers that stand for a distribution"),
  low: z.number().default(-10).describe("c51: the smallest return"),
  high: z.number().default(10).describe("c51: the largest return"),
  noisy: z.boolean().default(false).describe("explore by learned noise in the weights, not by ε"),
});
export type DqnOptions = z.output<typeof DqnOptions>;

const HEADS: Readonly<Record<DqnOptions["values"], (options: DqnOptions) => ValueHead>> = {
  expected: () => expected,
  c51: categorical,
  quantiles: ({ atoms }) => quantiles(atoms),
};

/** What the network predicts, by the options. */
export const headOf = (options: DqnOptions): ValueHead => HEADS[options.values](options);

/** z(s, ·): x [B, ...shape] → [B, actions, size]. */
export class QNetwork extends Module {
  readonly advantage: Mlp;
  readonly value: Mlp | undefined;
  readonly #shape: readonly [number, number];

  constructor(
    { features }: Spaces,
    actions: number,
    head: ValueHead,
    options: MlpOptions & { dueling: boolean },
  ) {
    super();
    this.advantage = new Mlp(features.shape, actions * head.size, options);
    this.value = options.dueling ? new Mlp(features.shape, head.size, options) : undefined;
    this.#shape = [actions, head.size];
  }

  forward(x: Tensor, key?: Key): Tensor {
    const A = reshape(this.advantage.forward(x, key?.split("advantage")), [x.shape[0]!, ...this.#shape]);
    if (!this.value) return A;
    const V = reshape(this.value.forward(x, key?.split("value")), [x.shape[0]!, 1, this.#shape[1]]);
    // Wang et al., eq. 9: the mean advantage is 0.
    return add(V, sub(A, mean(A, { axes: 1, keepDims: true })));
  }
}

/** Q of each action, and the largest. */
export const saidBy =
  (network: QNetwork, head: ValueHead): Says =>
  (x, mask) => {
    const q = masked(head.expectation(network.forward(x)), mask);
    return { q, value: max(q, { axes: 1 }) };
  };

export function qNetwork(options: DqnOptions, spaces: Spaces): QNetwork {
  const { n } = requireDiscrete(spaces.actions, spaces.id, "dqn");
  return new QNetwork(spaces, n, headOf(options), { ...options, activation: "relu" });
}

async function* learn(lesson: Lesson<DqnOptions, QNetwork>): AsyncGenerator<Metrics, void, undefined> {
  const { options, module: network, spaces, world, engine, key, rng, steps, keep, use } = lesson;
  const { gamma, prioritized, batchSize, noisy } = options;
  const { n: actions, start } = requireDiscrete(spaces.actions, spaces.id, "dqn");
  const head = headOf(options);
  const target = qNetwork(options, spaces);
  target.loadStateDict(await network.stateDict());
  keep("target", weightsOf(target));
  const replay = keep(
    "replay",
    new Replay({
      capacity: options.replay,
      envs: world.n,
      features: spaces.features,
      actionWidth: 1,
      masked: spaces.masked ? actions : 0,
      n: options.n,
      gamma,
      alpha: prioritized ? options.alpha : undefined,
    }),
  );

  const Q = use(
    compile((x: Tensor, key: Key | undefined) => head.expectation(network.forward(x, key)), {
      engine,
      name: "action values",
    }),
  );
  const copy = use(compile(() => follow(target, network, 1), { engine, name: "copy to the target network" }));
  const update = keep(
    "optimizer",
    use(
      new Update({
        engine,
        players: [
          {
            name: "value",
            module: network,
            optimizer: adam(),
            schedule: lrSchedule(options, steps),
            maxGradNorm: options.maxGradNorm,
            loss: ({ observations, next, actions: A, rewards, discounts, weights, nextMasks }, key) => {
              const [now, later, chooser] = ["now", "next", "choose"].map((name) =>
                noisy ? key.split(name) : undefined,
              );
              const z = ofAction(network.forward(observations!, now), A!);
              const zNext = target.forward(next!, later);
              // Double: argmax by the network, value by the target network.
              const by = options.double ? network.forward(next!, chooser) : zNext;
              const best = argmax(masked(head.expectation(by), nextMasks), 1);
              const errors = head.loss(z, ofAction(zNext, best), rewards!, discounts!);
              const q = mean(head.expectation(reshape(z, [z.shape[0]!, 1, head.size])));
              return { loss: mean(mul(weights!, errors)), value: q, ...(prioritized && { errors }) };
            },
          },
        ],
      }),
    ),
  );

  const A = world.env.makeActions();
  let losses: Metrics = {};
  while (world.left > 0) {
    const before = world.steps;
    const epsilon = noisy ? 0 : ramp(before, steps, options.epsilon, options.epsilonFinal, options.explore);
    const q = (await Q(world.inputs(), noisy ? key.split("act").split(world.clock) : undefined)).data;
    epsilonGreedy(q as Float32Array, world.masks, epsilon, rng, start, A);
    replay.add(world.step(A));

    const updates = due(before, world.steps, options.trainEvery) * options.gradientSteps;
    for (let i = 0; i < updates && world.steps >= options.learningStarts && replay.size > 0; i++) {
      const batch = replay.sample(batchSize, rng, ramp(world.steps, steps, options.beta, 1));
      const noise = key.split("update").split(world.steps).split(i);
      const out = await update.step(feedsOf(batch, spaces), noise, world.steps);
      if (prioritized) replay.setPriorities(batch.slots, out.errors!.data as Float32Array);
      losses = scalarsOf(out);
    }
    if (due(before, world.steps, options.targetEvery) > 0) await copy();
    yield { ...losses, epsilon };
  }
}

/**
 * Deep Q-learning (Mnih et al. 2015, algorithm 1). It is Q-learning (`tabular/q-learning.ts`) with a network in the
 * place of the table; what that needs to be stable is a replay, which breaks up the order of experience, and a target
 * network, which holds the targets still for a while.
 *
 * The steps to Rainbow (Hessel et al. 2018) are options that combine freely: `double` (van Hasselt et al. 2016), `dueling`
 * (Wang et al. 2016), `n` (multi-step returns), `prioritized` (Schaul et al. 2016), `values` c51 (Bellemare et al. 2017) or
 * quantiles (Dabney et al. 2018), `noisy` (Fortunato et al. 2018).
 */
export const dqn = deepAgent({
  name: "dqn",
  about: "deep Q-learning, with the parts of Rainbow as options",
  paper: "Mnih et al. 2015",
  onPolicy: false,
  options: DqnOptions,
  training: { env: "CartPole-v1", steps: 50_000 },
  build: qNetwork,
  greedy: (network, options) => {
    const head = headOf(options);
    return (x, mask) => argmax(masked(head.expectation(network.forward(x)), mask), 1);
  },
  says: (network, options) => saidBy(network, headOf(options)),
  learn,
});
