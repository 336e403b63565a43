/** Several files as one archive, its entries stored as they are: weights do not shrink. */
import { strToU8, type Zippable, zipSync } from "fflate";

/** About the format's first day, so that equal files make equal archives. */
const DAY = new Date(1980, 0, 2);

/** @param folder in which all of them lie */
export function zipOf(
  files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>,
  folder: string,
): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  for (const [path, content] of Object.entries(files))
    entries[`${folder}/${path}`] = typeof content === "string" ? strToU8(content) : content;
  return zipSync(entries, { level: 0, mtime: DAY }) as Uint8Array<ArrayBuffer>;
}
