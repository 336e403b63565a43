/** How each model is looked at while it learns: programs compiled once, which follow its weights. */

import type { DataSpec } from "galatea/data/spec.ts";
import { type Compiled, compile } from "galatea/engine/compile.ts";
import type { Engine } from "galatea/engine/engine.ts";
import type { Autoencoder } from "galatea/generative/autoencoder.ts";
import { type DiffusionConfig, modelOf } from "galatea/generative/diffusion/config.ts";
import type { DiffusionNetwork } from "galatea/generative/diffusion/model.ts";
import { estimate } from "galatea/generative/diffusion/model.ts";
import { ddim, type SamplingPlan } from "galatea/generative/diffusion/samplers.ts";
import { noiseFor, Sampler } from "galatea/generative/diffusion/sampling.ts";
import { trajectory } from "galatea/generative/diffusion/trajectory.ts";
import type { Gan } from "galatea/generative/gan/game.ts";
import { type Codes, codesOf, span, statistics } from "galatea/generative/latent.ts";
import type { Vae } from "galatea/generative/vae.ts";
import type { Module } from "galatea/nn/module.ts";
import { type NdArray, ndarray } from "galatea/tensor/ndarray.ts";
import { hostNormal, type Key } from "galatea/tensor/random.ts";
import type { Tensor } from "galatea/tensor/tensor.ts";
import { holding, substitute } from "galatea/tensor/trace.ts";
import type { Variable } from "galatea/tensor/variable.ts";
import type { Look, LookOptions, ModelName, Sampling, View } from "./models.ts";

export const SAMPLES = 600;
/** Arrows of a field and places of the judge each way; lines of a grid each way, and points of a line. */
const [ARROWS, PLACES, LINES, POINTS] = [19, 48, 13, 40] as const;
/** Standard deviations of a grid of codes to both sides. */
const REACH = 2.5;
/** Points that diffusion draws, each in many steps; and those whose way from noise is shown. */
const [DIFFUSED, WAYS] = [400, 60] as const;

export interface Lookable {
  readonly module: Module;
  readonly options: Readonly<Record<string, unknown>>;
  readonly spec: DataSpec;
  readonly engine: Engine;
  readonly key: Key;
  readonly view: View;
  /** Real points, x, y, x, y …, by which a prior is fitted where a model has none. */
  readonly real: Float32Array;
  /** While tracing: the moving averages of the weights. */
  readonly averages: () => ReadonlyMap<Variable, Tensor>;
}

type Layers = Omit<Look, "step" | "numbers">;

export interface Looker {
  look(how: LookOptions): Promise<Layers>;
  dispose(): Promise<void>;
}

const points = (data: Float32Array, width = 2): NdArray<"float32"> =>
  ndarray(data, [data.length / width, width]);

/** A regular grid over the view, row by row from below. */
function places({ x, y, reach }: View, side: number): NdArray<"float32"> {
  const at = (i: number): number => reach * ((2 * (i + 0.5)) / side - 1);
  const data = new Float32Array(2 * side ** 2);
  for (let i = 0; i < side ** 2; i++) data.set([x + at(i % side), y + at(Math.floor(i / side))], 2 * i);
  return points(data);
}

/** Lines of a grid in the plane of codes, one after another; of one dimension a single line. */
function gridOf(latent: number, scale: (dimension: number) => readonly [number, number]): Codes | undefined {
  const at = (j: number, share: number): number => scale(j)[0] + REACH * share * scale(j)[1];
  if (latent === 1) return codesOf(span(10 * POINTS).map((t) => [at(0, t)]));
  if (latent !== 2) return undefined;
  return codesOf(
    [0, 1].flatMap((fixed) =>
      span(LINES).flatMap((line) =>
        span(POINTS).map((along) =>
          fixed === 0 ? [at(0, line), at(1, along)] : [at(0, along), at(1, line)],
        ),
      ),
    ),
  );
}

const lineLength = (latent: number): number => (latent === 1 ? 10 * POINTS : POINTS);
const floats = (array: NdArray): Float32Array => (array.data as Float32Array).slice();

/** Programs of one looker, disposed of together. */
class Programs {
  readonly #engine: Engine;
  readonly #averages: Lookable["averages"];
  readonly #all: { dispose(): Promise<void> }[] = [];

  constructor({ engine, averages }: Lookable) {
    this.#engine = engine;
    this.#averages = averages;
  }

  compile = <A extends readonly unknown[], R>(fn: (...args: A) => R, name = "look"): Compiled<A, R> => {
    const traced = (...args: A): R => substitute(this.#averages(), () => fn(...args));
    const program = compile(traced, { engine: this.#engine, name });
    this.#all.push(program);
    return program;
  };

  async dispose(): Promise<void> {
    for (const program of this.#all) await program.dispose();
  }
}

/** Autoencoders: codes drawn from their prior, or from a Gaussian that fits the codes; where they move a point. */
function latentLooker(of: Lookable): Looker {
  const model = of.module as Autoencoder | Vae;
  const { latent, prior } = model;
  const programs = new Programs(of);
  const encode = programs.compile((x: Tensor) => model.encode(x), "encoder");
  const decode = programs.compile((z: Tensor) => model.decode(z), "decoder");
  const reconstruct = programs.compile((x: Tensor) => model.decode(model.encode(x)), "reconstruction");
  return {
    dispose: () => programs.dispose(),
    async look({ layers }) {
      let known: Promise<Codes> | undefined;
      const codes = (): Promise<Codes> => (known ??= encode(points(of.real)) as Promise<Codes>);
      const z = await prior.sample(SAMPLES, latent, of.key.split("codes"), codes);
      const samples = floats(await decode(z));
      const scale = await prior.scale(async () => statistics(await codes()));
      const grid = layers.includes("grid") ? gridOf(latent, scale) : undefined;
      const at = places(of.view, ARROWS);
      const moved = layers.includes("field") && floats(await reconstruct(at));
      return {
        samples,
        grid: grid && { lines: floats(await decode(grid)), points: lineLength(latent) },
        field: moved ? { at: at.data, by: moved.map((v, i) => v - at.data[i]!) } : undefined,
      };
    },
  };
}

/** A GAN: samples, its plane of noises, and the judge's opinion of every place. */
function ganLooker(of: Lookable): Looker {
  const gan = of.module as Gan;
  const { latent } = gan;
  const programs = new Programs(of);
  const generate = programs.compile((z: Tensor) => gan.generator.forward(z, undefined), "generator");
  const judge = programs.compile(
    (x: Tensor) =>
      holding(
        gan.discriminator.variables().map(([, variable]) => variable),
        () => gan.discriminator.forward(x, undefined).scores,
      ),
    "judge",
  );
  const z = points(hostNormal(of.key.split("codes"), SAMPLES * latent), latent);
  const grid = gridOf(latent, () => [0, 1]);
  return {
    dispose: () => programs.dispose(),
    async look({ layers }) {
      const scores = layers.includes("judge") && floats(await judge(places(of.view, PLACES)));
      return {
        samples: floats(await generate(z)),
        grid:
          layers.includes("grid") && grid
            ? { lines: floats(await generate(grid)), points: lineLength(latent) }
            : undefined,
        judge: scores ? { side: PLACES, values: scores.map((s) => 1 / (1 + Math.exp(-s))) } : undefined,
      };
    },
  };
}

/** Diffusion: DDIM or DDPM from the same noises, step by step; the score at a level of noise. */
function diffusionLooker(of: Lookable): Looker {
  const model = modelOf(of.module as DiffusionNetwork, of.options as unknown as DiffusionConfig, of.spec);
  const { schedule } = model;
  const programs = new Programs(of);
  const sampler = new Sampler(model, programs.compile);
  const guess = programs.compile(
    (x: Tensor, t: Tensor, level: { signal: Tensor; noise: Tensor }) => estimate(model, x, t, level).epsilon,
    "score",
  );
  const planOf = ({ eta, steps }: Sampling): SamplingPlan => {
    const S = Math.min(steps, schedule.T);
    return ddim(schedule, trajectory({ T: schedule.T, S, spacing: "quadratic" }), { eta });
  };
  const x = noiseFor(of.key.split("codes"), [2], DIFFUSED);
  const levels = schedule.table((s, t) => s.level(t).noise);
  return {
    dispose: () => programs.dispose(),
    async look({ layers, noise, sampling }) {
      const films = [floats(x).subarray(0, 2 * WAYS)];
      let last = x;
      for await (const now of sampler.run(planOf(sampling), { x, key: of.key })) {
        last = now.x;
        films.push(floats(now.x).subarray(0, 2 * WAYS));
      }
      const t = levels.findIndex((level) => level >= noise);
      const at = places(of.view, ARROWS);
      const level = schedule.level(t < 0 ? schedule.T - 1 : t);
      const epsilon = layers.includes("field") && floats(await guess(at, t < 0 ? schedule.T - 1 : t, level));
      const ways = new Float32Array(films.length * 2 * WAYS);
      films.forEach((film, i) => {
        ways.set(film, i * 2 * WAYS);
      });
      return {
        samples: floats(last),
        sampling,
        // The score is −ε̂ / √(1 − ᾱ_t); how long an arrow is drawn is relative, so the divisor does not matter.
        field: epsilon ? { at: at.data, by: epsilon.map((e) => -e) } : undefined,
        ways: layers.includes("ways") ? { steps: films.length, points: ways } : undefined,
      };
    },
  };
}

export const LOOKERS: Readonly<Record<ModelName, (of: Lookable) => Looker>> = {
  ae: latentLooker,
  dae: latentLooker,
  vae: latentLooker,
  gan: ganLooker,
  ddpm: diffusionLooker,
};
