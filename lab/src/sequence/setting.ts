/** The experiments of sequence models in the address of the page: what is as usual is left out. */
import controls from "virtual:controls/sequence";
import { type Control, optionsBy, type Value } from "../experiment/controls.ts";
import { experimentWords } from "../experiment/words.ts";
import type { Language } from "../words/language.ts";
import type { GptSetting } from "./gpt.ts";
import {
  NAME_COUNTS,
  type NameCount,
  TASK_NAMES,
  type TaskName,
  VARIANTS,
  type VariantName,
} from "./variants.ts";
import { sequenceWords } from "./words.ts";

type Query = Readonly<Record<string, string>>;

interface Common {
  readonly seed: number;
  readonly options: Readonly<Record<string, Value>>;
  /** What was wrong with the address, in words. */
  readonly complaints: readonly string[];
}

export interface PairChoice extends Common {
  readonly model: VariantName;
  readonly twin: VariantName | undefined;
  readonly task: TaskName;
}

const isVariant = (text: string | undefined): text is VariantName =>
  text !== undefined && Object.hasOwn(VARIANTS, text);

/** Those of a GPT: of its schema, and one of the page. */
export const GPT_CONTROLS: readonly Control[] = [
  ...controls.gpt!,
  { name: "names", about: "", usual: "all", kind: "choice", choices: NAME_COUNTS },
];

/** Seed and settings of an experiment with these controls. */
function commonBy(of: readonly Control[], { seed: text = "0", ...rest }: Query, lang: Language): Common {
  const t = experimentWords[lang];
  const complaints: string[] = [];
  const seed = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (seed === undefined) complaints.push(t.badSeed(text));
  const options = optionsBy(of, rest, (name, given) => complaints.push(t.badOption(name, given)));
  return { seed: seed ?? 0, options, complaints };
}

/** What stands beside a model at first, where nothing else is asked for: nothing has the name "none". */
export const USUAL = { model: "dot", twin: "code", task: "reverse" } as const;

export function pairsBy(query: Query, lang: Language): PairChoice {
  const t = sequenceWords[lang];
  const { model: named = USUAL.model, twin: beside = USUAL.twin, task: asked = USUAL.task, ...rest } = query;
  const wrong: string[] = [];
  const model = isVariant(named) ? named : USUAL.model;
  if (model !== named) wrong.push(t.unknownModel(named));
  const twin = isVariant(beside) ? beside : undefined;
  if (!twin && beside !== "none") wrong.push(t.unknownModel(beside));
  const task = TASK_NAMES.find((name) => name === asked);
  if (!task) wrong.push(t.unknownTask(asked));
  const { complaints, ...common } = commonBy(controls[model]!, rest, lang);
  return { ...common, model, twin, task: task ?? USUAL.task, complaints: [...wrong, ...complaints] };
}

export const gptBy = (query: Query, lang: Language): Common => commonBy(GPT_CONTROLS, query, lang);

/** What is chosen, as the experiment takes it. */
export function gptSetting({ seed, options }: Pick<Common, "seed" | "options">): GptSetting {
  const { names = "all", ...own } = options;
  return { seed, names: names as NameCount, options: own };
}

const commonOf = ({ seed, options }: Omit<Common, "complaints">): Record<string, string> => ({
  ...(seed !== 0 && { seed: String(seed) }),
  ...Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)])),
});

export const queryOfPairs = ({ model, twin, task, ...rest }: PairChoice): Record<string, string> => ({
  ...(model !== USUAL.model && { model }),
  ...(twin !== USUAL.twin && { twin: twin ?? "none" }),
  ...(task !== USUAL.task && { task }),
  ...commonOf(rest),
});

export const queryOfGpt = commonOf;
