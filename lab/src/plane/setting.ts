/** An experiment in the address of a page: `?model=gan&data=moons&loss=hinge&seed=7`, what is as usual left out. */
import controls from "virtual:controls/plane";
import { optionsBy, type Value } from "../experiment/controls.ts";
import { experimentWords } from "../experiment/words.ts";
import type { Language } from "../words/language.ts";
import { DATA_NAMES, type DataName, type ModelName, PLANE_MODELS } from "./models.ts";
import { planeWords } from "./words.ts";

export interface Chosen {
  readonly model: ModelName;
  readonly data: DataName;
  readonly twin: ModelName | undefined;
  readonly seed: number;
  readonly options: Readonly<Record<string, Value>>;
  /** What was wrong with the address, in words. */
  readonly complaints: readonly string[];
}

const isModel = (text: string | undefined): text is ModelName =>
  text !== undefined && Object.hasOwn(PLANE_MODELS, text);

export function chosenBy(query: Readonly<Record<string, string>>, lang: Language, fixed?: ModelName): Chosen {
  const [t, shared] = [planeWords[lang], experimentWords[lang]];
  const complaints: string[] = [];
  const { model: named = "vae", data: set = "ring-8", twin, seed: text = "0", ...rest } = query;
  const model = fixed ?? (isModel(named) ? named : "vae");
  if (!fixed && model !== named) complaints.push(t.unknownModel(named));
  const data = DATA_NAMES.find((name) => name === set);
  if (!data) complaints.push(t.unknownData(set));
  if (twin !== undefined && !isModel(twin)) complaints.push(t.unknownModel(twin));
  const seed = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (seed === undefined) complaints.push(shared.badSeed(text));
  const options = optionsBy(controls[model], rest, (name, given) =>
    complaints.push(shared.badOption(name, given)),
  );
  return {
    model,
    data: data ?? "ring-8",
    twin: isModel(twin) ? twin : undefined,
    seed: seed ?? 0,
    options,
    complaints,
  };
}

export function queryOf(
  { model, data, twin, seed, options }: Omit<Chosen, "complaints">,
  fixed?: ModelName,
): Record<string, string> {
  return {
    ...(!fixed && model !== "vae" && { model }),
    ...(data !== "ring-8" && { data }),
    ...(twin && { twin }),
    ...(seed !== 0 && { seed: String(seed) }),
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)])),
  };
}
