import { z } from "zod";
import { knownSpec } from "../data/known-specs.ts";
import { DataSpec } from "../data/spec.ts";
import { DEVICES } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { LEARNING, LearningOptions } from "./learning.ts";

const count = z.int().min(1);

/** The fields of every run's configuration, whatever learns in it. */
const COMMON = {
  format: z.literal(2),
  galatea: z.string(),
  /** The recipe that the defaults came from, if not from the model or agent. */
  recipe: z.string().optional(),
  /** The user's module that the model, agent, environment or data set comes from. */
  extension: z.string().optional(),
  seed: z.int().min(0),
  device: z.enum(DEVICES),
  threads: count.optional(),
  /** Processes that trained it together last, where they were several. */
  ranks: count.optional(),
  /** Whether batch normalisation took its means over all of them together. */
  syncBatchNorm: z.boolean().optional(),
  /** How long it trains: steps of a model, environment steps or episodes of an agent. */
  steps: count,
  logEvery: count,
  sampleEvery: count,
  checkpointEvery: count,
  keep: count,
};

export const TrainingSchema = LearningOptions.extend({
  batchSize: count,
  accumulate: count.default(1),
  lr: z.number().positive(),
  /** Share of the training examples that is held out for validation. */
  validation: z.number().min(0).lt(1).default(0),
  /** Validations without improvement after which training ends; absent: it never does. */
  patience: count.optional(),
});

export const ModelRunSchema = z.strictObject({
  ...COMMON,
  kind: z.literal("model"),
  model: z.string(),
  /** The run its initial weights came from. */
  from: z.string().optional(),
  data: z.string(),
  imageSize: count.optional(),
  /** The spec of its data; absent in older runs that did not save it, on data whose name does not tell it. */
  spec: DataSpec.optional(),
  /** The model's own options. */
  options: z.record(z.string(), z.unknown()),
  training: TrainingSchema,
});
export type ModelRun = z.output<typeof ModelRunSchema>;

export const AgentRunSchema = z.strictObject({
  ...COMMON,
  /** "agent" has a network; "tabular" has a table, and needs no engine. */
  kind: z.enum(["agent", "tabular"]),
  agent: z.string(),
  env: z.string(),
  envOptions: z.record(z.string(), z.unknown()),
  /** A time limit other than the environment's own, in steps. */
  maxSteps: count.optional(),
  /** Whether it steps the environment or samples from its exact model. */
  learnsFrom: z.enum(["environment", "model"]),
  /** Episodes of an evaluation every `sampleEvery` steps, without exploring; of deep agents. */
  evaluationEpisodes: z.int().min(0).default(0),
  /** What `steps` counts. */
  unit: z.enum(["steps", "episodes"]),
  /** The agent's own options. */
  options: z.record(z.string(), z.unknown()),
});
export type AgentRun = z.output<typeof AgentRunSchema>;

/** `config.json` of a run: all that is needed to reproduce its numbers. */
export const RunConfigSchema = z.discriminatedUnion("kind", [ModelRunSchema, AgentRunSchema]);
export type RunConfig = z.output<typeof RunConfigSchema>;

/** Runs made before format 2, only of models; their learning options were among the model's. */
const FirstFormat = z.strictObject({
  format: z.literal(1),
  galatea: z.string(),
  model: z.string(),
  recipe: z.string().optional(),
  data: z.string(),
  imageSize: count.optional(),
  seed: z.int().min(0),
  device: z.enum(DEVICES),
  threads: count.optional(),
  steps: count,
  batchSize: count,
  accumulate: count.default(1),
  lr: z.number().positive(),
  logEvery: count,
  sampleEvery: count,
  checkpointEvery: count,
  keep: count,
  config: z.record(z.string(), z.unknown()),
});

/** Former options of models that are now options of every training. */
const MOVED: Readonly<Record<string, keyof typeof LEARNING>> = {
  ema: "ema",
  clip: "maxGradNorm",
  warmup: "warmup",
  cooldown: "cooldown",
  beta1: "beta1",
  beta2: "beta2",
};

/** How the models of format 1 learned, where they had no option for it. */
const LEARNED: Readonly<Record<string, Partial<typeof LEARNING>>> = {
  ddpm: {},
  dit: {},
  gan: {},
  classifier: { optimizer: "adamw", weightDecay: 0.01, lrSchedule: "cosine" },
};

function upgrade(first: z.output<typeof FirstFormat>): unknown {
  const { format: _, config, batchSize, accumulate, lr, ...rest } = first;
  const moved = Object.entries(config).filter(([key]) => Object.hasOwn(MOVED, key));
  const learning = {
    ...(LEARNED[first.model] ?? { lrSchedule: "cosine" }),
    ...Object.fromEntries(moved.map(([key, value]) => [MOVED[key], value])),
  };
  return {
    ...rest,
    format: 2,
    kind: "model",
    spec: knownSpec(first.data, first.imageSize),
    options: Object.fromEntries(Object.entries(config).filter(([key]) => !Object.hasOwn(MOVED, key))),
    training: { ...LEARNING, ...learning, batchSize, accumulate, lr },
  };
}

/** Tabular runs made before they had the format of all runs; what was learned in them is in `values.json`. */
const FirstTabular = z.strictObject({
  kind: z.literal("tabular"),
  galatea: z.string(),
  algorithm: z.string(),
  env: z.string(),
  envOptions: z.record(z.string(), z.unknown()),
  maxSteps: count,
  seed: z.int().min(0),
  settings: z.record(z.string(), z.union([z.number(), z.string()])),
});

function upgradeTabular(first: z.output<typeof FirstTabular>): unknown {
  const { galatea, algorithm, env, envOptions, maxSteps, seed, settings } = first;
  const { episodes, ...options } = settings;
  const steps = Math.max(1, Number(episodes ?? 1));
  const every = {
    logEvery: Math.max(1, Math.floor(steps / 100)),
    sampleEvery: steps,
    checkpointEvery: steps,
  };
  return {
    format: 2,
    kind: "tabular",
    galatea,
    agent: algorithm,
    env,
    envOptions,
    maxSteps,
    seed,
    options,
    device: "cpu",
    steps,
    unit: "episodes",
    learnsFrom: "model",
    keep: 1,
    ...every,
  };
}

/** @throws UserError where the text of `file` is not the configuration of a run. */
export function parseRunConfig(text: string, file: string): RunConfig {
  const json = tryJson(text);
  if (json === undefined)
    throw new UserError(
      `${file} is not JSON: it was cut short or changed by hand. Restore it, or train again in another folder`,
    );
  const first = FirstFormat.safeParse(json);
  const tabular = FirstTabular.safeParse(json);
  const upgraded = first.success
    ? upgrade(first.data)
    : tabular.success
      ? upgradeTabular(tabular.data)
      : json;
  const parsed = RunConfigSchema.safeParse(upgraded);
  if (parsed.success) return parsed.data;
  const newer = (json as { format?: unknown } | null)?.format;
  if (typeof newer === "number" && newer > 2)
    throw new UserError(`${file} is of a newer galatea (format ${newer}): update this one to read it`);
  const { path, message } = (first.success || newer !== 1 ? parsed.error : first.error).issues[0]!;
  throw new UserError(
    `${file} is not the configuration of a run${path.length ? `, at ${path.join(".")}` : ""}: ${message}`,
  );
}

export function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
