import type { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import type { Communicator } from "../train/parallel/communicator.ts";
import type { SavedRun } from "../train/run.ts";
import type { Catalog } from "./catalog.ts";
import type { World } from "./contract.ts";
import type { OpenedRun, WeightChoice } from "./opened.ts";

/** How a long job reports its progress; the command line shows a bar. */
export interface Bar {
  update(done: number, numbers?: Readonly<Record<string, number>>): void;
  log(line: string): void;
  stop(): void;
}

/** What a tool works with: its caller opens runs, and shows progress and results. */
export interface Desk {
  readonly catalog: Catalog;
  readonly engine: Engine;
  readonly weights: WeightChoice;
  /** The processes that share the work. */
  readonly ranks: Communicator;
  /** The world of a run, the same at each call: its data set is opened once. */
  world(run: SavedRun): World;
  open(run: SavedRun): Promise<OpenedRun>;
  /** The folder for outputs of a run: its own, or a separate one for runs that come with the package. */
  outputsOf(run: SavedRun): string;
  /** Report progress. Throws where the job was interrupted. */
  readonly progress: (done: number, total: number, what?: string) => void;
  bar(title: string, total: number, options?: { unit?: string; start?: number }): Bar;
  /** Throws where the job was interrupted. */
  readonly check: () => void;
  /** A remark on progress, for people. */
  note(text: string): void;
  /** A line of the result, for people. */
  line(text: string): void;
  /** A part of the result for programs, as one JSON object. */
  object(value: object): void;
}

/** A command over one or several runs that belongs to a family of models, such as comparing their samples. */
export interface Tool {
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  readonly description: string;
  /** Example command lines, whose options are written as in messages: galatea compare RUN option `etas` 0,1. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Its options under their headings in the help. */
  readonly groups: readonly { readonly title: string; readonly options: z.ZodObject }[];
  /** Whether it can be used with a model: it is then suggested after training. */
  suits(model: unknown): boolean;
  /** `given` holds the options the user gave; the tool parses each group. */
  run(runs: readonly SavedRun[], given: Readonly<Record<string, unknown>>, desk: Desk): Promise<void>;
}
