/** The agents of the page: the one that each grew from, what it is offered with, and where it learns. */
import { agentRecipe } from "../../../src/rl/deep/recipes.ts";
import type { Value } from "../experiment/controls.ts";

/** Where agents learn, and for how many steps there. */
export const STEPS = {
  "CartPole-v1": 50_000,
  "Acrobot-v1": 50_000,
  "MountainCar-v0": 60_000,
  "Pendulum-v1": 10_000,
} as const;
export type EnvName = keyof typeof STEPS;
export const ENV_NAMES = Object.keys(STEPS) as EnvName[];

export type AgentName =
  | "reinforce"
  | "baseline"
  | "actor-critic"
  | "a2c"
  | "ppo"
  | "dqn"
  | "double-dqn"
  | "pqn"
  | "ddpg"
  | "td3"
  | "sac";

/** Options by name; widths of layers are lists. */
export type Given = Readonly<Record<string, Value | readonly number[]>>;

export interface LabAgent {
  /** Its name in the catalogue. */
  readonly agent: string;
  readonly parent?: AgentName;
  /** Its box on the map. */
  readonly node: string;
  /** Options of its schema that are offered as controls; five at most. */
  readonly controls: readonly string[];
  /** Where the page departs from defaults and recipes. */
  readonly options: Given;
  /** What is drawn beside the return at first. */
  readonly curve: string;
  /** The first is where it learns at first. */
  readonly envs: readonly EnvName[];
}

/** Layers of value networks, narrower than by default: a page has one core for an agent. */
const SMALL = [64, 64] as const;
const [BALANCE, SWING, VALLEY, TORQUE] = ENV_NAMES as [EnvName, EnvName, EnvName, EnvName];

export const AGENTS: Readonly<Record<AgentName, LabAgent>> = {
  reinforce: {
    agent: "reinforce",
    node: "reinforce",
    controls: ["lr", "gamma", "entropy"],
    options: { baseline: false },
    curve: "entropy",
    envs: [BALANCE],
  },
  baseline: {
    agent: "reinforce",
    parent: "reinforce",
    node: "baseline",
    controls: ["lr", "gamma", "entropy"],
    options: { baseline: true },
    curve: "entropy",
    envs: [BALANCE],
  },
  "actor-critic": {
    agent: "actor-critic",
    parent: "baseline",
    node: "ac",
    controls: ["lr", "gamma", "entropy", "envs"],
    options: {},
    curve: "entropy",
    envs: [BALANCE],
  },
  a2c: {
    agent: "a2c",
    parent: "actor-critic",
    node: "a2c",
    controls: ["lr", "gamma", "horizon", "entropy", "envs"],
    options: {},
    curve: "entropy",
    envs: [BALANCE, SWING],
  },
  ppo: {
    agent: "ppo",
    parent: "a2c",
    node: "ppo",
    controls: ["lr", "clip", "epochs", "lambda", "entropy"],
    options: {},
    curve: "entropy",
    envs: [BALANCE, SWING],
  },
  dqn: {
    agent: "dqn",
    node: "dqn",
    controls: ["lr", "targetEvery", "replay", "dueling", "prioritized"],
    options: { hidden: SMALL, double: false },
    curve: "value",
    envs: [BALANCE, SWING, VALLEY],
  },
  "double-dqn": {
    agent: "dqn",
    parent: "dqn",
    node: "double",
    controls: ["lr", "targetEvery", "replay", "dueling", "prioritized"],
    options: { hidden: SMALL, double: true },
    curve: "value",
    envs: [BALANCE, SWING, VALLEY],
  },
  pqn: {
    agent: "pqn",
    parent: "dqn",
    node: "pqn",
    controls: ["lr", "lambda", "epochs", "horizon", "envs"],
    options: { envs: 8 },
    curve: "value",
    envs: [BALANCE],
  },
  ddpg: {
    agent: "ddpg",
    parent: "dqn",
    node: "ddpg",
    controls: ["lr", "tau", "noise", "sigma", "gamma"],
    options: {},
    curve: "value",
    envs: [TORQUE],
  },
  td3: {
    agent: "td3",
    parent: "ddpg",
    node: "td3",
    controls: ["lr", "tau", "sigma", "delay", "smoothing"],
    // The recipe's 0.0003 is surer at 20,000 steps, and too slow for the page's 10,000.
    options: { lr: 1e-3 },
    curve: "value",
    envs: [TORQUE],
  },
  sac: {
    agent: "sac",
    parent: "td3",
    node: "sac",
    controls: ["lr", "tau", "alpha", "learnAlpha", "gamma"],
    options: {},
    curve: "value",
    envs: [TORQUE],
  },
};
export const AGENT_NAMES = Object.keys(AGENTS) as AgentName[];

/** What can stand beside an agent: whatever learns in the same place. */
export const besides = (env: EnvName): AgentName[] =>
  AGENT_NAMES.filter((name) => AGENTS[name].envs.includes(env));

/** Bounds of a page, where the schema has none: memory and patience end somewhere. */
export const MOST: Readonly<Record<string, number>> = {
  envs: 64,
  epochs: 50,
  horizon: 512,
  replay: 100_000,
  targetEvery: 100_000,
  delay: 100,
  tau: 1,
};

/** All that decides what an agent learns. */
export interface AgentSetting {
  readonly name: AgentName;
  readonly env: EnvName;
  readonly seed: number;
  /** Only what differs from `optionsOf`. */
  readonly options: Readonly<Record<string, Value>>;
}

/** What an agent begins with there, over the defaults of its schema: as `galatea rl train` does, and as the page adds. */
export const optionsOf = (name: AgentName, env: EnvName): Given => ({
  ...(agentRecipe(AGENTS[name].agent, env)?.options as Given | undefined),
  ...AGENTS[name].options,
});

/** What a schema gives, for `build/controls.ts`: by the name of an agent and the place where it learns. */
export const OFFERED = Object.fromEntries(
  AGENT_NAMES.flatMap((name) =>
    AGENTS[name].envs.map((env) => [
      `${name} ${env}`,
      { agent: AGENTS[name].agent, controls: AGENTS[name].controls, options: optionsOf(name, env) },
    ]),
  ),
);
