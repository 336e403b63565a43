import type { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import type { Checkpoint, CheckpointStore, TrainEvent } from "../train/checkpoint.ts";
import type { AgentRun } from "../train/run-config.ts";
import type { Env } from "./env.ts";

/** How long an agent learns where nothing is said, and in what. */
export interface AgentDefaults {
  /** The id of an environment that suits it. */
  readonly env: string;
  readonly steps: number;
  /** What `steps` counts: steps of the environment, or whole episodes. */
  readonly unit: AgentRun["unit"];
  /** What it learns from, where it can choose: the environment when left out. */
  readonly learnsFrom?: AgentRun["learnsFrom"];
}

/** What an agent learns in and how far; everything random follows from the seed. */
export interface Setting<O> {
  readonly options: O;
  /** A new environment each time: to learn in, to be evaluated in. Episodes that never end are cut by it. */
  readonly makeEnv: () => Env;
  /** Whether it steps the environment, or draws from its exact model. */
  readonly learnsFrom: AgentRun["learnsFrom"];
  /** Steps after which an episode is cut where it draws from a model, which has no clock of its own. */
  readonly maxSteps: number;
  readonly steps: number;
  readonly seed: number;
  /** Where networks compute; a tabular agent needs none. */
  readonly engine: () => Promise<Engine>;
  /** Go on from here instead of starting. */
  readonly from?: Checkpoint | undefined;
  readonly store?: CheckpointStore | undefined;
  readonly logEvery: number;
  readonly sampleEvery: number;
  readonly checkpointEvery: number;
  /** When it fires, the agent saves a checkpoint where it next can, and ends. */
  readonly signal?: AbortSignal | undefined;
}

/** A policy that was learnt, ready to act without exploring. */
export interface Policy {
  /** The action for an observation; `info` may hold an action mask. Tables look the plain state up. */
  act(observation: unknown, info: Readonly<Record<string, unknown>>, state: unknown): Promise<unknown>;
}

/**
 * A learning algorithm: tabular and deep ones alike. `learn` yields the events of every training; its metrics have
 * `return` and `length` of the episodes since the last ones.
 */
export interface Agent<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for lists. */
  readonly about: string;
  /** Where it is from: a section of Sutton & Barto, or a paper. */
  readonly source: { readonly section: string } | { readonly paper: string };
  readonly kind: AgentRun["kind"];
  readonly onPolicy: boolean;
  /** Strict, every one with a default and `.describe`. */
  readonly options: S;
  readonly training: AgentDefaults;
  learn(setting: Setting<z.output<S>>): AsyncGenerator<TrainEvent, void, undefined>;
  /** The policy of a checkpoint, for playing and evaluation. */
  policy(
    checkpoint: Checkpoint,
    setting: Pick<Setting<z.output<S>>, "options" | "makeEnv" | "engine">,
  ): Promise<Policy>;
}

/** An agent with its options' types forgotten, as the catalogue holds it. */
// biome-ignore lint/suspicious/noExplicitAny: each agent's own options are known only to its file
export type AnyAgent = Agent<any>;
