import { z } from "zod";
import { deepAgent } from "./agent.ts";
import { DdpgOptions, deterministicPolicyGradient, greedyOf, networksOf, saidBy, type Twin } from "./ddpg.ts";
import { count } from "./options.ts";

const Td3Options = DdpgOptions.extend({
  delay: count.default(2).describe("updates of the critics to one of the actor and the targets"),
  smoothing: z.number().min(0).default(0.2).describe("deviation of the noise on the target policy's actions"),
  smoothingClip: z.number().min(0).default(0.5).describe("its bound"),
});

const twinOf = (options: z.output<typeof Td3Options>): Twin => ({ ...options, critics: 2 });

/**
 * Twin delayed DDPG (Fujimoto et al. 2018, algorithm 1). It is DDPG (`ddpg.ts`, whose loop it runs) with three remedies for
 * an actor that exploits errors of its critic: the smaller of two critics is believed, the target's actions are blurred,
 * and the actor moves more seldom.
 */
export const td3 = deepAgent({
  name: "td3",
  about: "twin delayed DDPG: two critics, blurred target actions, a slower actor",
  paper: "Fujimoto et al. 2018",
  onPolicy: false,
  options: Td3Options,
  training: { env: "Pendulum-v1", steps: 20_000 },
  build: (options, spaces) => networksOf(options, spaces, twinOf(options), "td3"),
  greedy: greedyOf,
  says: saidBy,
  learn: (lesson) => deterministicPolicyGradient(lesson, twinOf(lesson.options), "td3"),
});
