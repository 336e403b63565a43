import { z } from "zod";
import type { AnyAgent } from "../../rl/agent.ts";
import { modelOf } from "../../rl/env.ts";
import { make } from "../../rl/make.ts";
import { freeRunPath } from "../../train/folders.node.ts";
import { createRun } from "../../train/node.ts";
import type { AgentRun } from "../../train/run-config.ts";
import { VERSION } from "../../version.ts";
import { Cli } from "../command.ts";
import type { Shell } from "../common.ts";
import { Family } from "../family.ts";
import { Printer } from "../io.ts";
import { addOptions, pickOptions } from "../options.ts";
import { runAgent } from "./session.ts";
import { EnvOptions, parseEnvOptions, requireEnv } from "./shared.ts";

const count = z.int().min(1);

/** The length of training, in episodes or steps. */
const lengthOption = ({ training: { unit, steps } }: AnyAgent) =>
  z.strictObject({
    [unit]: count
      .default(steps)
      .describe(unit === "episodes" ? "episodes to learn from" : "steps of the environment to learn from"),
  });

/** Options of every agent's training, with the agent's own defaults. */
const trainingOptions = ({ training }: AnyAgent) =>
  EnvOptions.extend({
    learnsFrom: z
      .enum(["environment", "model"])
      .default(training.learnsFrom ?? "environment")
      .describe("step the environment, or draw from its exact model, which is faster"),
    maxSteps: count
      .optional()
      .describe("time limit of an episode, in steps (default: the environment's, else 10000)"),
    seed: z.int().min(0).default(0).describe("random seed; the same seed gives the same run"),
    logEvery: count
      .optional()
      .describe(`${training.unit} averaged per line of metrics.jsonl (default: a hundredth)`),
    checkpointEvery: count.optional().describe(`${training.unit} between checkpoints (default: a tenth)`),
    keep: count.default(1).describe("checkpoints to keep"),
    out: z.string().optional().describe("folder of the run (default: runs/ALGORITHM-ENV)"),
    json: z.boolean().default(false).describe("print one JSON object per line instead of text"),
  });

/** The source of an agent's algorithm, for the help. */
export const sourceOf = ({ source }: AnyAgent): string =>
  "section" in source ? `Sutton & Barto, section ${source.section}` : source.paper;

export type Agents = Readonly<Record<string, AnyAgent>>;

export function trainCommand(known: Agents, shell: Shell): Cli {
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
  for (const agent of agents) train.addCommand(agentCommand(agent, shell));
  return train.examples(
    ["galatea rl train q-learning --env CliffWalking-v1", "off-policy: the values of the shortest path"],
    ["galatea rl train sarsa --env CliffWalking-v1", "on-policy: the path that is safe while exploring"],
    ["galatea rl play runs/q-learning-CliffWalking-v1", "then watch it"],
  );
}

function agentCommand(agent: AnyAgent, shell: Shell): Cli {
  const { name, about, onPolicy } = agent;
  const command = new Cli(name)
    .summary(about)
    .description(`${about} (${sourceOf(agent)}; ${onPolicy ? "on" : "off"}-policy).`) as Cli;
  addOptions(command, agent.options as z.ZodObject, "Agent:");
  addOptions(command, lengthOption(agent), "Training:");
  addOptions(command, trainingOptions(agent), "Training:");
  command.action((parsed: Record<string, unknown>) => start(agent, parsed, shell));
  return command.examples(
    [`galatea rl train ${name} --env CliffWalking-v1 --episodes 500`, "learn to walk along the cliff"],
    [
      `galatea rl train ${name} --env FrozenLake-v1 --env-options is_slippery=false`,
      "an environment with options",
    ],
    [
      `galatea rl train ${name} --env Taxi-v4 --seed 1 --out runs/taxi`,
      "another seed, a folder of your choice",
    ],
  );
}

async function start(
  agent: AnyAgent,
  parsed: Record<string, unknown>,
  { catalog, io }: Shell,
): Promise<void> {
  const options = pickOptions(agent.options as z.ZodObject, parsed);
  const picked = pickOptions(trainingOptions(agent), parsed);
  const { learnsFrom, maxSteps, seed, logEvery, checkpointEvery, keep, out, json } = picked;
  const env = requireEnv(picked.env);
  const envOptions = parseEnvOptions(picked.envOptions);
  // Made before the folder is, so that an error leaves nothing behind.
  const made = make(env, envOptions);
  if (agent.kind === "tabular") modelOf(made);
  const { unit } = agent.training;
  const steps = pickOptions(lengthOption(agent), parsed)[unit]!;
  const config: AgentRun = {
    format: 2,
    galatea: VERSION,
    kind: agent.kind,
    agent: agent.name,
    ...(catalog.extension !== undefined && { extension: catalog.extension }),
    env,
    envOptions,
    ...(maxSteps && { maxSteps }),
    learnsFrom,
    unit,
    seed,
    device: "cpu",
    steps,
    logEvery: logEvery ?? Math.max(1, Math.floor(steps / 100)),
    sampleEvery: Math.max(1, Math.floor(steps / 10)),
    checkpointEvery: checkpointEvery ?? Math.max(1, Math.floor(steps / 10)),
    keep,
    options,
  };
  const printer = new Printer(io, json);
  const run = await createRun(out ?? (await freeRunPath(`${agent.name}-${env}`)), config);
  printer.note(`${agent.name} on ${env}; everything goes to ${run.path}; Ctrl-C saves and stops`);
  await runAgent({ run, agent, printer, from: undefined });
}
