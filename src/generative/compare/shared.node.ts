import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import type { Desk } from "../../model/tool.ts";
import { svgToPng } from "../../plot/node.ts";
import type { SavedRun } from "../../train/run.ts";
import type { ModelRun } from "../../train/run-config.ts";

/** The options of every comparison. */
export interface CompareHow {
  readonly samples: number;
  readonly seed: number;
  readonly out?: string | undefined;
  readonly ruler?: string | undefined;
  readonly desk: Desk;
}

/** @throws UserError before anything is drawn. */
export function requireEnough(samples: number, features: number): void {
  if (samples <= features)
    throw new UserError(
      `option \`samples\` ${samples}: a Fréchet distance on ${features} features needs more than ${features} images; 1000 is a good start`,
    );
}

/** @throws UserError for a run on other data, before anything is opened. */
export function requireImages({ path, config }: SavedRun<ModelRun>): void {
  if (config.spec && config.spec.kind !== "images")
    throw new UserError(
      `galatea compare measures images by a classifier, but ${path} was trained on ${config.data}, which holds ${config.spec.kind}: ` +
        "use galatea evaluate on each run",
    );
}

/** Save a chart as PNG and SVG; returns the paths. */
export async function saveSvg(folder: string, name: string, svg: string): Promise<string[]> {
  const files = [join(folder, `${name}.png`), join(folder, `${name}.svg`)];
  await writeFileAtomic(files[0]!, svgToPng(svg));
  await writeFileAtomic(files[1]!, svg);
  return files;
}
