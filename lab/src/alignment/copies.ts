/** Both trainings of an experiment as what runs outside the page: from answers first, from rewards then. */
import { flag } from "../experiment/command.ts";
import { literal } from "../experiment/program.ts";
import { type AlignSetting, ANSWERS, DATA, rewardsBy } from "./setup.ts";

/** The folder that a command leaves for the other. */
const RUN = "runs/answers";

export function commandOf({ method, seed, ...rest }: AlignSetting, steps: number): string {
  const { options, training } = rewardsBy(rest);
  const { reward, beta, group } = options;
  const flags = (all: Readonly<Record<string, string | number>>): string =>
    Object.entries(all).map(flag).join(" ");
  return `npx galatea train sft --data ${DATA} ${flags({ ...ANSWERS.options, ...ANSWERS.training, seed })} --out ${RUN}
npx galatea train ${method} --data ${DATA} --from ${RUN} ${flags({ reward: reward.join(), beta, group, ...training, steps, seed })}`;
}

export function programOf({ method, seed, ...rest }: AlignSetting, steps: number): string {
  const { options, training } = rewardsBy(rest);
  return `import { createEngine } from "galatea";
import { ${method}, sft } from "galatea/alignment";
import { openData } from "galatea/data";
import { type AnyModel, begin, nodeWorld } from "galatea/model";
import { train } from "galatea/train";

const data = await openData("${DATA}");
const engine = await createEngine();
const seed = ${seed};

// From answers, for a moment.
const taught = begin(sft, {
  data,
  options: ${literal(ANSWERS.options)},
  training: ${literal(ANSWERS.training)},
  seed,
});
for await (const event of train({ task: taught.task, plan: taught.plan, examples: taught.sets.train, engine, seed }))
  if (event.kind === "done") console.log("taught for", event.step, "steps");
const weights = { dict: await taught.task.module.stateDict(), source: "what was learned from answers" };

// From rewards.
const method: AnyModel = ${method};
const options = method.options.parse(${literal(options)});
const { task, plan, sets } = begin(method, {
  data,
  options,
  training: ${literal({ ...training, steps })},
  seed,
  weights,
});
const world = nodeWorld(async () => data);
for await (const event of method.learn!({ task, plan, examples: sets.train, engine, seed, weights, options, spec: data.spec, world }))
  if (event.kind === "step") console.log(event.step, event.metrics);`;
}
