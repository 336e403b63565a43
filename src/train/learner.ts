import { type Compiled, compile } from "../engine/compile.ts";
import type { Engine } from "../engine/engine.ts";
import { GradientAccumulator } from "../optim/accumulator.ts";
import { clipGradNorm, globalNorm } from "../optim/clip.ts";
import { Ema } from "../optim/ema.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { Packing } from "../optim/packing.ts";
import { grad } from "../tensor/grad.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import { mul } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import type { Metrics } from "./checkpoint.ts";
import { ALONE, type Communicator, Sum } from "./parallel/communicator.ts";
import type { Batch, HostBatch, Player } from "./task.ts";

type Scalars = Record<string, Tensor>;
type HalfStep = Compiled<[Batch, Key, Tensor], Scalars>;

export interface LearnerOptions {
  readonly engine: Engine;
  /** Micro-batches whose gradients are averaged for one step; 1 when left out. */
  readonly accumulate?: number | undefined;
  /** The processes whose gradients are averaged; this one alone when left out. */
  readonly ranks?: Communicator | undefined;
}

/**
 * One player on an engine: loss → gradients → clipping → optimizer → moving average, as one program (`step`), or as
 * two halves (`gradients`, `apply`) between which gradients of other processes can be added. Every loop is a loop
 * around learners: supervised training, a GAN's two players, DQN, PPO. The module's weights are initialised or loaded
 * before a learner is made.
 */
export class Learner {
  readonly player: Player;
  readonly engine: Engine;
  readonly accumulate: number;
  readonly ranks: Communicator;
  readonly #sum: Sum;
  readonly #optimizer: Optimizer;
  readonly #ema: Ema | undefined;
  readonly #packing: Packing;
  readonly #accumulator: GradientAccumulator | undefined;
  readonly #gather: HalfStep;
  readonly #move: HalfStep;
  readonly #gradients: Compiled<[Batch, Key, Tensor], { losses: Scalars; packed: Tensor[] }>;
  readonly #apply: Compiled<[readonly Tensor[], Tensor, Tensor], Scalars>;

  constructor(player: Player, { engine, accumulate = 1, ranks = ALONE }: LearnerOptions) {
    const { name, module, loss } = player;
    const parameters = module.parameters();
    const share = 1 / accumulate;
    this.player = player;
    this.engine = engine;
    this.accumulate = accumulate;
    this.ranks = ranks;
    this.#sum = new Sum(ranks);
    this.#optimizer = player.optimizer(parameters);
    this.#ema = player.ema === undefined ? undefined : new Ema(parameters, player.ema);
    this.#packing = new Packing<Variable>(parameters);
    this.#accumulator = accumulate > 1 ? new GradientAccumulator(parameters) : undefined;
    this.#gather = compile(
      (batch: Batch, key: Key, step: Tensor): Scalars => {
        const losses = loss(batch, key, step);
        this.#accumulator!.add(grad(losses.loss, parameters), share);
        return losses;
      },
      { engine, name: `gradients of ${name}` },
    );
    this.#move = compile(
      (batch: Batch, key: Key, step: Tensor): Scalars => {
        const losses = loss(batch, key, step);
        const own = grad(losses.loss, parameters);
        return { ...losses, ...this.#follow(this.#accumulator?.take(own, share) ?? own, step) };
      },
      { engine, name: `training step of ${name}` },
    );
    this.#gradients = compile(
      (batch: Batch, key: Key, step: Tensor) => {
        const losses = loss(batch, key, step);
        return { losses, packed: this.#packing.pack(grad(losses.loss, parameters)) };
      },
      { engine, name: `gradients of ${name}` },
    );
    this.#apply = compile(
      (packed: readonly Tensor[], step: Tensor, share: Tensor): Scalars => {
        const gradients = this.#packing.unpack(packed.map((sum) => mul(sum, share)));
        return this.#follow(
          parameters.map((p) => gradients.get(p)!),
          step,
        );
      },
      { engine, name: `update of ${name}` },
    );
  }

  /** While tracing: clip, update the weights, update their average. */
  #follow(raw: readonly Tensor[], step: Tensor): Scalars {
    const { schedule, maxGradNorm } = this.player;
    const { gradients, norm } =
      maxGradNorm === undefined ? { gradients: raw, norm: globalNorm(raw) } : clipGradNorm(raw, maxGradNorm);
    const lr = schedule(step);
    this.#optimizer.step(gradients, lr);
    this.#ema?.update(step);
    return { grad_norm: norm, lr };
  }

  /**
   * One step over a batch, or over as many micro-batches as it accumulates. Micro-batch i draws its noise from
   * `key.split(first + i)`. Metrics are means over the micro-batches; `grad_norm` is the norm before clipping. Of several
   * ranks each passes its share of every batch, draws the noise of its share, and gets the means over all.
   */
  async step(batches: readonly HostBatch[], key: Key, step: number, first = 0): Promise<Metrics> {
    if (batches.length !== this.accumulate)
      throw new RangeError(
        `a step of ${this.player.name} takes ${this.accumulate} batches, not ${batches.length}`,
      );
    if (this.ranks.size > 1) return this.#together(batches, key, step, first);
    const outs: Readonly<Record<string, NdArray>>[] = [];
    for (const [i, batch] of batches.entries()) {
      const half = i < batches.length - 1 ? this.#gather : this.#move;
      outs.push(await half(batch, key.split(first + i), step));
    }
    return meansOf(outs);
  }

  /** A step of several ranks: gradients and metrics travel together; clipping, norms and the update follow on each rank. */
  async #together(batches: readonly HostBatch[], key: Key, step: number, first: number): Promise<Metrics> {
    const { rank, size } = this.ranks;
    let last: Awaited<ReturnType<Learner["gradients"]>> | undefined;
    for (const [i, batch] of batches.entries()) {
      const rows = Object.values(batch)[0]!.shape[0]!;
      last = await this.gradients(batch, key.split(first + i).forShare({ rank, size, rows }), step);
      const numbers = Float32Array.from(Object.values(last.metrics));
      this.#sum.add([...last.gradients.map(({ data }) => data), numbers]);
    }
    const { gradients, metrics } = last!;
    const names = Object.keys(metrics);
    const sums = await this.#sum.take([...gradients.map(({ data }) => data), names]);
    const numbers = sums.pop()!;
    // Divided where they are used, in the pass that updates the weights.
    const share = 1 / (size * batches.length);
    const packed = gradients.map(({ shape }, i) => ndarray(sums[i]!, shape));
    const moved = meansOf([await this.#apply(packed as never, step, share)]);
    return { ...Object.fromEntries(names.map((name, i) => [name, numbers[i]! * share])), ...moved };
  }

  /**
   * The first half of a step: the losses, and the gradients on the host, in the pieces that `apply` takes back. To average
   * over several micro-batches or processes, average each piece, in place if need be.
   */
  async gradients(
    batch: HostBatch,
    key: Key,
    step: number,
  ): Promise<{ readonly metrics: Metrics; readonly gradients: readonly NdArray<"float32">[] }> {
    const { losses, packed } = await this.#gradients(batch, key, step);
    return { metrics: meansOf([losses]), gradients: packed as NdArray<"float32">[] };
  }

  /** The second half: clip these gradients and update the weights. Returns `grad_norm` and `lr`. */
  async apply(gradients: readonly NdArray<"float32">[], step: number): Promise<Metrics> {
    return meansOf([await this.#apply(gradients as never, step, 1)]);
  }

  /** What the optimizer carries from step to step, by name ("exp_avg.encoder.0.weight"). */
  get state(): ReadonlyMap<string, Variable> {
    return this.#optimizer.variables;
  }

  get averages(): Ema | undefined {
    return this.#ema;
  }

  async dispose(): Promise<void> {
    for (const program of [this.#gather, this.#move, this.#gradients, this.#apply]) await program.dispose();
    this.#accumulator?.release(this.engine);
  }
}

/** The scalars named in the last output, each averaged over the outputs that have it. */
function meansOf(outs: readonly Readonly<Record<string, NdArray>>[]): Metrics {
  const metrics: Record<string, number> = {};
  for (const name of Object.keys(outs.at(-1)!)) {
    const values = outs.flatMap((out) => (name in out ? [Number(out[name]!.data[0])] : []));
    metrics[name] = values.reduce((sum, v) => sum + v, 0) / values.length;
  }
  return metrics;
}
