/** A model that learns step by step, and can go back to its beginning. The numbers are those of `train` in the library. */
import { type Fetch, fetches, type Position, START } from "galatea/data/batches.ts";
import type { Examples } from "galatea/data/data.ts";
import type { Engine } from "galatea/engine/engine.ts";
import { UserError } from "galatea/errors.ts";
import type { Begun } from "galatea/model/assemble.ts";
import type { NdArray } from "galatea/tensor/ndarray.ts";
import { Key } from "galatea/tensor/random.ts";
import type { Tensor } from "galatea/tensor/tensor.ts";
import type { Variable } from "galatea/tensor/variable.ts";
import type { Checkpoint } from "galatea/train/checkpoint.ts";
import { Learner } from "galatea/train/learner.ts";
import { captured, repeatsOf } from "galatea/train/learners.ts";
import type { Stepped } from "./protocol.ts";

/** Rates are constant: there is no end that a schedule could run to. */
export const ENDLESS = 1_000_000;

interface How {
  readonly engine: Engine;
  readonly seed: number;
  /** What is learned from, where it is not the model's own choice. */
  readonly examples?: Examples;
}

export class Trainee {
  readonly #begun: Begun;
  readonly #examples: Examples;
  readonly #seed: number;
  readonly #learners: readonly Learner[];
  /** What the optimizers start from. */
  readonly #first: ReadonlyMap<Variable, NdArray>;
  #feed: Iterator<Fetch>;
  #position: Position = START;
  #step = 0;
  /** The players that have had their turn in the step that is under way. */
  #turn = 0;
  #batches: Awaited<Fetch["batch"]>[] = [];

  static async open(begun: Begun, how: How): Promise<Trainee> {
    const learners = begun.task.players.map((player) => new Learner(player, { engine: how.engine }));
    const first = new Map<Variable, NdArray>();
    for (const { state } of learners) for (const [, v] of state) first.set(v, copy(await v.read()));
    return new Trainee(begun, how, learners, first);
  }

  private constructor(
    begun: Begun,
    { seed, examples = begun.sets.train }: How,
    learners: readonly Learner[],
    first: ReadonlyMap<Variable, NdArray>,
  ) {
    this.#begun = begun;
    this.#examples = examples;
    this.#seed = seed;
    this.#learners = learners;
    this.#first = first;
    this.#feed = this.#fetches();
  }

  get step(): number {
    return this.#step;
  }

  /** As `train` saves it. Between the turns of two players, the weights alone: from there no run goes on. */
  async checkpoint(): Promise<Checkpoint> {
    const { optimizer, ...tensors } = await captured(this.#begun.task.module, this.#learners);
    const whole = this.#turn === 0 && optimizer !== undefined;
    return {
      step: this.#step,
      seed: this.#seed,
      seconds: 0,
      tensors: (whole ? { ...tensors, optimizer } : tensors) as Checkpoint["tensors"],
      progress: whole ? { position: this.#position } : {},
    };
  }

  /** While tracing: the moving averages of the weights. */
  averages(): ReadonlyMap<Variable, Tensor> {
    return new Map(this.#learners.flatMap(({ averages }) => (averages ? [...averages.values()] : [])));
  }

  #fetches(): Iterator<Fetch> {
    return fetches(this.#examples, this.#begun.plan.batchSize, Key.seed(this.#seed).split("data"));
  }

  /** The rest of a step: every player whose turn has not been. */
  async next(): Promise<Stepped> {
    const metrics: Record<string, number> = {};
    for (let done = false; !done; ) {
      const half = await this.half();
      Object.assign(metrics, half.metrics);
      done = this.#turn === 0;
    }
    return { step: this.#step, player: undefined, metrics };
  }

  /** One player's turn. */
  async half(): Promise<Stepped> {
    const { task } = this.#begun;
    if (this.#turn === 0) {
      this.#batches = [];
      for (let i = 0; i < repeatsOf(task); i++) {
        const fetch = this.#feed.next().value as Fetch;
        this.#batches.push(await fetch.batch);
        this.#position = fetch.next;
      }
    }
    const learner = this.#learners[this.#turn]!;
    const { name, repeats = 1 } = learner.player;
    const prefix = this.#learners.length > 1 ? `${name}/` : "";
    const key = Key.seed(this.#seed).split(this.#step).split(name);
    const metrics: Record<string, number> = {};
    for (let i = 0; i < repeats; i++) {
      const moved = await learner.step(this.#batches.slice(i, i + 1), key, this.#step, i);
      for (const [metric, value] of Object.entries(moved)) metrics[prefix + metric] = value;
    }
    const bad = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
    if (bad)
      throw new UserError(
        `step ${this.#step + 1}: ${bad[0]} is ${bad[1]}, and what follows would be meaningless. Rewind, or change a setting`,
      );
    this.#turn = (this.#turn + 1) % this.#learners.length;
    if (this.#turn === 0) this.#step++;
    return { step: this.#step, player: name, metrics };
  }

  /** Back to the first weights, and to the first batch. */
  rewind(): void {
    const { module } = this.#begun.task;
    module.initialize(Key.seed(this.#seed).split("weights"));
    for (const [variable, value] of this.#first) variable.set(copy(value));
    for (const { averages } of this.#learners) averages?.write((p) => p.value);
    this.#feed = this.#fetches();
    this.#position = START;
    this.#step = 0;
    this.#turn = 0;
  }

  async dispose(): Promise<void> {
    for (const learner of this.#learners) await learner.dispose();
  }
}

const copy = (value: NdArray): NdArray => ({ ...value, data: value.data.slice() }) as NdArray;
