/** An experiment as what runs outside the page. */
import { commandOf as command } from "../experiment/command.ts";
import { PLANE_MODELS, type Setting } from "./models.ts";

/** Trained with a constant rate, as here. */
const trainingOf = ({ model }: Setting, steps: number) => ({
  ...PLANE_MODELS[model].training,
  lrSchedule: "constant",
  steps,
});

export const commandOf = ({ model, ...rest }: Setting, steps: number): string =>
  command({ ...PLANE_MODELS[model], model }, { ...rest, steps });

export function programOf(setting: Setting, steps: number): string {
  const { model, data, seed, options } = setting;
  const shown = (value: unknown): string =>
    JSON.stringify(value)
      .replace(/"(\w+)":/g, " $1: ")
      .replace(/,(?= \w+:)/g, ",")
      .replace(/}$/, " }");
  return `import { createEngine } from "galatea";
import { openData } from "galatea/data";
import { ${model} } from "galatea/generative";
import { begin } from "galatea/model";
import { train } from "galatea/train";

const data = await openData("${data}");
const engine = await createEngine();
const { task, plan } = begin(${model}, {
  data,
  options: ${shown({ ...PLANE_MODELS[model].options, ...options })},
  training: ${shown(trainingOf(setting, steps))},
  seed: ${seed},
});
for await (const event of train({ task, plan, examples: data.train, engine, seed: ${seed} }))
  if (event.kind === "step") console.log(event.step, event.metrics);`;
}
