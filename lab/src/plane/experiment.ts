/** One model that learns in the plane, step by step; wherever there is an engine. */
import type { PointData } from "galatea/data/data.ts";
import type { Engine } from "galatea/engine/engine.ts";
import { begin } from "galatea/model/assemble.ts";
import type { AnyModel } from "galatea/model/contract.ts";
import { parseOptions } from "galatea/model/opened.ts";
import { Key } from "galatea/tensor/random.ts";
import type { ModelRun } from "galatea/train/run-config.ts";
import type { Kinds, Stepped } from "../experiment/protocol.ts";
import type { Live } from "../experiment/serve.ts";
import { ENDLESS, Trainee } from "../experiment/trainee.ts";
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
import { configOf, type RunFiles, runFiles } from "./run-files.ts";

export interface PlaneKinds extends Kinds {
  readonly setting: Setting;
  readonly opened: { readonly view: View; readonly real: Float32Array };
  readonly how: LookOptions;
  readonly look: Look;
  readonly ask: "run";
  /** The files of a run's folder, but for its metrics, which the page has. */
  readonly answer: { readonly step: number; readonly files: RunFiles };
}

/** Real points that are drawn, and measured by. */
const SHOWN = 800;

export const LOADERS: Readonly<Record<ModelName, () => Promise<AnyModel>>> = {
  ae: async () => (await import("galatea/generative/autoencoder.ts")).ae,
  dae: async () => (await import("galatea/generative/denoising.ts")).dae,
  vae: async () => (await import("galatea/generative/vae.ts")).vae,
  gan: async () => (await import("galatea/generative/gan/gan.ts")).gan,
  ddpm: async () => (await import("galatea/generative/diffusion/ddpm.ts")).ddpm,
};

export class Experiment implements Live<PlaneKinds> {
  readonly data: PointData;
  readonly view: View;
  readonly real: Float32Array;
  readonly #trainee: Trainee;
  readonly #looker: Looker;
  readonly #config: ModelRun;

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
    const trainee = await Trainee.open(begun, { engine, seed });
    const view = viewOf(real);
    const looker = LOOKERS[name]({
      module: begun.task.module,
      options: parsed as Readonly<Record<string, unknown>>,
      spec: data.spec,
      engine,
      key: Key.seed(seed).split("look"),
      view,
      real,
      averages: () => trainee.averages(),
    });
    const config = configOf(model, { data, options: parsed, training, seed });
    return new Experiment({ data, view, real, trainee, looker, config });
  }

  private constructor(of: {
    readonly data: PointData;
    readonly view: View;
    readonly real: Float32Array;
    readonly trainee: Trainee;
    readonly looker: Looker;
    readonly config: ModelRun;
  }) {
    this.data = of.data;
    this.view = of.view;
    this.real = of.real;
    this.#trainee = of.trainee;
    this.#looker = of.looker;
    this.#config = of.config;
  }

  get step(): number {
    return this.#trainee.step;
  }

  next(): Promise<Stepped> {
    return this.#trainee.next();
  }

  half(): Promise<Stepped> {
    return this.#trainee.half();
  }

  async look(how: LookOptions): Promise<Look> {
    const layers = await this.#looker.look(how);
    return {
      step: this.step,
      ...layers,
      numbers: measured(layers.samples, this.real, this.data, this.view.reach),
    };
  }

  async ask(_: "run", answer: (part: PlaneKinds["answer"]) => void): Promise<void> {
    answer({ step: this.step, files: await runFiles(this.#config, await this.#trainee.checkpoint()) });
  }

  rewind(): void {
    this.#trainee.rewind();
  }

  async dispose(): Promise<void> {
    await this.#looker.dispose();
    await this.#trainee.dispose();
  }
}
