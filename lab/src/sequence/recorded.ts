/** Recorded runs, which play while the engine loads; made by scripts/record-sequence.ts. */
import type { Candidate, GptKinds } from "./gpt.ts";
import { type PackedLook, unpacked } from "./packed.ts";
import type { PairLook } from "./pairs.ts";
import type { TaskName, VariantName } from "./variants.ts";

export interface PairRecording {
  readonly parameters: number;
  readonly tasks: Readonly<Record<TaskName, readonly PackedLook[]>>;
}

export interface GptFrame {
  readonly step: number;
  readonly loss: number;
  readonly names: readonly string[];
  /** For the first letter of a name. */
  readonly candidates: readonly Candidate[];
}

export interface GptRecording {
  readonly opened: GptKinds["opened"];
  readonly frames: readonly GptFrame[];
}

export interface PairFrames {
  readonly parameters: number;
  readonly frames: readonly PairLook[];
}

const files = import.meta.glob<{ default: unknown }>("./recorded/*.json");
const file = async <R>(name: string): Promise<R | undefined> =>
  (await files[`./recorded/${name}.json`]?.())?.default as R | undefined;

/** With the usual options: what was changed is not recorded. */
export async function recordedPairs(variant: VariantName, task: TaskName): Promise<PairFrames | undefined> {
  const found = await file<PairRecording>(variant);
  return found && { parameters: found.parameters, frames: found.tasks[task].map(unpacked) };
}

export const recordedGpt = (): Promise<GptRecording | undefined> => file("gpt");
