/** Settings that a page offers: how each is read from a text, as in the address. */
export type Value = number | string | boolean;

export interface Control {
  readonly name: string;
  /** The help of the command line, in English. */
  readonly about: string;
  /** What the page begins with. */
  readonly usual: Value;
  readonly kind: "whole" | "number" | "choice" | "switch";
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
}

/** The value that a control takes from a text; undefined where it is none. */
export function parseValue({ kind, min, max, choices }: Control, text: string): Value | undefined {
  if (kind === "choice") return choices?.includes(text) ? text : undefined;
  if (kind === "switch") return { true: true, false: false }[text];
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits = value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.MAX_SAFE_INTEGER);
  return fits && (kind === "number" || Number.isInteger(value)) ? value : undefined;
}

/** The settings that a query names and that are not as usual; `complain` hears of those that are no values. */
export function optionsBy(
  controls: readonly Control[],
  query: Readonly<Record<string, string>>,
  complain: (name: string, text: string) => void,
): Record<string, Value> {
  const options: Record<string, Value> = {};
  for (const control of controls) {
    const given = query[control.name];
    if (given === undefined) continue;
    const value = parseValue(control, given);
    if (value === undefined) complain(control.name, given);
    else if (value !== control.usual) options[control.name] = value;
  }
  return options;
}
