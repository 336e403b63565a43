import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import type { Desk } from "../../model/tool.ts";
import { svgToPng } from "../../plot/node.ts";

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

/** Save a chart as PNG and SVG; returns the paths. */
export async function saveSvg(folder: string, name: string, svg: string): Promise<string[]> {
  const files = [join(folder, `${name}.png`), join(folder, `${name}.svg`)];
  await writeFileAtomic(files[0]!, svgToPng(svg));
  await writeFileAtomic(files[1]!, svg);
  return files;
}
