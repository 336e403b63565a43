/** The experiment in the address of the page: what is as usual is left out. */
import offered from "virtual:controls/alignment";
import { type Control, optionsBy } from "../experiment/controls.ts";
import { experimentWords } from "../experiment/words.ts";
import type { Language } from "../words/language.ts";
import { type AlignSetting, controlsOf, USUAL } from "./setup.ts";

type Query = Readonly<Record<string, string>>;

export const CONTROLS: readonly Control[] = controlsOf(offered.rloo!);

export interface AlignChoice {
  readonly setting: AlignSetting;
  readonly options: ReturnType<typeof optionsBy>;
  readonly complaints: readonly string[];
}

export function alignmentBy({ seed: text = "0", ...rest }: Query, lang: Language): AlignChoice {
  const t = experimentWords[lang];
  const complaints: string[] = [];
  const seed = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (seed === undefined) complaints.push(t.badSeed(text));
  const options = optionsBy(CONTROLS, rest, (name, given) => complaints.push(t.badOption(name, given)));
  return { setting: { ...USUAL, ...options, seed: seed ?? 0 } as AlignSetting, options, complaints };
}

export const queryOf = (options: AlignChoice["options"], seed: number): Readonly<Record<string, string>> => ({
  ...(seed !== 0 && { seed: String(seed) }),
  ...Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)])),
});
