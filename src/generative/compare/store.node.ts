import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Raster } from "../../data/image.ts";
import { decodeImage, encodePng } from "../../data/image-files.ts";
import { UserError } from "../../errors.ts";
import { sweepLeftovers, writeFileAtomic } from "../../files/node.ts";
import { readSafeTensors, writeSafeTensors } from "../../nn/safetensors.ts";
import { sameShape } from "../../tensor/shape.ts";
import type { Images } from "../diffusion/sampling.ts";
import { type Cell, cellName } from "./cells.ts";

/** A cell's file. Cells of another setting, or measured by another ruler, do not belong to the same table. */
const CellSchema = z.strictObject({
  eta: z.union([z.number(), z.literal("sigma-hat")]),
  S: z.int(),
  spacing: z.enum(["linear", "quadratic", "every"]),
  ran: z.int(),
  path: z.string(),
  milliseconds: z.number(),
  batchMilliseconds: z.array(z.number()),
  setting: z.string(),
  /** Description of the ruler. */
  by: z.string(),
  numbers: z.record(z.string(), z.number()),
});
export type CellRecord = z.output<typeof CellSchema>;

/** A batch of samples and its time. */
export interface DrawnBatch {
  /** [N, C, H, W] in [−1, 1]. */
  readonly images: Images;
  readonly milliseconds: number;
}

/** The folder of a table: `cells/NAME.json` and `.png` of each finished cell, `parts/` of the unfinished one. */
export class CellStore {
  readonly cells = new Map<string, CellRecord>();
  readonly #folder: string;
  readonly #setting: string;

  private constructor(folder: string, setting: string) {
    this.#folder = folder;
    this.#setting = setting;
  }

  /**
   * @param clear whether to clear away what a killed process left; not while another writes
   * @throws UserError where the folder holds cells of another setting or ruler.
   */
  static async open(
    folder: string,
    { setting, by }: Pick<CellRecord, "setting" | "by">,
    { clear = true } = {},
  ): Promise<CellStore> {
    const store = new CellStore(folder, setting);
    for (const name of ["cells", "parts"]) {
      await mkdir(join(folder, name), { recursive: true });
      if (clear) await sweepLeftovers(join(folder, name));
    }
    for (const name of await readdir(join(folder, "cells"))) {
      if (!name.endsWith(".json")) continue;
      const file = join(folder, "cells", name);
      const record = parseCell(await readFile(file, "utf8"), file);
      if (record.setting !== setting || record.by !== by)
        throw new UserError(
          `${folder} holds the table of ${record.setting}, measured by ${record.by}, but this is ${setting}, by ${by}: ` +
            "choose another folder, option `out`",
        );
      store.cells.set(cellName(record), record);
    }
    return store;
  }

  async put(record: CellRecord, picture: Raster): Promise<void> {
    const name = cellName(record);
    await writeFileAtomic(join(this.#folder, "cells", `${name}.png`), encodePng(picture));
    await writeFileAtomic(
      join(this.#folder, "cells", `${name}.json`),
      `${JSON.stringify(record, null, 2)}\n`,
    );
    this.cells.set(name, record);
    await rm(join(this.#folder, "parts", name), { recursive: true, force: true });
  }

  async picture(cell: Cell): Promise<Raster> {
    const file = join(this.#folder, "cells", `${cellName(cell)}.png`);
    return decodeImage(await readFile(file), file);
  }

  #batchFile(cell: Cell, first: number): string {
    return join(this.#folder, "parts", cellName(cell), `${first}.safetensors`);
  }

  async batch(cell: Cell, first: number, shape: readonly number[]): Promise<DrawnBatch | undefined> {
    const file = this.#batchFile(cell, first);
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (!bytes) return undefined;
    const { tensors, metadata } = readSafeTensors(bytes, file);
    const images = tensors.images as Images | undefined;
    return images && metadata.setting === this.#setting && sameShape(images.shape, shape)
      ? { images, milliseconds: Number(metadata.milliseconds) }
      : undefined;
  }

  async putBatch(cell: Cell, first: number, { images, milliseconds }: DrawnBatch): Promise<void> {
    const metadata = { setting: this.#setting, milliseconds: String(milliseconds) };
    const bytes = writeSafeTensors({ images }, metadata);
    await writeFileAtomic(this.#batchFile(cell, first), bytes);
  }
}

function parseCell(text: string, file: string): CellRecord {
  try {
    return CellSchema.parse(JSON.parse(text));
  } catch {
    throw new UserError(
      `${file} is not what galatea compare wrote: remove it, and the cell is measured again`,
    );
  }
}
