/** A training in the plane as the folder that `galatea train` makes of it: to be sampled, measured and trained further elsewhere. */
import type { PointData } from "galatea/data/data.ts";
import type { AnyModel } from "galatea/model/contract.ts";
import type { Checkpoint } from "galatea/train/checkpoint.ts";
import { checkpointFiles } from "galatea/train/checkpoint-files.ts";
import { type ModelRun, TrainingSchema } from "galatea/train/run-config.ts";

/** Files by their paths in the folder. */
export type RunFiles = Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;

interface Trained {
  readonly data: PointData;
  readonly options: unknown;
  readonly training: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

export function configOf(model: AnyModel, { data, options, training, seed }: Trained): ModelRun {
  const all = { ...model.training, lrSchedule: "constant", ...training };
  const known = Object.entries(all).filter(([name]) => name in TrainingSchema.shape);
  return {
    format: 2,
    galatea: "lab",
    kind: "model",
    model: model.name,
    data: data.name,
    spec: data.spec,
    seed,
    device: "cpu",
    threads: 1,
    steps: 1,
    logEvery: 1,
    sampleEvery: 1000,
    checkpointEvery: 1000,
    keep: 3,
    options: options as ModelRun["options"],
    training: TrainingSchema.parse(Object.fromEntries(known)),
  };
}

/** The configuration and one checkpoint: a run that is finished where the page has it by now. */
export async function runFiles(config: ModelRun, checkpoint: Checkpoint): Promise<RunFiles> {
  const { step } = checkpoint;
  const files = Object.entries(await checkpointFiles(checkpoint)) as [string, RunFiles[string]][];
  return {
    "config.json": `${JSON.stringify({ ...config, steps: Math.max(1, step) }, null, 2)}\n`,
    ...Object.fromEntries(files.map(([name, content]) => [`${folderOf(step)}/${name}`, content])),
  };
}

const folderOf = (step: number): string => `checkpoints/${step}`;

/** Where the weights are among the files. */
export const weightsOf = (step: number): string => `${folderOf(step)}/weights.safetensors`;
