import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Module, StateDict } from "../nn/module.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import { type Checkpoint, type Metrics, trainable } from "./checkpoint.ts";
import { Learner } from "./learner.ts";
import type { Communicator } from "./parallel/communicator.ts";
import type { HostBatch, Task } from "./task.ts";

/** The learners of a task, which update in turn, and their state for checkpoints. */
export class Learners {
  /** Batches per step: each update of a player has its own, or several where it accumulates. */
  readonly batchesPerStep: number;
  readonly #accumulate: number;
  readonly #task: Task;
  readonly #learners: readonly Learner[];

  constructor(task: Task, engine: Engine, accumulate = 1, ranks?: Communicator) {
    this.#task = task;
    this.#learners = task.players.map((player) => new Learner(player, { engine, accumulate, ranks }));
    this.#accumulate = accumulate;
    this.batchesPerStep = accumulate * repeatsOf(task);
  }

  /** The moving averages by the weights they replace. Call it while tracing, for `substitute`. */
  averages(): ReadonlyMap<Variable, Tensor> {
    return new Map(this.#learners.flatMap(({ averages }) => (averages ? [...averages.values()] : [])));
  }

  /** One step: every player in turn, with `repeats` updates each. Metrics are those of its last update. */
  async step(batches: readonly HostBatch[], key: Key, step: number): Promise<Metrics> {
    const metrics: Record<string, number> = {};
    const n = this.#accumulate;
    for (const learner of this.#learners) {
      const { name, repeats = 1 } = learner.player;
      const prefix = this.#learners.length > 1 ? `${name}/` : "";
      const own = key.split(name);
      for (let turn = 0; turn < repeats; turn++) {
        const first = turn * n;
        const moved = await learner.step(batches.slice(first, first + n), own, step, first);
        for (const [metric, value] of Object.entries(moved)) metrics[prefix + metric] = value;
      }
    }
    return metrics;
  }

  /** The tensors of a checkpoint. */
  capture(): Promise<Captured> {
    return captured(this.#task.module, this.#learners);
  }

  /** Of captured tensors, those that all ranks hold alike: without running statistics, which are each rank's own. */
  shared(captured: Readonly<Record<string, StateDict>>): Record<string, StateDict> {
    const learned = new Set<Variable>(this.#task.module.parameters());
    const own = this.#task.module.variables().flatMap(([name, v]) => (learned.has(v) ? [] : [name]));
    const without = (dict: StateDict): StateDict =>
      Object.fromEntries(Object.entries(dict).filter(([name]) => !own.includes(name)));
    return Object.fromEntries(Object.entries(captured).map(([group, dict]) => [group, without(dict)]));
  }

  /** @throws UserError where the checkpoint is of another model or optimizer. */
  restore(from: Checkpoint): void {
    const optimizer = trainable(from);
    const { weights, ema } = from.tensors;
    const source = `the checkpoint of step ${from.step}`;
    const state = optimizerState(this.#learners);
    const [have, want] = [Object.keys(optimizer), [...state.keys()]].map((names) => names.sort().join(", "));
    if (have !== want)
      throw new UserError(`${source} has another optimizer's state: it holds ${have}; expected ${want}`);
    this.#task.module.loadStateDict(weights, { source });
    for (const [name, variable] of state) variable.set(optimizer[name]!);
    for (const { averages } of this.#learners) averages?.write((p) => ema?.[nameIn(this.#task.module, p)]);
  }

  async dispose(): Promise<void> {
    for (const learner of this.#learners) await learner.dispose();
  }
}

type Captured = { readonly weights: StateDict } & Readonly<Record<string, StateDict>>;

/** The tensors of a checkpoint: weights, the optimizers' state, and the averages where there are any. */
export async function captured(module: Module, learners: readonly Learner[]): Promise<Captured> {
  const weights = await module.stateDict();
  const optimizer: StateDict = {};
  for (const [name, variable] of optimizerState(learners)) optimizer[name] = await variable.read();
  if (learners.every(({ averages }) => !averages)) return { weights, optimizer };
  const ema = { ...weights };
  for (const { averages } of learners)
    for (const [p, average] of (await averages?.read()) ?? []) ema[nameIn(module, p)] = average;
  return { weights, ema, optimizer };
}

const optimizerState = (learners: readonly Learner[]): Map<string, Variable> =>
  new Map(
    learners.flatMap(({ player, state }) =>
      [...state].map(([name, v]) => [`${player.name}.${name}`, v] as const),
    ),
  );

/** A parameter's name in the whole module; a player's own module may be a part of it. */
function nameIn(module: Module, parameter: Variable): string {
  const entry = module.variables().find(([, variable]) => variable === parameter);
  if (!entry) throw new Error(`${parameter.name} of a player is not in the module of the task`);
  return entry[0];
}

/** The largest number of updates per step of any player. */
export const repeatsOf = ({ players }: Pick<Task, "players">): number =>
  Math.max(...players.map(({ repeats = 1 }) => repeats));
