/** Some of the names that come with the package: the page gets every sixteenth. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { namesData, WORD_LISTS } from "../../src/data/word-lists.ts";
import { exporting, virtual } from "./virtual.ts";

const EVERY = 16;

/** The names, and the file that they are from. */
export async function someNames(): Promise<{ readonly names: readonly string[]; readonly path: string }> {
  const { package: of, file } = WORD_LISTS.names;
  const path = createRequire(import.meta.url).resolve(`${of}/${file}`);
  const { tokenizer, train, test } = namesData(await readFile(path, "utf8"));
  const all = [train, test].flatMap(({ tokens }) => tokenizer.decode(tokens).trimEnd().split("\n"));
  return { names: all.toSorted().filter((_, i) => i % EVERY === 0), path };
}

export const names = () =>
  virtual("names", async () => {
    const { names: some, path } = await someNames();
    return { code: exporting(some.join(" ")), from: [path] };
  });
