import type { z } from "zod";
import { UserError } from "../../errors.ts";
import type { Checkpoint, Metrics, TrainEvent } from "../../train/checkpoint.ts";
import type { Agent, AgentDefaults, Policy, Setting } from "../agent.ts";
import { type Env, functionalBase, modelOf } from "../env.ts";
import { type Mdp, mdpFromTable } from "../mdp/model.ts";
import { greedyActions } from "../mdp/policy.ts";
import { type BitGeneratorState, fastRandom, type Rng } from "../random.ts";
import { actionTable, type Episode, type Learning } from "./learning.ts";
import { Memory } from "./memory.ts";
import { EnvTask, ModelTask, type TabularTask } from "./task.ts";

/** The arguments of a control method. */
export interface Start<O> {
  readonly task: TabularTask;
  readonly options: O;
  readonly episodes: number;
  readonly rng: Rng;
  readonly Q: Float64Array;
  readonly memory: Memory;
}

type About<S extends z.ZodObject> = Pick<Agent<S>, "name" | "about" | "onPolicy" | "options"> & {
  readonly section: string;
  readonly learnsFrom?: AgentDefaults["learnsFrom"];
  /** Initial value of Q; 0 when left out. */
  readonly initial?: number;
};

/** A control method of the book as an agent; a checkpoint holds its table, memory and random numbers. */
export function tabularAgent<S extends z.ZodObject>(
  { section, learnsFrom, initial = 0, ...about }: About<S>,
  start: (start: Start<z.output<S>>) => Learning<unknown>,
): Agent<S> {
  return {
    ...about,
    source: { section },
    kind: "tabular",
    training: {
      env: "CliffWalking-v1",
      steps: 5000,
      unit: "episodes",
      ...(learnsFrom && { learnsFrom }),
    },
    learn: (setting) => learn(setting, initial, start),
    policy: async ({ tensors }, { makeEnv }) => greedyPolicy(makeEnv(), Memory.from(tensors.weights)),
  };
}

/** State of the random numbers and the environment between two episodes. */
interface Between {
  readonly rng: BitGeneratorState;
  readonly task: BitGeneratorState;
  /** The state of a stepped environment, which may change from episode to episode. */
  readonly state?: unknown;
  /** The running means for the next line of the log. */
  readonly window: { readonly episodes: number; readonly return: number; readonly length: number };
}

/** Milliseconds of learning between two checks of the clock and the abort signal. */
const SLICE = 50;

async function* learn<O>(
  setting: Setting<O>,
  initial: number,
  start: (start: Start<O>) => Learning<unknown>,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { options, steps, seed, from, store, signal, logEvery, checkpointEvery } = setting;
  const world = worldOf(setting);
  const rng = fastRandom([seed, 1]);
  const memory = from ? Memory.from(from.tensors.weights) : new Memory();
  const Q = memory.floats("Q", () => actionTable(world.task, initial));
  const between = from?.progress as Between | undefined;
  let window = { episodes: 0, return: 0, length: 0, ...between?.window };
  if (between) {
    rng.restore(between.rng);
    world.restore(between);
  }
  let { step: done, seconds } = from ?? { step: 0, seconds: 0 };
  let savedAt = from ? done : -1;
  const learning = start({ task: world.task, options, episodes: steps - done, rng, Q, memory });
  let began = performance.now();

  async function* save(): AsyncGenerator<TrainEvent> {
    if (!store || savedAt === done) return;
    const progress = { rng: rng.state(), ...world.state(), window } satisfies Between;
    const tensors: Checkpoint["tensors"] = { weights: memory.dict() };
    const where = await store.save({ step: done, seed, seconds, tensors, progress: { ...progress } });
    savedAt = done;
    yield { kind: "checkpoint", step: done, where };
  }

  for (let { value, done: over } = learning.next(); !over; { value, done: over } = learning.next()) {
    const episode = value as Episode;
    done++;
    window = {
      episodes: window.episodes + 1,
      return: window.return + episode.return,
      length: window.length + episode.steps,
    };
    const now = performance.now();
    const rest = now - began > SLICE;
    if (done % logEvery !== 0 && done % checkpointEvery !== 0 && !rest && done < steps) continue;
    seconds += (now - began) / 1000;
    if (done % logEvery === 0 || done === steps) {
      yield { kind: "step", step: done, metrics: meanOf(window, done) };
      window = { episodes: 0, return: 0, length: 0 };
    }
    if (done % checkpointEvery === 0) yield* save();
    // Let an interruption be noticed.
    if (rest) await new Promise((later) => setTimeout(later));
    began = performance.now();
    if (signal?.aborted) break;
  }
  yield* save();
  yield { kind: "done", step: done, finished: done >= steps, seconds };
}

function meanOf(window: Between["window"], done: number): Metrics {
  const { episodes } = window;
  if (!Number.isFinite(window.return))
    throw new UserError(
      `episode ${done}: the return is ${window.return}: a reward of the environment is not finite`,
    );
  return { return: window.return / episodes, length: window.length / episodes };
}

interface World {
  readonly task: TabularTask;
  state(): Pick<Between, "task" | "state">;
  restore(between: Between): void;
}

/** A stepped environment, or samples from its exact model, which are faster. */
function worldOf({ learnsFrom, makeEnv, seed, maxSteps }: Setting<unknown>): World {
  const env = makeEnv() as Env<unknown, number>;
  if (learnsFrom === "model") {
    const rng = fastRandom([seed, 0]);
    const task = new ModelTask(finiteModel(env), rng, { maxSteps });
    return { task, state: () => ({ task: rng.state() }), restore: ({ task }) => rng.restore(task) };
  }
  const task = new EnvTask(env, seed);
  const unwrapped = functionalBase(env as Env);
  return {
    task,
    state: () => ({ task: unwrapped.npRandom.state(), state: unwrapped.state }),
    restore: ({ task: rng, state }) => {
      // Otherwise the first reset would reseed.
      task.reset();
      unwrapped.npRandom.restore(rng);
      unwrapped.state = state;
    },
  };
}

const finiteModel = (env: Env<unknown, number>): Mdp => mdpFromTable(modelOf(env as Env));

/** The greedy policy of a table. @throws UserError if the table is of another environment. */
function greedyPolicy(env: Env, memory: Memory): Policy {
  const model = finiteModel(env as Env<unknown, number>);
  const Q = memory.floats("Q", () => new Float64Array(0));
  if (Q.length !== (model.states + 1) * model.actions)
    throw new UserError(
      `the table does not fit ${env.id}, which has ${model.states} states and ${model.actions} actions`,
    );
  const actions = greedyActions(model, Q);
  return { act: async (_, __, state) => actions[functionalBase(env).functional.indexOf!(state) as number] };
}
