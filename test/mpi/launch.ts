import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafeTensors } from "../../src/nn/safetensors.ts";

const root = process.getuid?.() === 0 ? ["--allow-run-as-root"] : [];

/** mpirun for so many ranks of this machine. */
export const mpirun = (ranks: number, ...more: string[]): string[] => [
  "mpirun",
  ...root,
  "--oversubscribe",
  "-n",
  `${ranks}`,
  ...more,
];

/** Weights of a run's checkpoint by name. */
export const weightsOf = (run: string, step: number) =>
  readSafeTensors(readFileSync(join(run, "checkpoints", `${step}`, "weights.safetensors")), run).tensors;
