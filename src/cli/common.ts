import { z } from "zod";
import type { WholeCatalog } from "../catalog.ts";
import type { Data } from "../data/data.ts";
import { type OpenOptions, openData as openDataIn } from "../data/node.ts";
import { tokenizersOf } from "../data/spec.ts";
import { DEVICES, type Device, type Engine, setDefaultEngine } from "../engine/engine.ts";
import { nodeEngine } from "../engine/onnx/node.ts";
import type { Catalog } from "../model/catalog.ts";
import type { World } from "../model/contract.ts";
import { nodeWorld } from "../model/node.ts";
import type { ModelRun } from "../train/run-config.ts";
import type { Io, Printer } from "./io.ts";

/** What every command is made from. */
export interface Shell {
  readonly catalog: WholeCatalog;
  readonly io: Io;
}

/** Options of every command that computes. */
export const RuntimeOptions = z.strictObject({
  device: z.enum(DEVICES).optional().describe("where to compute"),
  threads: z.int().min(1).max(1024).optional().describe("threads for one operator (default: one per core)"),
  json: z.boolean().default(false).describe("print only JSON lines on stdout"),
});
export type RuntimeOptions = z.output<typeof RuntimeOptions>;

interface EngineChoice {
  readonly device?: Device | undefined;
  readonly threads?: number | undefined;
}

/** An engine for this process, with denormals flushed to zero. */
export const newEngine = ({ device = "cpu", threads }: EngineChoice): Promise<Engine> =>
  nodeEngine({ device, flushDenormals: true, ...(threads && { threads }) });

/** Open the engine, and make it the default. Commands call it first, so that a missing device is reported before any work. */
export async function openEngine(choice: EngineChoice): Promise<Engine> {
  const engine = await newEngine(choice);
  setDefaultEngine(engine);
  return engine;
}

/** A data set, and how it is read; text of a run is read by the run's tokenizers. */
type DataChoice = Pick<ModelRun, "data" | "imageSize" | "spec"> & Pick<OpenOptions, "tokenizer">;

/** Open a data set, with a progress bar. */
export async function openData(
  { data: name, imageSize, spec, tokenizer }: DataChoice,
  { catalog, printer }: { catalog: Catalog; printer: Printer },
): Promise<Data> {
  const reading = printer.parts(`reading ${name}`);
  try {
    return await openDataIn(name, {
      onProgress: reading.report,
      extra: catalog.data,
      like: tokenizersOf(spec),
      tokenizer,
      ...(imageSize && { imageSize }),
    });
  } finally {
    reading.stop();
  }
}

/** The world of a run (its data set and files), for the commands of its model. */
export const worldOf = (config: DataChoice, how: { catalog: Catalog; printer: Printer }): World =>
  nodeWorld(() => openData(config, how));
