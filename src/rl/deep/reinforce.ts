import { z } from "zod";
import { adam } from "../../optim/adam.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import { ActorCritic, likeliest, saidBy } from "./actor-critic-network.ts";
import { deepAgent } from "./agent.ts";
import type { Lesson } from "./algorithm.ts";
import { Deep } from "./options.ts";
import { policyGradientLoss } from "./policy-gradient.ts";
import { advantages } from "./returns.ts";
import { Actor, Rollout } from "./rollout.ts";
import { lrSchedule } from "./schedules.ts";
import { scalarsOf, Update } from "./update.ts";

const ReinforceOptions = Deep.omit({ envs: true }).extend({
  lr: Deep.shape.lr.default(1e-3),
  baseline: z
    .boolean()
    .default(true)
    .describe("weigh actions by how much better their return is than V(s), which is learned besides"),
  entropy: z.number().min(0).default(0).describe("weight of the policy's entropy in the loss"),
});
type ReinforceOptions = z.output<typeof ReinforceOptions>;

/** Rows of an update for an episode of so many steps: few sizes, so that few programs are made. */
const roomFor = (steps: number): number => 2 ** Math.max(5, Math.ceil(Math.log2(steps)));

async function* learn(
  lesson: Lesson<ReinforceOptions, ActorCritic>,
): AsyncGenerator<Metrics, void, undefined> {
  const { options, module: network, spaces, world, engine, key, rng, steps, keep, use } = lesson;
  const actor = use(new Actor(network, { spaces, world, engine, rng }));
  const episode = new Rollout(spaces, world, 64);
  const update = keep(
    "optimizer",
    use(
      new Update({
        engine,
        players: [
          {
            name: "reinforce",
            module: network,
            optimizer: adam(),
            schedule: lrSchedule(options, steps),
            maxGradNorm: options.maxGradNorm,
            loss: (batch) =>
              policyGradientLoss(network, batch, { valueCoefficient: 1, entropy: options.entropy }),
          },
        ],
      }),
    ),
  );

  while (world.left > 0) {
    let over = false;
    await episode.collect(world, actor, (_, { terminated, truncated }) => {
      over = terminated[0] === 1 || truncated[0] === 1;
      return over;
    });
    // The budget ended in mid-episode: its return is not known.
    if (!over) {
      yield {};
      break;
    }
    // λ = 1: the whole return, minus V(s) where there is a baseline.
    const A = advantages(episode.rewards, options.gamma, 1);
    const rows = episode.transitions();
    const batch = episode.batch(rows, roomFor(rows.length), A);
    yield scalarsOf(await update.step(batch, key, world.steps));
  }
}

/**
 * REINFORCE (Williams 1992; Sutton & Barto, sections 13.3 and 13.4, without the factor γᵗ). It is Monte Carlo control
 * (`tabular/monte-carlo-control.ts`) whose policy is not read from values but learned itself: what was done is made
 * likelier in proportion to the return that followed, or to how far that return was above V(s), the baseline. An episode
 * that the clock cut bootstraps from V; without a baseline there is none, and the return ends with the rewards.
 */
export const reinforce = deepAgent({
  name: "reinforce",
  about: "Monte Carlo policy gradient, with or without a baseline",
  paper: "Williams 1992; Sutton & Barto, section 13.3",
  onPolicy: true,
  options: ReinforceOptions,
  training: { env: "CartPole-v1", steps: 100_000 },
  build: ({ hidden, baseline }, spaces) =>
    new ActorCritic(spaces, { hidden, activation: "tanh", critic: baseline }),
  greedy: likeliest,
  says: saidBy,
  learn,
});
