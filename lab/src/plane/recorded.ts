/** Recorded runs, which play while the engine loads; made by scripts/record.ts. */
import type { DataName, Look, ModelName, View } from "./models.ts";

export interface Frames {
  readonly view: View;
  readonly real: Float32Array;
  readonly looks: readonly Look[];
}

/** As in the file: coordinates are thousandths of the view's reach, from its centre. */
export interface Recording {
  readonly view: View;
  readonly real: readonly number[];
  readonly runs: Readonly<
    Record<
      ModelName,
      readonly {
        readonly step: number;
        readonly samples: readonly number[];
        readonly numbers: Look["numbers"];
      }[]
    >
  >;
}

const files = import.meta.glob<{ default: Recording }>("./recorded/*.json");

export async function firstFrames(data: DataName, model: ModelName): Promise<Frames | undefined> {
  const file = await files[`./recorded/${data}.json`]?.();
  if (!file) return undefined;
  const { view, real, runs } = file.default;
  const back = (numbers: readonly number[]): Float32Array =>
    Float32Array.from(numbers, (v, i) => (v / 1000) * view.reach + (i % 2 === 0 ? view.x : view.y));
  const looks = runs[model].map(({ step, samples, numbers }) => ({ step, samples: back(samples), numbers }));
  return { view, real: back(real), looks };
}
