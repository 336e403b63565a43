import type { AnyAgent } from "../agent.ts";
import { a2c } from "./a2c.ts";
import { actorCritic } from "./actor-critic.ts";
import { alphazero } from "./alphazero.ts";
import { ddpg } from "./ddpg.ts";
import { dqn } from "./dqn.ts";
import { ppo } from "./ppo.ts";
import { pqn } from "./pqn.ts";
import { reinforce } from "./reinforce.ts";
import { sac } from "./sac.ts";
import { td3 } from "./td3.ts";

/** The deep agents, from value-based to policy-based methods, and with a search. */
export const DEEP_AGENTS: readonly AnyAgent[] = [
  dqn,
  pqn,
  reinforce,
  actorCritic,
  a2c,
  ppo,
  ddpg,
  td3,
  sac,
  alphazero,
];
