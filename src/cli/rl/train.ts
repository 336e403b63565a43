import { z } from "zod";
import { UserError } from "../../errors.ts";
import type { AnyAgent } from "../../rl/agent.ts";
import { agentRecipe } from "../../rl/deep/recipes.ts";
import { modelOf } from "../../rl/env.ts";
import { make } from "../../rl/make.ts";
import { freeRunPath } from "../../train/folders.node.ts";
import { createRun, RunFolder } from "../../train/node.ts";
import type { Communicator } from "../../train/parallel/communicator.ts";
import type { AgentRun } from "../../train/run-config.ts";
import { VERSION } from "../../version.ts";
import { Cli } from "../command.ts";
import type { Shell } from "../common.ts";
import { Family } from "../family.ts";
import { Printer } from "../io.ts";
import { addLineage } from "../lineage.ts";
import { addOptions, givenOptions, pickOptions } from "../options.ts";
import { ParallelOptions, threadsOf, withRanks } from "../parallel.ts";
import { runSeeds } from "./seeds.ts";
import { runAgent, settingOf } from "./session.ts";
import { EnvOptions, parseEnvOptions, requireEnv } from "./shared.ts";

const count = z.int().min(1);

/** The length of training, in episodes or steps. */
const lengthOption = ({ training: { unit, steps } }: AnyAgent) =>
  z.strictObject({
    [unit]: count
      .default(steps)
      .describe(unit === "episodes" ? "episodes to learn from" : "steps of the environment to learn from"),
  });

const COMMON = {
  maxSteps: count
    .optional()
    .describe("time limit of an episode, in steps (default: the environment's, else 10000)"),
  seed: z.int().min(0).default(0).describe("random seed; the same seed gives the same run"),
  keep: count.default(1).describe("checkpoints to keep"),
  out: z.string().optional().describe("folder of the run (default: runs/ALGORITHM-ENV)"),
  json: z.boolean().default(false).describe("print one JSON object per line instead of text"),
};

/** What tabular methods take besides: a network has no use for an exact model. */
const tabularOptions = ({ training }: AnyAgent) =>
  z.strictObject({
    learnsFrom: z
      .enum(["environment", "model"])
      .default(training.learnsFrom ?? "environment")
      .describe("step the environment, or draw from its exact model, which is faster"),
  });

/** Options of every agent's training, with the agent's own defaults. */
const trainingOptions = ({ training }: AnyAgent) =>
  EnvOptions.extend({
    ...COMMON,
    logEvery: count
      .optional()
      .describe(`${training.unit} averaged per line of metrics.jsonl (default: a hundredth)`),
    checkpointEvery: count.optional().describe(`${training.unit} between checkpoints (default: a tenth)`),
  });

/** What deep agents take besides. */
const DeepOptions = z.strictObject({
  evaluateEvery: count.optional().describe("steps between evaluations (default: a twentieth)"),
  evaluationEpisodes: z
    .int()
    .min(0)
    .default(10)
    .describe("episodes of an evaluation, played without exploring; the best checkpoint is kept"),
  seeds: count
    .default(1)
    .describe("runs from as many seeds, one after the other: their mean and its 95% confidence interval"),
  threads: count
    .max(1024)
    .optional()
    .describe("threads for one operator (default: by the size of the graph, at most one per core)"),
});

/** The source of an agent's algorithm, for the help. */
export const sourceOf = ({ source }: AnyAgent): string =>
  "section" in source ? `Sutton & Barto, section ${source.section}` : source.paper;

const capital = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);

export type Agents = Readonly<Record<string, AnyAgent>>;

/** The command; options are made only for the algorithm that is named. */
export function trainCommand(known: Agents, shell: Shell, args: readonly string[]): Cli {
  const agents = Object.values(known);
  const train = new Family("train").chooses(
    "algorithm",
    agents.map(({ name }) => name),
  );
  train
    .summary("learn from an environment")
    .description(
      "Learn from episodes. A run folder keeps config.json, metrics.jsonl, TensorBoard events and checkpoints; for " +
        "tabular methods also values.json, values.csv, learning.png and policy.png. Ctrl-C saves and stops; " +
        "`galatea resume` continues with the same numbers.",
    );
  for (const agent of agents)
    train.addCommand(args.includes(agent.name) ? agentCommand(agent, shell) : nameOnly(agent));
  return train.examples(
    ["galatea rl train q-learning --env CliffWalking-v1", "off-policy: the values of the shortest path"],
    ["galatea rl train sarsa --env CliffWalking-v1", "on-policy: the path that is safe while exploring"],
    ["galatea rl play runs/q-learning-CliffWalking-v1", "then watch it"],
  );
}

const nameOnly = ({ name, about }: AnyAgent): Cli => new Cli(name).summary(about) as Cli;

function agentCommand(agent: AnyAgent, shell: Shell): Cli {
  const { name, about, onPolicy, kind } = agent;
  const command = new Cli(name)
    .summary(about)
    .description(`${capital(about)} (${sourceOf(agent)}; ${onPolicy ? "on" : "off"}-policy).`) as Cli;
  addOptions(command, agent.options as z.ZodObject, "Agent:");
  addOptions(command, lengthOption(agent), "Training:");
  addOptions(command, trainingOptions(agent), "Training:");
  addOptions(command, kind === "agent" ? DeepOptions : tabularOptions(agent), "Training:");
  if (agent.parallel) addOptions(command, ParallelOptions, "Training:");
  command.action((parsed: Record<string, unknown>) =>
    withRanks(pickOptions(ParallelOptions, parsed).parallel, shell.io, (ranks, io) =>
      start(agent, { command, parsed }, { ...shell, io }, ranks),
    ),
  );
  addLineage(command, `galatea rl train ${name}`);
  return command.examples(...(kind === "agent" ? deepExamples(agent) : tabularExamples(agent)));
}

const tabularExamples = ({ name }: AnyAgent): [string, string][] => [
  [`galatea rl train ${name} --env CliffWalking-v1 --episodes 500`, "learn to walk along the cliff"],
  [
    `galatea rl train ${name} --env FrozenLake-v1 --env-options is_slippery=false`,
    "an environment with options",
  ],
  [
    `galatea rl train ${name} --env Taxi-v4 --seed 1 --out runs/taxi`,
    "another seed, a folder of your choice",
  ],
];

const deepExamples = ({ name, training: { env } }: AnyAgent): [string, string][] => [
  [`galatea rl train ${name} --env ${env}`, "with the recipe for that environment, where there is one"],
  [`galatea rl train ${name} --env ${env} --seeds 5`, "five seeds: mean and confidence interval"],
  [`galatea rl train ${name} --env ${env} --hidden 128,128 --lr 0.001`, "other networks, another rate"],
];

interface Given {
  readonly command: Cli;
  readonly parsed: Record<string, unknown>;
}

async function start(
  agent: AnyAgent,
  given: Given,
  { catalog, io }: Shell,
  ranks: Communicator,
): Promise<void> {
  const { parsed } = given;
  const { envOptions: texts, ...training } = pickOptions(trainingOptions(agent), parsed);
  const { maxSteps, seed, logEvery, checkpointEvery, keep, out, json } = training;
  const env = requireEnv(training.env);
  const envOptions = parseEnvOptions(texts);
  // Made before the folder is, so that an error leaves nothing behind.
  const made = make(env, envOptions);
  if (agent.kind === "tabular") modelOf(made);
  const { steps, options, recipe } = planOf(agent, env, given);
  const deep = agent.kind === "agent" ? pickOptions(DeepOptions, parsed) : undefined;
  const config: AgentRun = {
    format: 2,
    galatea: VERSION,
    kind: agent.kind,
    agent: agent.name,
    ...(recipe && { recipe }),
    ...(catalog.extension !== undefined && { extension: catalog.extension }),
    env,
    envOptions,
    ...(maxSteps && { maxSteps }),
    learnsFrom: deep ? "environment" : pickOptions(tabularOptions(agent), parsed).learnsFrom,
    unit: agent.training.unit,
    seed,
    device: "cpu",
    ...(deep && threadsOf(deep.threads, ranks) && { threads: threadsOf(deep.threads, ranks) }),
    ...(ranks.size > 1 && { ranks: ranks.size }),
    steps,
    logEvery: logEvery ?? Math.max(1, Math.floor(steps / 100)),
    sampleEvery: deep?.evaluateEvery ?? Math.max(1, Math.floor(steps / (deep ? 20 : 10))),
    evaluationEpisodes: deep?.evaluationEpisodes ?? 0,
    checkpointEvery: checkpointEvery ?? Math.max(1, Math.floor(steps / 10)),
    keep,
    options,
  };
  if (deep) agent.check?.({ options, ...settingOf(config) });
  const printer = new Printer(io, json);
  const path = await ranks.broadcast(out ?? (await freeRunPath(`${agent.name}-${env.replaceAll("/", "-")}`)));
  if (deep && deep.seeds > 1) {
    if (ranks.size > 1)
      throw new UserError(
        "option `seeds` trains one run after the other: leave option `parallel` out, or option `seeds`",
      );
    await runSeeds({ agent, config, printer, path, seeds: deep.seeds });
    return;
  }
  const run = ranks.rank === 0 ? await createRun(path, config) : new RunFolder(path, config);
  printer.note(`${agent.name} on ${env}; everything goes to ${run.path}; Ctrl-C saves and stops`);
  await runAgent({ run, agent, printer, from: undefined, ranks });
}

/** What the user said, over the recipe for the environment, over the agent's own defaults. */
function planOf(
  agent: AnyAgent,
  env: string,
  { command, parsed }: Given,
): { steps: number; options: Record<string, unknown>; recipe?: string } {
  const { unit } = agent.training;
  const schema = agent.options as z.ZodObject;
  const recipe = agentRecipe(agent.name, env);
  if (!recipe)
    return { steps: pickOptions(lengthOption(agent), parsed)[unit]!, options: pickOptions(schema, parsed) };
  const options = pickOptions(schema, { ...recipe.options, ...givenOptions(schema, command, parsed) });
  const length = lengthOption(agent);
  const steps = pickOptions(length, { [unit]: recipe.steps, ...givenOptions(length, command, parsed) })[
    unit
  ]!;
  return { steps, options, recipe: `${agent.name} on ${env}` };
}
