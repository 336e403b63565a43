import type { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import type { SavedRun } from "../train/run.ts";
import type { Catalog } from "./catalog.ts";
import type { World } from "./contract.ts";
import type { OpenedRun, WeightChoice } from "./opened.ts";

/** How a long job says how far it is; the shell shows bars, a page what it likes. */
export interface Bar {
  update(done: number, numbers?: Readonly<Record<string, number>>): void;
  log(line: string): void;
  stop(): void;
}

/** What a tool works with: runs are opened, progress and results go out, through whoever called it. */
export interface Desk {
  readonly catalog: Catalog;
  readonly engine: Engine;
  readonly weights: WeightChoice;
  /** The world of a run: its data set is opened once, however many ask. */
  world(run: SavedRun): World;
  open(run: SavedRun): Promise<OpenedRun>;
  /** Where what is made of a run goes: its folder, or of a run that comes with the package a place beside. */
  outputsOf(run: SavedRun): string;
  /** A part of the job that says how far it is. It throws where the job was interrupted. */
  readonly progress: (done: number, total: number, what?: string) => void;
  bar(title: string, total: number, options?: { unit?: string; start?: number }): Bar;
  /** Throws where the job was interrupted. */
  readonly check: () => void;
  /** Something about the way there, for people. */
  note(text: string): void;
  /** Something of the result, for people. */
  line(text: string): void;
  /** The same for programs: one object each. */
  object(value: object): void;
}

/** Something done with one or several runs at once, which belongs to a family of models: comparing what they draw. */
export interface Tool {
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  readonly description: string;
  /** Lines of the shell, whose options are named as in messages: galatea compare RUN option `etas` 0,1. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Its options under their headings in the help. */
  readonly groups: readonly { readonly title: string; readonly options: z.ZodObject }[];
  /** Models it can be used with: what `next` suggests after training. */
  suits(model: unknown): boolean;
  /** `given` holds what the user said; each group's options are parsed by the tool. */
  run(runs: readonly SavedRun[], given: Readonly<Record<string, unknown>>, desk: Desk): Promise<void>;
}
