import { z } from "zod";
import { adam } from "../../optim/adam.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { add, mul, neg, square, stopGradient, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import { ActorCritic, likeliest, saidBy } from "./actor-critic-network.ts";
import { deepAgent } from "./agent.ts";
import type { Lesson } from "./algorithm.ts";
import { Deep } from "./options.ts";
import { meanOf } from "./policy-gradient.ts";
import { Actor } from "./rollout.ts";
import { lrSchedule } from "./schedules.ts";
import { scalarsOf, Update } from "./update.ts";

const ActorCriticOptions = Deep.extend({
  envs: Deep.shape.envs.default(8),
  lr: Deep.shape.lr.default(1e-3),
  lrFinal: Deep.shape.lrFinal.default(0),
  entropy: z.number().min(0).default(0.01).describe("weight of the policy's entropy in the loss"),
});
type Options = z.output<typeof ActorCriticOptions>;

async function* learn(lesson: Lesson<Options, ActorCritic>): AsyncGenerator<Metrics, void, undefined> {
  const { options, module: network, spaces, world, engine, key, rng, steps, keep, use } = lesson;
  const { gamma } = options;
  const actor = use(new Actor(network, { spaces, world, engine, rng }));
  const update = keep(
    "optimizer",
    use(
      new Update({
        engine,
        players: [
          {
            name: "actor_critic",
            module: network,
            optimizer: adam(),
            schedule: lrSchedule(options, steps),
            maxGradNorm: options.maxGradNorm,
            loss: (batch) => {
              const { observations, actions, rewards, next, goesOn, masks, weights } = batch as Record<
                string,
                Tensor
              >;
              const policy = network.policy(observations!, masks);
              // δ = R + γ V(S′) − V(S); V(S′) is what V(S) is to become, and stays as it is.
              const target = add(rewards!, mul(mul(goesOn!, gamma), stopGradient(network.value(next!))));
              const delta = sub(target, network.value(observations!));
              const valueLoss = mul(meanOf(square(delta), weights!), 0.5);
              const policyLoss = neg(meanOf(mul(policy.logProb(actions!), stopGradient(delta)), weights!));
              const entropy = meanOf(policy.entropy(), weights!);
              const loss = add(policyLoss, sub(valueLoss, mul(entropy, options.entropy)));
              return { loss, policy_loss: policyLoss, value_loss: valueLoss, entropy };
            },
          },
        ],
      }),
    ),
  );

  const { n, features } = world;
  const rows = (): Float32Array => new Float32Array(n * features.size);
  const [before, after] = [rows(), rows()];
  const shape = [n, ...features.shape];
  while (world.left > 0) {
    before.set(world.inputs().data);
    const { taken, step } = await actor.step(world);
    for (let i = 0; i < n; i++) features.write(step.next, i, after, i);
    const batch = {
      observations: ndarray(before, shape),
      actions: taken,
      rewards: ndarray(Float32Array.from(step.rewards)),
      next: ndarray(after, shape),
      goesOn: ndarray(Float32Array.from(step.terminated, (flag) => 1 - flag)),
      weights: ndarray(Float32Array.from(step.valid)),
      ...(step.masks && { masks: ndarray(Float32Array.from(step.masks), [n, step.masks.length / n]) }),
    };
    yield scalarsOf(await update.step(batch, key, world.steps));
  }
}

/**
 * One-step actor–critic (Sutton & Barto, section 13.5, without the factor γᵗ). It is REINFORCE with baseline
 * (`reinforce.ts`) that does not wait for the end of the episode: it bootstraps after one step, from R + γ V(S′),
 * as TD(0) does (`tabular/td-prediction.ts`).
 */
export const actorCritic = deepAgent({
  name: "actor-critic",
  about: "one-step actor–critic: the policy gradient with a bootstrapped return",
  paper: "Sutton & Barto, section 13.5",
  onPolicy: true,
  options: ActorCriticOptions,
  training: { env: "CartPole-v1", steps: 100_000 },
  build: ({ hidden }, spaces) => new ActorCritic(spaces, { hidden, activation: "tanh" }),
  greedy: likeliest,
  says: saidBy,
  learn,
});
