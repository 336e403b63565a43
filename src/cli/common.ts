import { z } from "zod";
import { openData as openNamed } from "../data/node.ts";
import { DEVICES, type Device, type Engine, setDefaultEngine } from "../engine/engine.ts";
import { nodeEngine } from "../engine/onnx/node.ts";
import { lookup, UserError } from "../errors.ts";
import type { AnyModel } from "../generative/model.ts";
import { MODELS } from "../generative/models.ts";
import type { Data } from "../train/examples.ts";
import { type PlanOptions, planFor } from "../train/loop.ts";
import type { RunFolder } from "../train/node.ts";
import type { Plan, Task } from "../train/task.ts";
import type { Printer } from "./io.ts";
import { checkOptions } from "./options.ts";

/** Options of every command that computes. */
export const RuntimeOptions = z.strictObject({
  device: z.enum(DEVICES).optional().describe("where to compute"),
  threads: z.int().min(1).max(1024).optional().describe("threads for one operator (default: one a core)"),
  json: z.boolean().default(false).describe("print JSON lines and nothing else on stdout"),
});

/** The engine first: a device that is not there is said before any work. */
export async function openEngine(options: {
  device?: Device | undefined;
  threads?: number | undefined;
}): Promise<Engine> {
  const { device = "cpu", threads } = options;
  const engine = await nodeEngine({ device, ...(threads && { threads }) });
  setDefaultEngine(engine);
  return engine;
}

/** Read a data set, with progress where that takes long. */
export async function openData(name: string, printer: Printer, imageSize?: number): Promise<Data> {
  const reading = printer.parts(`reading ${name}`);
  try {
    const data = await openNamed(name, {
      onProgress: (done, total) => reading.report(done, total),
      imageSize,
    });
    if (data.kind === "tokens" || data.kind === "pairs")
      throw new UserError(`models of images or points cannot learn from "${name}", which holds ${data.kind}`);
    return data;
  } finally {
    reading.stop();
  }
}

/** A run's model, built over its data as it was when training began. */
export interface Built {
  readonly definition: AnyModel;
  readonly config: unknown;
  readonly task: Task;
  readonly plan: Plan;
}

export function buildRun({ config: run }: RunFolder, data: Data): Built {
  const definition = lookup("model", MODELS, run.model);
  const config = checkOptions(definition.config, run.config);
  return { definition, config, ...buildModel(definition, config, data, run) };
}

/** A model over data, with the plan of its training. */
export function buildModel(
  definition: AnyModel,
  config: unknown,
  data: Data,
  options: Omit<PlanOptions, "batchesPerStep">,
): Pick<Built, "task" | "plan"> {
  const batchesPerStep = definition.batchesPerStep?.(config) ?? 1;
  const plan = planFor(data.train, { ...options, batchesPerStep });
  const task = definition.build(config, data, plan);
  if (Math.max(...task.players.map((p) => p.repeats ?? 1)) !== batchesPerStep)
    throw new Error(
      `the players of ${definition.name} do not take the ${batchesPerStep} batches a step it says`,
    );
  return { task, plan };
}
