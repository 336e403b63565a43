/** What to break of each agent, and what to guess before looking. */
import type { Lesson } from "../../experiment/tasks.ts";
import { AGENTS, type AgentName, type EnvName } from "../algorithms.ts";
import { policyGradient } from "./policy-gradient.ts";
import { ppo } from "./ppo.ts";
import type { Seen } from "./seen.ts";
import { torque } from "./torque.ts";
import { values } from "./values.ts";

const LESSONS: Readonly<Partial<Record<AgentName, Lesson<Seen>>>> = {
  reinforce: policyGradient,
  baseline: policyGradient,
  "actor-critic": policyGradient,
  a2c: policyGradient,
  ppo,
  dqn: values,
  "double-dqn": values,
  ddpg: torque,
  td3: torque,
  sac: torque,
};

/** Their numbers are of the environment in which an agent learns at first. */
export const lessonOf = (name: AgentName, env: EnvName): Lesson<Seen> | undefined =>
  AGENTS[name].envs[0] === env ? LESSONS[name] : undefined;
