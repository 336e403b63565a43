/** One model that learns in the plane, step by step; wherever there is an engine. */
import { type Fetch, fetches } from "galatea/data/batches.ts";
import type { PointData } from "galatea/data/data.ts";
import type { Engine } from "galatea/engine/engine.ts";
import { UserError } from "galatea/errors.ts";
import { type Begun, begin } from "galatea/model/assemble.ts";
import type { AnyModel } from "galatea/model/contract.ts";
import { parseOptions } from "galatea/model/opened.ts";
import type { NdArray } from "galatea/tensor/ndarray.ts";
import { Key } from "galatea/tensor/random.ts";
import type { Variable } from "galatea/tensor/variable.ts";
import type { Metrics } from "galatea/train/checkpoint.ts";
import { Learner } from "galatea/train/learner.ts";
import { repeatsOf } from "galatea/train/learners.ts";
import { dataOf, firstPoints, viewOf } from "./data.ts";
import { LOOKERS, type Looker } from "./looks.ts";
import { measured } from "./measure.ts";
import {
  type Look,
  type LookOptions,
  type ModelName,
  PLANE_MODELS,
  type Setting,
  type View,
} from "./models.ts";

/** Real points that are drawn, and measured by. */
const SHOWN = 800;
/** Rates are constant: there is no end that a schedule could run to. */
const ENDLESS = 1_000_000;

export const LOADERS: Readonly<Record<ModelName, () => Promise<AnyModel>>> = {
  ae: async () => (await import("galatea/generative/autoencoder.ts")).ae,
  dae: async () => (await import("galatea/generative/denoising.ts")).dae,
  vae: async () => (await import("galatea/generative/vae.ts")).vae,
  gan: async () => (await import("galatea/generative/gan/gan.ts")).gan,
  ddpm: async () => (await import("galatea/generative/diffusion/ddpm.ts")).ddpm,
};

/** The result of a step, or of the half of one: `player` is whose turn it was. */
export interface Stepped {
  readonly step: number;
  readonly player: string | undefined;
  readonly metrics: Metrics;
}

export class Experiment {
  readonly data: PointData;
  readonly view: View;
  readonly real: Float32Array;
  readonly #begun: Begun;
  readonly #seed: number;
  readonly #learners: readonly Learner[];
  readonly #looker: Looker;
  /** What the optimizers start from. */
  readonly #first: ReadonlyMap<Variable, NdArray>;
  #feed: Iterator<Fetch>;
  #step = 0;
  /** The players that have had their turn in the step that is under way. */
  #turn = 0;
  #batches: Awaited<Fetch["batch"]>[] = [];

  static async open(setting: Setting, engine: Engine): Promise<Experiment> {
    const { model: name, seed } = setting;
    const { options, training } = PLANE_MODELS[name];
    const model = await LOADERS[name]();
    const data = dataOf(setting);
    const parsed = parseOptions(model.options, { ...options, ...setting.options });
    const begun = begin(model, {
      data,
      options: parsed as Record<string, unknown>,
      training: { lrSchedule: "constant", ...training, steps: ENDLESS },
      seed,
    });
    const real = await firstPoints(data, SHOWN);
    const learners = begun.task.players.map((player) => new Learner(player, { engine }));
    const first = new Map<Variable, NdArray>();
    for (const { state } of learners) for (const [, v] of state) first.set(v, copy(await v.read()));
    return new Experiment({ begun, data, real, engine, seed, learners, first, setting, parsed });
  }

  private constructor(of: {
    readonly begun: Begun;
    readonly data: PointData;
    readonly real: Float32Array;
    readonly engine: Engine;
    readonly seed: number;
    readonly learners: readonly Learner[];
    readonly first: ReadonlyMap<Variable, NdArray>;
    readonly setting: Setting;
    readonly parsed: unknown;
  }) {
    this.data = of.data;
    this.real = of.real;
    this.view = viewOf(of.real);
    this.#begun = of.begun;
    this.#seed = of.seed;
    this.#learners = of.learners;
    this.#first = of.first;
    this.#feed = this.#fetches();
    this.#looker = LOOKERS[of.setting.model]({
      module: of.begun.task.module,
      options: of.parsed as Readonly<Record<string, unknown>>,
      spec: of.data.spec,
      engine: of.engine,
      key: Key.seed(of.seed).split("look"),
      view: this.view,
      real: of.real,
      averages: () =>
        new Map(of.learners.flatMap(({ averages }) => (averages ? [...averages.values()] : []))),
    });
  }

  get step(): number {
    return this.#step;
  }

  #fetches(): Iterator<Fetch> {
    const { plan, sets } = this.#begun;
    return fetches(sets.train, plan.batchSize, Key.seed(this.#seed).split("data"));
  }

  /** The rest of a step: every player whose turn has not been. The numbers are those of `train` in the library. */
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
      for (let i = 0; i < repeatsOf(task); i++)
        this.#batches.push(await (this.#feed.next().value as Fetch).batch);
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

  async look(how: LookOptions): Promise<Look> {
    const layers = await this.#looker.look(how);
    return {
      step: this.#step,
      ...layers,
      numbers: measured(layers.samples, this.real, this.data, this.view.reach),
    };
  }

  /** Back to the first weights, and to the first batch. */
  rewind(): void {
    const { module } = this.#begun.task;
    module.initialize(Key.seed(this.#seed).split("weights"));
    for (const [variable, value] of this.#first) variable.set(copy(value));
    for (const { averages } of this.#learners) averages?.write((p) => p.value);
    this.#feed = this.#fetches();
    this.#step = 0;
    this.#turn = 0;
  }

  async dispose(): Promise<void> {
    await this.#looker.dispose();
    for (const learner of this.#learners) await learner.dispose();
  }
}

const copy = (value: NdArray): NdArray => ({ ...value, data: value.data.slice() }) as NdArray;
