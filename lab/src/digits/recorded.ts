/** What stands until the engine is there; made by scripts/record-digits.ts. */
import { PIXELS } from "./chain.ts";
import type { LatentLook } from "./latent.ts";
import { type Greys, unpack } from "./pixels.ts";

/** Rows of images in a PNG, as a data URL. */
interface Recording {
  readonly png: string;
  /** The times of a film's frames. */
  readonly times?: readonly number[];
  /** A map's window, and codes and classes of images; codes in thousandths of the window's reach, from its centre. */
  readonly window?: LatentLook["window"];
  readonly codes?: readonly number[];
  readonly labels?: readonly number[];
}

const files = import.meta.glob<{ default: Recording }>("./recorded/*.json");

export type RecordedName = "film" | "guidance" | "between" | "complete";

export interface Recorded {
  readonly rows: readonly (readonly Greys[])[];
  readonly times: readonly number[];
}

export async function recorded(name: RecordedName): Promise<Recorded | undefined> {
  const file = await files[`./recorded/${name}.json`]?.();
  if (!file) return undefined;
  const { png, times = [] } = file.default;
  return { rows: await unpack(png), times };
}

export interface RecordedMap {
  readonly look: Pick<LatentLook, "window" | "grid" | "codes">;
  readonly labels: Int32Array;
}

export async function recordedMap(): Promise<RecordedMap | undefined> {
  const file = await files["./recorded/latent.json"]?.();
  if (!file) return undefined;
  const { png, window = { centre: [0, 0], reach: [1, 1] }, codes = [], labels = [] } = file.default;
  const cells = (await unpack(png)).flat();
  const grid = new Uint8ClampedArray(cells.length * PIXELS);
  cells.forEach((greys, i) => {
    grid.set(greys, i * PIXELS);
  });
  const back = Float32Array.from(codes, (v, i) => window.centre[i % 2]! + (v / 1000) * window.reach[i % 2]!);
  return { look: { window, grid, codes: back }, labels: Int32Array.from(labels) };
}
