/** An experiment as a program that trains the same outside the page. */
import type { Value } from "./controls.ts";

export type Options = Readonly<Record<string, Value | readonly Value[]>>;

interface Trained {
  readonly model: string;
  /** The part of the package that has the model: "galatea/sequence". */
  readonly from: string;
  readonly data: string;
  readonly options: Options;
  readonly training: Options;
  readonly seed: number;
  readonly steps: number;
}

/** A value as it is written in a program: `{ width: 32, cell: "gru" }`. */
export const literal = (value: unknown): string =>
  JSON.stringify(value)
    .replace(/"(\w+)":/g, " $1: ")
    .replace(/}$/, " }");

/** With a constant rate, as in the page. */
export function programOf({ model, from, data, options, training, seed, steps }: Trained): string {
  return `import { createEngine } from "galatea";
import { openData } from "galatea/data";
import { begin } from "galatea/model";
import { train } from "galatea/train";
import { ${model} } from "${from}";

const data = await openData("${data}");
const engine = await createEngine();
const { task, plan, sets } = begin(${model}, {
  data,
  options: ${literal(options)},
  training: ${literal({ ...training, lrSchedule: "constant", steps })},
  seed: ${seed},
});
for await (const event of train({ task, plan, examples: sets.train, engine, seed: ${seed} }))
  if (event.kind === "step") console.log(event.step, event.metrics);`;
}
