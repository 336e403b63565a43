import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { readGpt2Tokenizer } from "./bpe.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The files as OpenAI and as the Hugging Face Hub name them. */
const NAMES = [
  ["vocab.bpe", "encoder.json"],
  ["merges.txt", "vocab.json"],
] as const;

/** GPT-2's tokenizer from a folder. @throws UserError where its two files are missing or do not match. */
export async function readGpt2Folder(folder: string): Promise<Tokenizer> {
  for (const names of NAMES) {
    const texts = await Promise.all(
      names.map((name) => readFile(join(folder, name), "utf8").catch(() => undefined)),
    );
    const [merges, vocabulary] = texts;
    if (merges !== undefined && vocabulary !== undefined) return readGpt2Tokenizer(merges, vocabulary);
  }
  const wanted = NAMES.map((names) => names.join(" and ")).join(", or ");
  throw new UserError(`${folder}: GPT-2's tokenizer is missing. The folder needs ${wanted}`);
}
