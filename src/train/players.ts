import { type Compiled, compile } from "../engine/compile.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { StateDict } from "../nn/module.ts";
import { clipGradNorm, globalNorm } from "../optim/clip.ts";
import { Ema } from "../optim/ema.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { grad } from "../tensor/grad.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import type { Checkpoint, Metrics } from "./checkpoint.ts";
import type { Batch, HostBatch, Player, Task } from "./task.ts";

/** A player ready to move: its optimizer, its moving average, its compiled half-step. */
interface Seat {
  readonly player: Player;
  readonly optimizer: Optimizer;
  readonly ema: Ema | undefined;
  readonly move: Compiled<[Batch, Key, Tensor], Record<string, Tensor>>;
}

/** Loss → gradients → clipping → optimizer → moving average, as one program. */
function seat(player: Player, engine: Engine): Seat {
  const { name, module, clip } = player;
  const parameters = module.parameters();
  const optimizer = player.optimizer(parameters);
  const ema = player.ema === undefined ? undefined : new Ema(parameters, player.ema);
  const move = compile(
    (batch: Batch, key: Key, step: Tensor): Record<string, Tensor> => {
      const losses = player.loss(batch, key, step);
      const raw = grad(losses.loss, parameters);
      const { gradients, norm } =
        clip === undefined ? { gradients: raw, norm: globalNorm(raw) } : clipGradNorm(raw, clip);
      const lr = player.schedule(step);
      optimizer.step(gradients, lr);
      ema?.update(step);
      return { ...losses, grad_norm: norm, lr };
    },
    { engine, name: `training step of ${name}` },
  );
  return { player, optimizer, ema, move };
}

/** The players of a task on an engine: their moves, and all their state for checkpoints. */
export class Players {
  /** Batches one step takes: each half-step of a player sees its own. */
  readonly batchesPerStep: number;
  readonly #task: Task;
  readonly #engine: Engine;
  readonly #seats: readonly Seat[];

  /** Gives the task's weights their first values. */
  constructor(task: Task, engine: Engine, key: Key) {
    task.module.initialize(key);
    this.#task = task;
    this.#engine = engine;
    this.#seats = task.players.map((player) => seat(player, engine));
    this.batchesPerStep = Math.max(...task.players.map((p) => p.repeats ?? 1));
  }

  /** The moving averages in the place of the weights that have one: call it while tracing, for `substitute`. */
  averages(): ReadonlyMap<Variable, Tensor> {
    return new Map(this.#seats.flatMap(({ ema }) => (ema ? [...ema.values()] : [])));
  }

  /** One step: every player in turn, each as often as it moves. Metrics are those of the last move. */
  async step(batches: readonly HostBatch[], key: Key, step: number): Promise<Metrics> {
    const metrics: Record<string, number> = {};
    for (const { player, move } of this.#seats) {
      const prefix = this.#seats.length > 1 ? `${player.name}/` : "";
      for (let turn = 0; turn < (player.repeats ?? 1); turn++) {
        const out = await move(batches[turn]!, key.split(player.name).split(turn), step);
        for (const [name, value] of Object.entries(out)) metrics[prefix + name] = Number(value.data[0]);
      }
    }
    return metrics;
  }

  async capture(): Promise<Pick<Checkpoint, "weights" | "ema" | "optimizer">> {
    const weights = await this.#task.module.stateDict(this.#engine);
    const optimizer: StateDict = {};
    for (const [name, variable] of this.#optimizerState())
      optimizer[name] = await this.#engine.state.read(variable);
    if (this.#seats.every((s) => !s.ema)) return { weights, optimizer, ema: undefined };
    const ema = { ...weights };
    for (const seat of this.#seats)
      for (const [p, average] of (await seat.ema?.read(this.#engine)) ?? []) ema[this.#nameOf(p)] = average;
    return { weights, optimizer, ema };
  }

  /** @throws UserError where the checkpoint is of another model or optimizer. */
  restore({ step, weights, ema, optimizer }: Checkpoint): void {
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
    for (const { move } of this.#seats) await move.dispose();
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
