import { type Compiled, compile } from "../../engine/compile.ts";
import { adam } from "../../optim/adam.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { argmax, mul, reshape, square, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import type { Rows } from "../rows.ts";
import { deepAgent } from "./agent.ts";
import type { Lesson } from "./algorithm.ts";
import { QNetwork, saidBy } from "./dqn.ts";
import { epsilonGreedy, maxima } from "./exploration.ts";
import { requireDiscrete } from "./features.ts";
import { count, Deep, share } from "./options.ts";
import { masked, type Spaces } from "./policy.ts";
import { meanOf } from "./policy-gradient.ts";
import { advantages } from "./returns.ts";
import { type Acting, inPieces, Rollout } from "./rollout.ts";
import { lrSchedule, ramp } from "./schedules.ts";
import { scalarsOf, Update } from "./update.ts";
import { expected, ofAction } from "./values.ts";
import type { World } from "./world.ts";

const PqnOptions = Deep.extend({
  envs: Deep.shape.envs.default(32),
  lr: Deep.shape.lr.default(1e-3),
  lrFinal: Deep.shape.lrFinal.default(0),
  hidden: Deep.shape.hidden.default([128, 128]),
  horizon: count.default(64).describe("steps of each environment between updates"),
  epochs: count.default(4).describe("passes over a rollout"),
  batchSize: count.default(128).describe("transitions in an update"),
  lambda: share.default(0.95).describe("λ of the returns Q(λ)"),
  epsilon: share.default(1).describe("share of random actions ε in the first steps"),
  epsilonFinal: share.default(0.05).describe("ε in the end"),
  explore: share.default(0.2).describe("share of the steps in which ε falls"),
});
type PqnOptions = ReturnType<(typeof PqnOptions)["parse"]>;

function qNetwork({ hidden }: PqnOptions, spaces: Spaces): QNetwork {
  const { n } = requireDiscrete(spaces.actions, spaces.id, "pqn");
  return new QNetwork(spaces, n, expected, { hidden, activation: "relu", norm: true, dueling: false });
}

async function* learn(lesson: Lesson<PqnOptions, QNetwork>): AsyncGenerator<Metrics, void, undefined> {
  const { options, module: network, spaces, world, engine, key, rng, steps, keep, use } = lesson;
  const { horizon, epochs, batchSize, gamma, lambda } = options;
  const { start } = requireDiscrete(spaces.actions, spaces.id, "pqn");
  const Q: Compiled<[Tensor], Tensor> = use(
    compile((x: Tensor) => expected.expectation(network.forward(x)), { engine, name: "action values" }),
  );
  const q = async (x: NdArray): Promise<NdArray> => (await Q(x as never)) as NdArray;
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
            loss: ({ observations, actions, returns, weights }) => {
              const value = reshape(ofAction(network.forward(observations!), actions!), returns!.shape);
              const error = meanOf(square(sub(returns!, value)), weights!);
              return { loss: mul(error, 0.5), value: meanOf(value, weights!) };
            },
          },
        ],
      }),
    ),
  );

  const epsilonAt = (step: number): number =>
    ramp(step, steps, options.epsilon, options.epsilonFinal, options.explore);
  const A: Rows = world.env.makeActions();
  const taken = ndarray(new Int32Array(world.n));
  const V = new Float32Array(world.n);
  /** ε-greedy; the value of a state is that of its best action. */
  const actor: Acting = {
    step: async (world: World) => {
      const values = (await q(world.inputs())).data as Float32Array;
      maxima(values, world.masks, V);
      epsilonGreedy(values, world.masks, epsilonAt(world.steps), rng, start, A);
      for (let i = 0; i < world.n; i++) taken.data[i] = A[i]! - start;
      return { taken, values: V, step: world.step(A) };
    },
    values: async (rows, masks, n) => {
      const values = await inPieces(rows, n, spaces, q);
      return maxima(values, masks, new Float32Array(rows.length / spaces.features.size));
    },
  };
  const rollout = new Rollout(spaces, world, horizon);

  while (world.left > 0) {
    const now = world.steps;
    const shuffle = key.split("shuffle").split(world.clock);
    await rollout.collect(world, actor, (t) => t === horizon);
    // With V = max Q, a λ-advantage and V make R + γ[(1 − λ) max Q(S′, ·) + λ G′].
    const errors = advantages(rollout.rewards, gamma, lambda);
    let metrics: Metrics = {};
    for (const batch of rollout.batches(shuffle, epochs, batchSize, errors))
      metrics = scalarsOf(await update.step(batch, shuffle, now));
    yield { ...metrics, epsilon: epsilonAt(now) };
  }
}

/**
 * Parallelised Q-network (Gallici et al. 2024, algorithm 1). It is DQN (`dqn.ts`) that needs neither a replay, since many
 * environments at once break up the order of experience, nor a target network, since layer normalisation keeps the values
 * stable; its targets are λ-returns of greedy values, Peng's Q(λ), over a rollout as long as PPO's (`ppo.ts`).
 */
export const pqn = deepAgent({
  name: "pqn",
  about: "parallelised Q-network: Q(λ) in many environments at once, without a replay or a target network",
  paper: "Gallici et al. 2024",
  onPolicy: false,
  options: PqnOptions,
  training: { env: "CartPole-v1", steps: 500_000 },
  build: qNetwork,
  greedy: (network) => (x, mask) => argmax(masked(expected.expectation(network.forward(x)), mask), 1),
  says: (network) => saidBy(network, expected),
  learn,
});
