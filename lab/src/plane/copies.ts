/** An experiment as what runs outside the page. */
import { kebab } from "galatea/cli/flags.ts";
import { PLANE_MODELS, type Setting, type Value } from "./models.ts";

const flag = ([name, value]: readonly [string, Value]): string =>
  typeof value === "boolean" ? `--${value ? "" : "no-"}${kebab(name)}` : `--${kebab(name)} ${value}`;

/** Trained with a constant rate, as here. */
const trainingOf = ({ model }: Setting, steps: number) => ({
  ...PLANE_MODELS[model].training,
  lrSchedule: "constant",
  steps,
});

export function commandOf(setting: Setting, steps: number): string {
  const { model, data, seed, options } = setting;
  const all = { ...PLANE_MODELS[model].options, ...options, ...trainingOf(setting, steps), seed };
  return [`npx galatea train ${model} --data ${data}`, ...Object.entries(all).map(flag)].join(" ");
}

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
