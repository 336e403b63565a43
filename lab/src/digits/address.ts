/** Settings in the address of a page, what is as usual left out. */
import { type Control, optionsBy } from "../experiment/controls.ts";
import { experimentWords } from "../experiment/words.ts";
import type { Language } from "../words/language.ts";
import type { Options } from "./settings.ts";

export interface Chosen {
  /** Only what is not as usual. */
  readonly options: Options;
  /** What was wrong with the address, in words. */
  readonly complaints: readonly string[];
}

export function chosenBy(
  controls: readonly Control[],
  query: Readonly<Record<string, string>>,
  lang: Language,
): Chosen {
  const complaints: string[] = [];
  const t = experimentWords[lang];
  const options = optionsBy(controls, query, (name, text) => complaints.push(t.badOption(name, text)));
  return { options, complaints };
}

export const queryOf = (options: Options): Record<string, string> =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
