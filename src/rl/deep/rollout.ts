import { type Compiled, compile } from "../../engine/compile.ts";
import type { Engine } from "../../engine/engine.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { hostPermutation, type Key } from "../../tensor/random.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { HostBatch } from "../../train/task.ts";
import type { Rng } from "../random.ts";
import type { Rows } from "../rows.ts";
import type { ActorCritic } from "./actor-critic-network.ts";
import { shapeOf } from "./features.ts";
import { type Spaces, writeActions } from "./policy.ts";
import type { Rewards } from "./returns.ts";
import { drawCategorical, drawGaussian, drawMultiCategorical } from "./sampling.ts";
import type { Transitions, World } from "./world.ts";

/** Who acts in a rollout. */
export interface Acting {
  /** Acts once in every environment; `values`: V(s) of the states acted in. */
  step(world: World): Promise<{
    readonly taken: NdArray;
    readonly values: Float32Array;
    readonly logProbs?: Float32Array;
    readonly step: Transitions;
  }>;
  /** V of rows of features, with the actions available there; n rows a call. */
  values(rows: Float32Array, masks: Uint8Array | undefined, n: number): Promise<Float32Array>;
}

/** What a network says of rows of features, by calls with n rows each, so that one program serves. */
export async function inPieces(
  rows: Float32Array,
  n: number,
  { features: { shape, size } }: Spaces,
  network: (x: NdArray) => Promise<NdArray>,
): Promise<Float32Array> {
  const count = rows.length / size;
  let out = new Float32Array(0);
  for (let at = 0; at < count; at += n) {
    const piece = new Float32Array(n * size);
    const here = Math.min(n, count - at);
    piece.set(rows.subarray(at * size, (at + here) * size));
    const said = (await network(ndarray(piece, [n, ...shape]))).data as Float32Array;
    const width = said.length / n;
    if (at === 0) out = new Float32Array(count * width);
    out.set(said.subarray(0, here * width), at * width);
  }
  return out;
}

type Heads = { readonly out: Tensor; readonly values: Tensor; readonly logStd?: Tensor };

/** The policy at work: one call for what it says of all environments, and for the values of the states. */
export class Actor implements Acting {
  readonly #heads: Compiled<[Tensor], Heads>;
  readonly #value: Compiled<[Tensor], Tensor>;
  readonly #spaces: Spaces;
  readonly #rng: Rng;
  readonly #actions: Rows;
  readonly #taken: NdArray<"int32"> | NdArray<"float32">;
  readonly #logProbs: Float32Array;

  constructor(
    network: ActorCritic,
    { spaces, world, engine, rng }: { spaces: Spaces; world: World; engine: Engine; rng: Rng },
  ) {
    const { actions } = spaces;
    const { n } = world;
    this.#spaces = spaces;
    this.#rng = rng;
    this.#actions = world.env.makeActions();
    const shape = [n, ...shapeOf(actions)];
    this.#taken =
      actions.kind === "continuous"
        ? ndarray(new Float32Array(sizeOf(shape)), shape)
        : ndarray(new Int32Array(sizeOf(shape)), shape);
    this.#logProbs = new Float32Array(n);
    this.#heads = compile((x: Tensor): Heads => network.heads(x), { engine, name: "policy" }) as never;
    this.#value = compile((x: Tensor) => network.value(x), { engine, name: "value" });
  }

  /** Acts once in every environment. Continuous actions are clipped for the environment alone. */
  async step(
    world: World,
  ): Promise<{ taken: NdArray; logProbs: Float32Array; values: Float32Array; step: Transitions }> {
    const heads = this.#heads as unknown as (
      x: NdArray,
    ) => Promise<Record<"out" | "values" | "logStd", NdArray>>;
    const { out, values, logStd } = await heads(world.inputs());
    const said = out.data as Float32Array;
    const taken = this.#taken;
    const { actions } = this.#spaces;
    if (taken.dtype === "int32" && actions.kind === "multi")
      drawMultiCategorical(said, actions.nvec, this.#rng, taken.data, this.#logProbs);
    else if (taken.dtype === "int32")
      drawCategorical(said, world.masks, this.#rng, taken.data, this.#logProbs);
    else drawGaussian(said, logStd.data as Float32Array, this.#rng, taken.data, this.#logProbs);
    writeActions(taken.data, this.#spaces.actions, this.#actions);
    const step = world.step(this.#actions);
    return { taken, logProbs: this.#logProbs, values: values.data as Float32Array, step };
  }

  values(rows: Float32Array, _: Uint8Array | undefined, n: number): Promise<Float32Array> {
    return inPieces(rows, n, this.#spaces, this.#value as unknown as (x: NdArray) => Promise<NdArray>);
  }

  async dispose(): Promise<void> {
    await this.#heads.dispose();
    await this.#value.dispose();
  }
}

/** Arrays of a rollout, row t · n + i for step t of environment i. */
interface Columns {
  readonly observations: Float32Array;
  readonly actions: Float32Array | Int32Array;
  readonly logProbs: Float32Array;
  readonly values: Float32Array;
  readonly nextValues: Float32Array;
  readonly rewards: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly valid: Uint8Array;
  readonly masks: Float32Array;
}

/** What was experienced with one policy, to be learned from once. Actions are kept as they were drawn, not clipped. */
export class Rollout {
  readonly #spaces: Spaces;
  readonly #n: number;
  readonly #maskWidth: number;
  #columns: Columns;
  steps = 0;

  constructor(spaces: Spaces, world: World, horizon: number) {
    this.#spaces = spaces;
    this.#n = world.n;
    this.#maskWidth = spaces.masked && spaces.actions.kind === "discrete" ? spaces.actions.n : 0;
    this.#columns = this.#make(horizon);
  }

  #make(horizon: number): Columns {
    const rows = horizon * this.#n;
    const { actions, features } = this.#spaces;
    return {
      observations: new Float32Array(rows * features.size),
      actions: new (actions.kind === "continuous" ? Float32Array : Int32Array)(
        rows * sizeOf(shapeOf(actions)),
      ),
      logProbs: new Float32Array(rows),
      values: new Float32Array(rows),
      nextValues: new Float32Array(rows),
      rewards: new Float32Array(rows),
      terminated: new Uint8Array(rows),
      truncated: new Uint8Array(rows),
      valid: new Uint8Array(rows),
      masks: new Float32Array(rows * this.#maskWidth),
    };
  }

  /** Room for more steps: whole episodes have no length that is known before. */
  #grow(): void {
    const old = this.#columns;
    this.#columns = this.#make((2 * old.rewards.length) / this.#n);
    for (const [name, column] of Object.entries(this.#columns))
      column.set(old[name as keyof Columns] as never);
  }

  /** Acts until `done` says that it is enough, or the budget is used up. */
  async collect(
    world: World,
    actor: Acting,
    done: (steps: number, last: Transitions) => boolean,
  ): Promise<void> {
    const n = this.#n;
    const { size, write } = this.#spaces.features;
    /** Rows whose next state has no row of its own: before an end, and at the last step. */
    const pending: number[] = [];
    const next: Float32Array[] = [];
    const nextMasks: Uint8Array[] = [];
    const width = this.#maskWidth;
    for (this.steps = 0; world.left > 0; ) {
      if (this.steps * n === this.#columns.rewards.length) this.#grow();
      const to = this.#columns;
      const at = this.steps * n;
      to.observations.set(world.inputs().data, at * size);
      if (world.masks) to.masks.set(world.masks, at * width);
      const { taken, logProbs, values, step } = await actor.step(world);
      to.actions.set(taken.data as never, at * (taken.data.length / n));
      if (logProbs) to.logProbs.set(logProbs, at);
      to.values.set(values, at);
      to.rewards.set(step.rewards, at);
      to.terminated.set(step.terminated, at);
      to.truncated.set(step.truncated, at);
      to.valid.set(step.valid, at);
      // What came before now knows its next state's value.
      if (at > 0) for (let i = 0; i < n; i++) to.nextValues[at - n + i] = values[i]!;
      this.steps++;
      const last = done(this.steps, step) || world.left === 0;
      for (let i = 0; i < n; i++) {
        if (step.terminated[i] === 1 || step.valid[i] === 0 || !(step.truncated[i] === 1 || last)) continue;
        const row = new Float32Array(size);
        write(step.next, i, row, 0);
        pending.push(at + i);
        next.push(row);
        if (step.nextMasks) nextMasks.push(step.nextMasks.slice(i * width, (i + 1) * width));
      }
      if (last) break;
    }
    const rows = new Float32Array(next.length * size);
    for (const [i, row] of next.entries()) rows.set(row, i * size);
    const masks = width > 0 ? Uint8Array.from(nextMasks.flatMap((mask) => [...mask])) : undefined;
    const found = await actor.values(rows, masks, n);
    for (const [i, row] of pending.entries()) this.#columns.nextValues[row] = found[i]!;
  }

  get rows(): number {
    return this.steps * this.#n;
  }

  get observations(): Float32Array {
    return this.#columns.observations.subarray(0, this.rows * this.#spaces.features.size);
  }

  get valid(): Uint8Array {
    return this.#columns.valid.subarray(0, this.rows);
  }

  get values(): Float32Array {
    return this.#columns.values.subarray(0, this.rows);
  }

  get rewards(): Rewards {
    return { ...this.#columns, steps: this.steps, envs: this.#n };
  }

  /** The rows that are transitions. */
  transitions(): Int32Array {
    return Int32Array.from(
      Array.from({ length: this.rows }, (_, k) => k).filter((k) => this.#columns.valid[k] === 1),
    );
  }

  /** All transitions in batches of B, `epochs` times, each time in another order. */
  *batches(key: Key, epochs: number, B: number, advantages: Float32Array): Generator<HostBatch> {
    const rows = this.transitions();
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = hostPermutation(key.split(epoch), rows.length).map((i) => rows[i]!);
      for (let at = 0; at < order.length; at += B)
        yield this.batch(order.subarray(at, at + B), B, advantages);
    }
  }

  /** These rows as a batch of B: rows beyond them have weight 0, so that every batch has one shape. */
  batch(rows: Int32Array, B: number, advantages: Float32Array): HostBatch {
    const { observations, actions, logProbs, values, masks } = this.#columns;
    const { features, actions: space } = this.#spaces;
    const take = <T extends Float32Array | Int32Array>(from: T, width: number): T => {
      const out = new (from.constructor as new (n: number) => T)(B * width);
      for (const [b, k] of rows.entries())
        for (let j = 0; j < width; j++) out[b * width + j] = from[k * width + j]!;
      return out;
    };
    const shape = shapeOf(space);
    const A = take(advantages, 1);
    const V = take(values, 1);
    return {
      observations: ndarray(take(observations, features.size), [B, ...features.shape]),
      actions:
        actions instanceof Int32Array
          ? ndarray(take(actions, sizeOf(shape)), [B, ...shape])
          : ndarray(take(actions, sizeOf(shape)), [B, ...shape]),
      logProbs: ndarray(take(logProbs, 1)),
      values: ndarray(V),
      advantages: ndarray(A),
      // Returns: what V is to become.
      returns: ndarray(A.map((a, b) => a + V[b]!)),
      weights: ndarray(Float32Array.from({ length: B }, (_, b) => Number(b < rows.length))),
      ...(this.#maskWidth > 0 && { masks: ndarray(take(masks, this.#maskWidth), [B, this.#maskWidth]) }),
    };
  }
}
