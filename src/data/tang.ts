/** Poems of the Tang from the npm package chinese-poetry, which is installed on demand. */
import { UserError } from "../errors.ts";
import type { TokenData } from "./data.ts";
import type { OpenOptions } from "./sources.ts";
import { documentData } from "./text.ts";

/** The package, and what its files of Tang poems are called: a thousand poems each, by the number of the first. */
export const TANG = {
  package: "chinese-poetry",
  version: "2.0.1",
  folder: "dist/quantangshi",
  file: /^poet\.tang\.(\d+)\.json$/,
};

/** A poem as the package has it: its text in paragraphs, with punctuation. */
interface Poem {
  readonly paragraphs: readonly string[];
}

/** A line of verse: characters up to a mark of punctuation. */
const LINES = /\p{Script=Han}+[，。？！；]/gu;

/**
 * The poems of these files, in their order, each once and a document; every tenth is for testing. `form`: only poems of so many
 * lines of so many characters, as "4x5", the quatrain of five-character lines.
 * @throws UserError where the form is none, or no poem has it.
 */
export function tangData(
  name: string,
  form: string,
  files: readonly string[],
  options: Pick<OpenOptions, "tokenizer" | "like"> = {},
): TokenData {
  const [, lines, characters] = /^(\d+)x(\d+)$/.exec(form) ?? [];
  if (form !== "" && lines === undefined)
    throw new UserError(
      `${name}: a form is a number of lines and of characters in each, as tang-poems:4x5, not "${form}"`,
    );
  const fits = (poem: string): boolean => {
    const found = poem.match(LINES) ?? [];
    const whole = found.join("") === poem;
    return (
      form === "" ||
      (whole &&
        found.length === Number(lines) &&
        found.every((line) => Array.from(line).length === Number(characters) + 1))
    );
  };
  const all = new Set(
    files.flatMap((text) => (JSON.parse(text) as Poem[]).map(({ paragraphs }) => paragraphs.join(""))),
  );
  const poems = [...all].filter((poem) => poem !== "" && !poem.includes("\n") && fits(poem));
  if (poems.length < 10)
    throw new UserError(
      `${name}: ${poems.length} poems have this form; 4x5, 4x7, 8x5 and 8x7 have thousands`,
    );
  const part = (held: boolean): string[] => poems.filter((_, i) => (i % 10 === 9) === held);
  return documentData(name, { train: part(false), test: part(true) }, options);
}
