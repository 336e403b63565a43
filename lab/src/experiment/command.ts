/** An experiment as a command that trains the same outside the page. */
import { kebab } from "galatea/cli/flags.ts";
import type { Value } from "./controls.ts";

interface Trained {
  readonly model: string;
  readonly options: Readonly<Record<string, Value>>;
  readonly training: Readonly<Record<string, Value>>;
}

export const flag = ([name, value]: readonly [string, Value]): string =>
  typeof value === "boolean" ? `--${value ? "" : "no-"}${kebab(name)}` : `--${kebab(name)} ${value}`;

/** With a constant rate, as in the page. */
export function commandOf(
  { model, options: usual, training }: Trained,
  { data, options, seed, steps }: { readonly data: string; readonly options: Trained["options"]; readonly seed: number; readonly steps: number }, // biome-ignore format: one line
): string {
  const all = { ...usual, ...options, ...training, lrSchedule: "constant", steps, seed };
  return [`npx galatea train ${model} --data ${data}`, ...Object.entries(all).map(flag)].join(" ");
}
