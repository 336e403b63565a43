import type { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import type { ExportFunction } from "../engine/onnx/export.ts";
import type { Module } from "../nn/module.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Checkpoint, CheckpointStore, TrainEvent } from "../train/checkpoint.ts";
import type { Communicator } from "../train/parallel/communicator.ts";
import type { AgentRun } from "../train/run-config.ts";
import type { Env } from "./env.ts";
import type { GamePlayer } from "./games/players.ts";
import type { Rows } from "./rows.ts";
import type { VectorEnvLike } from "./vector.ts";

/** An agent's defaults: its environment and the length of its training. */
export interface AgentDefaults {
  /** The id of a suitable environment. */
  readonly env: string;
  readonly steps: number;
  /** What `steps` counts: steps of the environment, or whole episodes. */
  readonly unit: AgentRun["unit"];
  /** What it learns from, where it has a choice. Default: the environment. */
  readonly learnsFrom?: AgentRun["learnsFrom"];
}

/** Where and how long an agent learns; all randomness follows from the seed. */
export interface Setting<O> {
  readonly options: O;
  /** Makes a new environment, for training or evaluation, with a time limit where episodes might never end. */
  readonly makeEnv: () => Env;
  /** Many at once, for agents that act in several; when left out, a vector of environments from `makeEnv`. */
  readonly makeVec?: (n: number) => VectorEnvLike;
  /** Whether it steps the environment or samples from its exact model. */
  readonly learnsFrom: AgentRun["learnsFrom"];
  /** Steps after which an episode sampled from a model is truncated; a model has no time limit of its own. */
  readonly maxSteps: number;
  readonly steps: number;
  readonly seed: number;
  /** Where networks compute; a tabular agent needs none. */
  readonly engine: () => Promise<Engine>;
  /** Resume from this checkpoint. */
  readonly from?: Checkpoint | undefined;
  readonly store?: CheckpointStore | undefined;
  readonly logEvery: number;
  /** Steps between two evaluations. */
  readonly sampleEvery: number;
  /** Episodes of an evaluation, played without exploring in separate environments; none when left out, or 0. */
  readonly evaluationEpisodes?: number;
  readonly checkpointEvery: number;
  /** The processes that learn together, each in environments of its own; this one alone when left out. */
  readonly ranks?: Communicator | undefined;
  /**
   * Given the policy once, before the first step, which waits for it: until the agent stops the policy acts and speaks by the weights
   * of the moment. Tabular agents have none to give.
   */
  readonly watch?: (policy: Policy) => void | Promise<void>;
  /** When aborted, the agent saves a checkpoint as soon as it can, and stops. */
  readonly signal?: AbortSignal | undefined;
}

/** A learned policy that acts without exploring. */
export interface Policy {
  /** The action for an observation; `info` may hold an action mask. Tabular policies look up the plain state. */
  act(observation: unknown, info: Readonly<Record<string, unknown>>, state: unknown): Promise<unknown>;
  /** What a network says of rows of observations beside the action, by name (`Says`); of some nothing. */
  says?(observations: Rows, masks?: Uint8Array): Promise<Readonly<Record<string, NdArray>>>;
  /** The same as a player of a game of two, in many positions at once, for agents that know games. */
  readonly player?: GamePlayer<unknown>;
}

export interface PolicySetting<O> extends Pick<Setting<O>, "options" | "makeEnv" | "engine"> {
  /** Of agents that search: simulations before each action, as in training when left out; 0 is the network alone. */
  readonly simulations?: number | undefined;
}

/** A policy as a function of observations [size, …], and of available actions where not all always are. */
export interface PolicyGraph {
  readonly module: Module;
  readonly at: (size: number) => ExportFunction;
}

/**
 * A learning algorithm, tabular or deep. `learn` yields training events; its metrics include `return` and `length`
 * of the episodes since the previous metrics.
 */
export interface Agent<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for lists. */
  readonly about: string;
  /** Source: a section of Sutton & Barto, or a paper. */
  readonly source: { readonly section: string } | { readonly paper: string };
  readonly kind: AgentRun["kind"];
  readonly onPolicy: boolean;
  /** A strict object; every option has a default and `.describe`. */
  readonly options: S;
  readonly training: AgentDefaults;
  /** Whether several processes can learn together (`ranks`). */
  readonly parallel?: boolean;
  /** Searches before it acts: its policies take a number of simulations. */
  readonly searches?: boolean;
  /** Whether it can learn there at all, before anything is written. @throws UserError that says why not */
  check?(setting: Pick<Setting<z.output<S>>, "options" | "makeEnv">): void;
  learn(setting: Setting<z.output<S>>): AsyncGenerator<TrainEvent, void, undefined>;
  /** The policy of a checkpoint as a function for other programs, where it is a network. */
  graph?(checkpoint: Checkpoint, setting: Pick<Setting<z.output<S>>, "options" | "makeEnv">): PolicyGraph;
  /** The policy of a checkpoint, for playing and evaluation. */
  policy(checkpoint: Checkpoint, setting: PolicySetting<z.output<S>>): Promise<Policy>;
}

/** An agent without the types of its options, as the catalogue holds it. */
// biome-ignore lint/suspicious/noExplicitAny: each agent's own options are known only to its file
export type AnyAgent = Agent<any>;
