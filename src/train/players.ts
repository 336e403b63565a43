import { type Compiled, compile } from "../engine/compile.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { StateDict } from "../nn/module.ts";
import { GradientAccumulator } from "../optim/accumulator.ts";
import { clipGradNorm, globalNorm } from "../optim/clip.ts";
import { Ema } from "../optim/ema.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { grad } from "../tensor/grad.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import { type Checkpoint, type Metrics, trainable } from "./checkpoint.ts";
import type { Batch, HostBatch, Player, Task } from "./task.ts";

/** A player ready to move: its optimizer, its moving average, its compiled half-step. */
interface Seat {
  readonly player: Player;
  readonly optimizer: Optimizer;
  readonly ema: Ema | undefined;
  /** Puts the gradients of a micro-batch aside; absent where a step takes one batch. */
  readonly gather: HalfStep | undefined;
  /** Moves by the gradients put aside and those of the last micro-batch. */
  readonly move: HalfStep;
  dispose(): Promise<void>;
}

type HalfStep = Compiled<[Batch, Key, Tensor], Record<string, Tensor>>;

/** Loss → gradients → clipping → optimizer → moving average, as one program. */
function seat(player: Player, engine: Engine, accumulate: number): Seat {
  const { name, module, clip } = player;
  const parameters = module.parameters();
  const optimizer = player.optimizer(parameters);
  const ema = player.ema === undefined ? undefined : new Ema(parameters, player.ema);
  const aside = accumulate > 1 ? new GradientAccumulator(parameters) : undefined;
  const share = 1 / accumulate;
  const gather =
    aside &&
    compile(
      (batch: Batch, key: Key, step: Tensor): Record<string, Tensor> => {
        const losses = player.loss(batch, key, step);
        aside.add(grad(losses.loss, parameters), share);
        return losses;
      },
      { engine, name: `gradients of ${name}` },
    );
  const move = compile(
    (batch: Batch, key: Key, step: Tensor): Record<string, Tensor> => {
      const losses = player.loss(batch, key, step);
      const own = grad(losses.loss, parameters);
      const raw = aside?.take(own, share) ?? own;
      const { gradients, norm } =
        clip === undefined ? { gradients: raw, norm: globalNorm(raw) } : clipGradNorm(raw, clip);
      const lr = player.schedule(step);
      optimizer.step(gradients, lr);
      ema?.update(step);
      return { ...losses, grad_norm: norm, lr };
    },
    { engine, name: `training step of ${name}` },
  );
  const dispose = async (): Promise<void> => {
    await gather?.dispose();
    await move.dispose();
    aside?.release(engine);
  };
  return { player, optimizer, ema, gather, move, dispose };
}

/** The players of a task on an engine: their moves, and all their state for checkpoints. */
export class Players {
  /** Batches one step takes: each half-step of a player sees its own, or several where it accumulates. */
  readonly batchesPerStep: number;
  readonly #accumulate: number;
  readonly #task: Task;
  readonly #engine: Engine;
  readonly #seats: readonly Seat[];

  /** Gives the task's weights their first values. */
  constructor(task: Task, engine: Engine, key: Key, accumulate = 1) {
    task.module.initialize(key);
    this.#task = task;
    this.#engine = engine;
    this.#seats = task.players.map((player) => seat(player, engine, accumulate));
    this.#accumulate = accumulate;
    this.batchesPerStep = accumulate * Math.max(...task.players.map((p) => p.repeats ?? 1));
  }

  /** The moving averages in the place of the weights that have one: call it while tracing, for `substitute`. */
  averages(): ReadonlyMap<Variable, Tensor> {
    return new Map(this.#seats.flatMap(({ ema }) => (ema ? [...ema.values()] : [])));
  }

  /**
   * One step: every player in turn, each as often as it moves. Metrics are those of the last move, as means over its
   * micro-batches.
   */
  async step(batches: readonly HostBatch[], key: Key, step: number): Promise<Metrics> {
    const metrics: Record<string, number> = {};
    const n = this.#accumulate;
    for (const { player, gather, move } of this.#seats) {
      const prefix = this.#seats.length > 1 ? `${player.name}/` : "";
      const own = key.split(player.name);
      for (let turn = 0; turn < (player.repeats ?? 1); turn++) {
        const outs: Awaited<ReturnType<HalfStep>>[] = [];
        for (let i = turn * n; i < (turn + 1) * n; i++)
          outs.push(await (outs.length < n - 1 ? gather! : move)(batches[i]!, own.split(i), step));
        for (const name of Object.keys(outs.at(-1)!)) {
          const values = outs.flatMap((out) => (name in out ? [Number(out[name]!.data[0])] : []));
          metrics[prefix + name] = values.reduce((sum, v) => sum + v, 0) / values.length;
        }
      }
    }
    return metrics;
  }

  async capture(): Promise<Pick<Checkpoint, "weights" | "ema"> & { readonly optimizer: StateDict }> {
    const weights = await this.#task.module.stateDict();
    const optimizer: StateDict = {};
    for (const [name, variable] of this.#optimizerState())
      optimizer[name] = await this.#engine.state.read(variable);
    if (this.#seats.every((s) => !s.ema)) return { weights, optimizer, ema: undefined };
    const ema = { ...weights };
    for (const seat of this.#seats)
      for (const [p, average] of (await seat.ema?.read()) ?? []) ema[this.#nameOf(p)] = average;
    return { weights, optimizer, ema };
  }

  /** @throws UserError where the checkpoint is of another model or optimizer. */
  restore(from: Checkpoint): void {
    const { step, weights, ema } = from;
    const optimizer = trainable(from);
    const source = `the checkpoint of step ${step}`;
    const state = this.#optimizerState();
    const [have, want] = [Object.keys(optimizer), [...state.keys()]].map((names) => names.sort().join(", "));
    if (have !== want)
      throw new UserError(`${source} has another optimizer's state: it holds ${have}; expected is ${want}`);
    this.#task.module.loadStateDict(weights, { source });
    for (const [name, variable] of state) variable.set(optimizer[name]!);
    for (const { ema: averages } of this.#seats) averages?.write((p) => ema?.[this.#nameOf(p)]);
  }

  async dispose(): Promise<void> {
    for (const seat of this.#seats) await seat.dispose();
  }

  #optimizerState(): Map<string, Variable> {
    return new Map(
      this.#seats.flatMap(({ player, optimizer }) =>
        [...optimizer.variables].map(([name, v]) => [`${player.name}.${name}`, v] as const),
      ),
    );
  }

  /** A parameter's name in the whole module; a player's own module may be a part of it. */
  #nameOf(parameter: Variable): string {
    const entry = this.#task.module.variables().find(([, variable]) => variable === parameter);
    if (!entry) throw new Error(`${parameter.name} of a player is not in the module of the task`);
    return entry[0];
  }
}
