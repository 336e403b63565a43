/** What a deep algorithm is: how it acts and learns. All else is the same for every one (agent.ts). */
import type { z } from "zod";
import type { Engine } from "../../engine/engine.ts";
import type { Module } from "../../nn/module.ts";
import type { Key } from "../../tensor/random.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import type { Communicator } from "../../train/parallel/communicator.ts";
import type { Agent, AgentDefaults, Policy, PolicySetting, Setting } from "../agent.ts";
import type { Rng } from "../random.ts";
import type { VectorEnvLike } from "../vector.ts";
import type { Part, Practice } from "./parts.ts";
import type { Greedy, Says, Spaces } from "./policy.ts";
import type { World } from "./world.ts";

/** What an algorithm learns with. */
export interface Lesson<O, M extends Module, W extends Practice = World> {
  readonly options: O;
  /** Its weights have their values. */
  readonly module: M;
  readonly spaces: Spaces;
  readonly world: W;
  readonly engine: Engine;
  /** Everything random in the graphs is split from it. */
  readonly key: Key;
  /** Everything random on the host. */
  readonly rng: Rng;
  /** Steps in all, of this process. */
  readonly steps: number;
  /** The processes that learn together. */
  readonly ranks: Communicator;
  /** Makes something part of the checkpoint; where a run goes on, it has its saved value from here on. */
  readonly keep: <P extends Part>(name: string, part: P) => P;
  /** Frees a program when the agent stops learning. */
  readonly use: <D extends Disposable>(program: D) => D;
}

export interface Disposable {
  dispose(): Promise<void>;
}

/** What an evaluation found: numbers for the log, and one by which the best checkpoint is chosen. */
export interface Examined {
  readonly score: number;
  readonly metrics: Metrics;
}

/** What an examination of a network is made with. */
export interface Examination<O, M extends Module> extends Pick<Setting<O>, "options" | "makeEnv"> {
  readonly module: M;
  readonly engine: Engine;
  readonly episodes: number;
  readonly seed: number;
  readonly use: <D extends Disposable>(program: D) => D;
}

/** A deep algorithm: what it builds, how it acts, how it learns. All else is the same for every one. */
export interface Algorithm<S extends z.ZodObject, M extends Module, W extends Practice = World>
  extends Pick<Agent<S>, "name" | "about" | "onPolicy" | "options" | "searches" | "parallel"> {
  readonly paper: string;
  readonly training: Omit<AgentDefaults, "unit">;
  /** The networks that act and learn. @throws UserError for spaces it cannot learn in */
  build(options: z.output<S>, spaces: Spaces): M;
  /** What the trained network does, while tracing. */
  greedy(module: M, options: z.output<S>, spaces: Spaces): Greedy;
  /** What can be seen of it beside that. */
  says?(module: M, options: z.output<S>, spaces: Spaces): Says;
  /** The vector it learns in, from the plain one. */
  wrap?(env: VectorEnvLike, options: z.output<S>): VectorEnvLike;
  /** Where it practises, if not in a vector of environments. @throws UserError where it cannot */
  practise?(setting: Pick<Setting<z.output<S>>, "options" | "makeEnv" | "steps">): W;
  /** How it is evaluated, if not by the return of episodes; made once, called each time. */
  examine?(examination: Examination<z.output<S>, M>): () => Promise<Examined>;
  /** How the trained network acts, if not by `greedy`. */
  policy?(module: M, setting: PolicySetting<z.output<S>> & { readonly spaces: Spaces }): Promise<Policy>;
  /** Acts and learns until the world's budget is used up; yields numbers for the log wherever all is in its parts. */
  learn(lesson: Lesson<z.output<S>, M, W>): AsyncGenerator<Metrics, void, undefined>;
}
