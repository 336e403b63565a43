import { join } from "node:path";
import { z } from "zod";
import type { Engine } from "../../engine/engine.ts";
import { lookup, UserError } from "../../errors.ts";
import { readJsonLines } from "../../files/jsonl.node.ts";
import { lineChart } from "../../plot/index.ts";
import { saveChart } from "../../plot/node.ts";
import type { AnyAgent, Policy, Setting } from "../../rl/agent.ts";
import type { Env } from "../../rl/env.ts";
import { make, timeLimitOf } from "../../rl/make.ts";
import { deterministicPolicy, greedyActions } from "../../rl/mdp/policy.ts";
import { valueIteration } from "../../rl/mdp/value-iteration.ts";
import { policyReturn } from "../../rl/mdp/values.ts";
import { Memory } from "../../rl/tabular/memory.ts";
import { AutoresetMode, makeVec } from "../../rl/vector.ts";
import type { Checkpoint } from "../../train/checkpoint.ts";
import { openRunFolder, type RunFolder } from "../../train/node.ts";
import { ALONE, type Communicator } from "../../train/parallel/communicator.ts";
import { requireShared } from "../../train/parallel/shared.node.ts";
import { readCheckpoint } from "../../train/run.ts";
import type { AgentRun } from "../../train/run-config.ts";
import { RunWriter } from "../../train/run-writer.node.ts";
import type { Shell } from "../common.ts";
import { newEngine } from "../common.ts";
import { Interrupted, type Printer, table } from "../io.ts";
import { short } from "../progress.ts";
import { reportAgent } from "./report-agent.ts";
import { oldCheckpoint, saveValues } from "./run-folder.ts";
import { openFinite, policyText, save, savePolicy, startValue, valuesCsv } from "./shared.ts";

/** Time limit of an episode, in steps, where neither the environment nor the user sets one. */
export const PATIENCE = 10_000;

export interface AgentTraining {
  readonly run: RunFolder<AgentRun>;
  readonly agent: AnyAgent;
  readonly printer: Printer;
  /** Continue from this checkpoint; from the beginning when undefined. */
  readonly from: Checkpoint | undefined;
  /** The processes that learn together; this one alone when left out. */
  readonly ranks?: Communicator | undefined;
}

export async function agentOf(
  { catalog }: Pick<Shell, "catalog">,
  { path, config }: RunFolder,
): Promise<AnyAgent> {
  if (config.kind === "model")
    throw new UserError(`${path} is a run of the model ${config.model}: see galatea sample ${path}`);
  return lookup("algorithm", await catalog.agents(), config.agent);
}

/** The environment that an agent learns in, by the run's configuration. */
export function settingOf(
  config: AgentRun,
): Pick<Setting<unknown>, "makeEnv" | "makeVec" | "maxSteps" | "learnsFrom"> {
  const { env, envOptions, learnsFrom } = config;
  const limit = timeLimitOf(env, {});
  const maxSteps = config.maxSteps ?? (limit || PATIENCE);
  return {
    makeEnv: () => make(env, { ...envOptions, max_episode_steps: maxSteps }),
    makeVec: (n) =>
      makeVec(env, n, {
        ...envOptions,
        max_episode_steps: maxSteps,
        autoresetMode: AutoresetMode.DISABLED,
      }),
    maxSteps,
    learnsFrom,
  };
}

/** The checkpoint of an agent's run; runs of the first tabular format have only a table. */
export const agentCheckpoint = async (
  run: RunFolder<AgentRun>,
  which?: number | "best",
): Promise<Checkpoint | undefined> => (await readCheckpoint(run, which)) ?? oldCheckpoint(run);

/** What acting takes besides, of agents that search. */
export const Simulations = z
  .int()
  .min(0)
  .optional()
  .describe(
    "of an agent that searches: simulations before each action, 0 for the network alone (default: as in training)",
  );

/** A run that was trained, ready to act. */
export interface Trained {
  readonly path: string;
  readonly agent: AnyAgent;
  readonly config: AgentRun;
  readonly checkpoint: Checkpoint;
  /** The environment of the run, with its time limit. */
  readonly makeEnv: () => Env;
  policy(simulations?: number): Promise<Policy>;
  close(): Promise<void>;
}

/** @throws UserError where the run has no checkpoint, or does not search where simulations are asked for */
export async function openTrained(
  name: string,
  {
    catalog,
    best,
    envOptions = {},
  }: Pick<Shell, "catalog"> & { best: boolean; envOptions?: Record<string, unknown> },
): Promise<Trained> {
  const folder = await openRunFolder(name);
  const agent = await agentOf({ catalog }, folder);
  const agentRun = folder as RunFolder<AgentRun>;
  const checkpoint = await agentCheckpoint(agentRun, best ? "best" : undefined);
  if (!checkpoint)
    throw new UserError(
      `${folder.path} has no checkpoint yet: train it first (galatea resume ${folder.path})`,
    );
  const config = { ...agentRun.config, envOptions: { ...agentRun.config.envOptions, ...envOptions } };
  const { makeEnv } = settingOf(config);
  const options: unknown = agent.options.parse(config.options);
  let engine: Promise<Engine> | undefined;
  return {
    path: folder.path,
    agent,
    config,
    checkpoint,
    makeEnv,
    policy: (simulations) => {
      if (simulations !== undefined && !agent.searches)
        throw new UserError(
          `${folder.path} is a run of ${agent.name}, which does not search: leave --simulations out`,
        );
      return agent.policy(checkpoint, {
        options,
        makeEnv,
        simulations,
        engine: () => (engine ??= newEngine(config)),
      });
    },
    close: async () => (await engine)?.dispose(),
  };
}

/** Train an agent's run to its end, or to Ctrl-C, writing its folder and showing its progress. */
export async function runAgent(training: AgentTraining): Promise<void> {
  const { run, agent, printer, from, ranks = ALONE } = training;
  const { config } = run;
  const options: unknown = agent.options.parse(config.options);
  const { seed, steps, logEvery, sampleEvery, checkpointEvery, evaluationEpisodes, unit } = config;
  let engine: Promise<Engine> | undefined;
  const writer = ranks.rank === 0 ? await RunWriter.open(run, from?.step ?? 0) : undefined;
  const bar = printer.progress(agent.name, steps, { unit: unit.slice(0, -1), start: from?.step ?? 0 });
  let last: Record<string, number> = {};
  let [done, finished] = [from?.step ?? 0, false];
  try {
    await requireShared(ranks, run.path);
    const events = agent.learn({
      ...settingOf(config),
      options,
      seed,
      steps,
      logEvery,
      sampleEvery,
      checkpointEvery,
      evaluationEpisodes,
      from,
      store: writer,
      ranks,
      signal: printer.io.signal,
      engine: () => (engine ??= newEngine(config)),
    });
    for await (const event of events) {
      await writer?.on(event);
      if (event.kind === "step") {
        last = event.metrics;
        bar.update(event.step, event.metrics);
        printer.object({ event: unit, [unit.slice(0, -1)]: event.step, ...event.metrics });
      } else if (event.kind === "validation")
        printer.object({ event: "evaluation", step: event.step, ...event.metrics, best: event.best });
      else if (event.kind === "checkpoint")
        printer.object({ event: "checkpoint", step: event.step, path: event.where });
      else if (event.kind === "done") ({ step: done, finished } = event);
    }
  } finally {
    bar.stop();
    await writer?.close();
    await (await engine)?.dispose();
  }
  if (ranks.rank > 0) {
    if (!finished) throw new Interrupted();
    return;
  }
  const course = { done, last, stopped: !finished };
  if (config.kind === "tabular") await reportTable(training, course);
  else await reportAgent(run, printer, !finished);
  if (!finished) {
    printer.note(`stopped; nothing is lost. Continue with\n  galatea resume ${run.path}`);
    throw new Interrupted();
  }
}

interface Course {
  readonly done: number;
  readonly last: Readonly<Record<string, number>>;
  readonly stopped: boolean;
}

/** Report the exact value of a table's greedy policy, with pictures. */
async function reportTable({ run, agent, printer }: AgentTraining, course: Course): Promise<void> {
  const { path, config } = run;
  const { env: id, envOptions, unit } = config;
  const finite = openFinite(id, envOptions);
  const { model } = finite;
  const gamma = (config.options as { gamma?: number }).gamma ?? 1;
  const { tensors } = (await agentCheckpoint(run))!;
  const Q = Memory.from(tensors.weights).floats("Q", () => new Float64Array(0));
  const actions = greedyActions(model, Q);
  const v = Float64Array.from(actions, (a, s) => (a === -1 ? 0 : Q[s * model.actions + a]!));
  const optimal = startValue(model, valueIteration(model, { gamma, theta: 1e-9 }).v);
  const greedy = policyReturn(model, deterministicPolicy(model, actions), gamma);
  await saveValues(path, finite, Q, course.done);
  await save(path, "values.csv", valuesCsv(model, v, actions, Q));
  await savePolicy(path, `${id}: ${agent.name} after ${course.done} ${unit}`, finite, v, actions);
  await saveCurve(run, agent.name);
  printer.object({
    event: course.stopped ? "stopped" : "done",
    run: path,
    [unit]: course.done,
    startValue: greedy ?? null,
    optimum: optimal,
  });
  printer.line(policyText(finite, v, actions));
  printer.line(
    table([
      [unit, `${course.done}${course.stopped ? " (stopped by Ctrl-C)" : ""}`],
      [
        "learned from",
        config.learnsFrom === "model" ? "samples of the exact model" : "the stepped environment",
      ],
      ["recent return", course.last.return === undefined ? "none" : short(course.last.return)],
      [
        "greedy policy from the start",
        greedy === undefined ? "may never end" : `${short(greedy)} (exact, γ = ${gamma})`,
      ],
      ["best possible", `${short(optimal)} (exact, γ = ${gamma})`],
      ["run", path],
      ["watch it", `galatea rl play ${path}`],
    ]),
  );
}

/** learning.png: the mean return over the whole run, resumed parts included. */
async function saveCurve({ path, config }: RunFolder<AgentRun>, name: string): Promise<void> {
  const lines = (await readJsonLines(join(path, "metrics.jsonl"))) as { step: number; return?: number }[];
  const known = lines.filter((line) => line.return !== undefined);
  if (known.length === 0) return;
  const curve = { name, x: known.map((line) => line.step), y: known.map((line) => line.return!) };
  const chart = lineChart({ title: `${name} on ${config.env}`, x: config.unit, y: "return per episode" }, [
    curve,
  ]);
  await saveChart(join(path, "learning.png"), chart);
}
