/** An experiment in the address of a page: `?model=gan&data=moons&loss=hinge&seed=7`, what is as usual left out. */
import controls from "virtual:controls";
import type { Control } from "../../build/controls.ts";
import { DATA_NAMES, type DataName, type ModelName, PLANE_MODELS, type Value } from "./models.ts";
import type { planeWords } from "./words.ts";

export interface Chosen {
  readonly model: ModelName;
  readonly data: DataName;
  readonly twin: ModelName | undefined;
  readonly seed: number;
  readonly options: Readonly<Record<string, Value>>;
  /** What was wrong with the address, in words. */
  readonly complaints: readonly string[];
}

type Words = (typeof planeWords)["en"];
const isModel = (text: string | undefined): text is ModelName =>
  text !== undefined && Object.hasOwn(PLANE_MODELS, text);

/** The value that a control takes from a text; undefined where it is none. */
export function parseValue({ kind, min, max, choices }: Control, text: string): Value | undefined {
  if (kind === "choice") return choices?.includes(text) ? text : undefined;
  if (kind === "switch") return { true: true, false: false }[text];
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits = value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.MAX_SAFE_INTEGER);
  return fits && (kind === "number" || Number.isInteger(value)) ? value : undefined;
}

export function chosenBy(query: Readonly<Record<string, string>>, t: Words, fixed?: ModelName): Chosen {
  const complaints: string[] = [];
  const { model: named = "vae", data: set = "ring-8", twin, seed: text = "0", ...rest } = query;
  const model = fixed ?? (isModel(named) ? named : "vae");
  if (!fixed && model !== named) complaints.push(t.unknownModel(named));
  const data = DATA_NAMES.find((name) => name === set);
  if (!data) complaints.push(t.unknownData(set));
  if (twin !== undefined && !isModel(twin)) complaints.push(t.unknownModel(twin));
  const seed = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (seed === undefined) complaints.push(t.badSeed(text));
  const options: Record<string, Value> = {};
  for (const control of controls[model]) {
    const given = rest[control.name];
    if (given === undefined) continue;
    const value = parseValue(control, given);
    if (value === undefined) complaints.push(t.badOption(control.name, given));
    else if (value !== control.usual) options[control.name] = value;
  }
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
