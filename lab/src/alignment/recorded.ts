/** Recorded runs, which play until the reference model is ready; made by scripts/record-alignment.ts. */
import type { AlignKinds, AlignLook } from "./alignment.ts";
import type { AlignSetting } from "./setup.ts";

export interface AlignRecording {
  readonly opened: AlignKinds["opened"];
  readonly frames: readonly AlignLook[];
}

const files = import.meta.glob<{ default: AlignRecording }>("./recorded/*.json");

/** Of this method and reward, all else as usual. */
export const recordedAlignment = async ({
  method,
  reward,
}: Pick<AlignSetting, "method" | "reward">): Promise<AlignRecording | undefined> =>
  (await files[`./recorded/${method}-${reward}.json`]?.())?.default;
