/** The models of the plane: which five settings they offer, what can be looked at, and how they are trained there. */
import type { Value } from "../experiment/controls.ts";
import type { MetricName } from "../experiment/metrics.ts";

export type ModelName = "ae" | "dae" | "vae" | "gan" | "ddpm";
export type DataName = "ring-8" | "gaussians-25" | "moons" | "spiral" | "drawn";
export const DATA_NAMES = [
  "ring-8",
  "gaussians-25",
  "moons",
  "spiral",
  "drawn",
] as const satisfies readonly DataName[];

/** What can be drawn over the plane. */
export const LAYERS = ["data", "samples", "grid", "field", "judge", "ways"] as const;
export type Layer = (typeof LAYERS)[number];

export interface PlaneModel {
  /** Options of the model's schema that are offered as controls; five at most. */
  readonly controls: readonly string[];
  /** Where the plane departs from the model's defaults, or says what the default for points is. */
  readonly options: Readonly<Record<string, Value>>;
  readonly training: Readonly<Record<string, Value>> & { readonly batchSize: number; readonly lr: number };
  readonly layers: readonly Layer[];
  /** Those that are seen at first. */
  readonly shown: readonly Layer[];
  /** What is drawn as the curve at first. */
  readonly curve: string;
  /** The model that it grew from, for the twin view. */
  readonly parent?: ModelName;
  /** Whether a step has two halves: two players that learn in turn. */
  readonly players: readonly string[];
  /** Its node on the map. */
  readonly node: string;
}

const BATCH = 256;

export const PLANE_MODELS: Readonly<Record<ModelName, PlaneModel>> = {
  ae: {
    controls: ["latent", "width", "depth"],
    options: { latent: 1, width: 128 },
    training: { batchSize: BATCH, lr: 2e-3 },
    layers: ["data", "samples", "grid", "field"],
    shown: ["data", "samples", "grid"],
    curve: "loss",
    players: ["autoencoder"],
    node: "ae",
  },
  dae: {
    controls: ["amount", "corruption", "latent", "width"],
    options: { latent: 2, width: 128, amount: 0.2 },
    training: { batchSize: BATCH, lr: 2e-3 },
    layers: ["data", "samples", "grid", "field"],
    shown: ["data", "field"],
    curve: "loss",
    parent: "ae",
    players: ["autoencoder"],
    node: "dae",
  },
  vae: {
    controls: ["beta", "freeBits", "latent", "width", "depth"],
    options: { latent: 2, width: 128, klWarmup: 0 },
    training: { batchSize: BATCH, lr: 5e-3 },
    layers: ["data", "samples", "grid", "field"],
    shown: ["data", "samples", "grid"],
    curve: "loss",
    parent: "ae",
    players: ["autoencoder"],
    node: "vae",
  },
  gan: {
    controls: ["loss", "discriminatorNorm", "discriminatorSteps", "minibatchStddev", "latent"],
    options: { latent: 2, discriminatorNorm: "none", minibatchStddev: true },
    training: { batchSize: 128, lr: 1e-3, beta1: 0, beta2: 0.9, cooldown: 0 },
    layers: ["data", "samples", "grid", "judge"],
    shown: ["data", "samples", "judge"],
    curve: "generator/loss",
    parent: "vae",
    players: ["discriminator", "generator"],
    node: "gan",
  },
  ddpm: {
    controls: ["prediction", "schedule", "timesteps", "width", "depth"],
    options: { unconditional: true, prediction: "v", width: 96 },
    training: { batchSize: BATCH, lr: 1e-3, ema: 0.99, warmup: 50 },
    layers: ["data", "samples", "field", "ways"],
    shown: ["data", "samples", "field"],
    curve: "loss",
    parent: "vae",
    players: ["ddpm"],
    node: "ddpm",
  },
};

export const MODEL_NAMES = Object.keys(PLANE_MODELS) as ModelName[];

/** All that decides what an experiment learns. */
export interface Setting {
  readonly model: ModelName;
  readonly data: DataName;
  /** What was drawn, where the data are "drawn": x, y, x, y … */
  readonly drawn?: readonly number[] | undefined;
  readonly seed: number;
  /** Only what differs from `options` above. */
  readonly options: Readonly<Record<string, Value>>;
}

/** How diffusion goes from noise to samples: at random (η = 1, DDPM) or by one way alone (η = 0, DDIM), and in how many steps. */
export interface Sampling {
  readonly eta: 0 | 1;
  readonly steps: number;
}

/** How a look is taken. */
export interface LookOptions {
  readonly layers: readonly Layer[];
  /** The level of noise at which the score is shown (diffusion). */
  readonly noise: number;
  readonly sampling: Sampling;
}

/** Before a visitor chooses. */
export const FIRST_LOOK: LookOptions = { layers: ["samples"], noise: 0.3, sampling: { eta: 0, steps: 20 } };

export const isUsual = ({ eta, steps }: Sampling): boolean =>
  eta === FIRST_LOOK.sampling.eta && steps === FIRST_LOOK.sampling.steps;

/** The plane as a model has it by now; arrays of x, y, x, y … */
export interface Look {
  readonly step: number;
  readonly samples: Float32Array;
  /** How they were drawn (diffusion). */
  readonly sampling?: Sampling | undefined;
  /** Lines of codes or noises, decoded, each of `points` points. */
  readonly grid?: { readonly lines: Float32Array; readonly points: number } | undefined;
  /** Arrows: from, and by how much. */
  readonly field?: { readonly at: Float32Array; readonly by: Float32Array } | undefined;
  /** How real the judge thinks each place is, 0 to 1, on `side` × `side` places of the square. */
  readonly judge?: { readonly side: number; readonly values: Float32Array } | undefined;
  /** The places of some points at each step from noise, one after another: [steps][n]. */
  readonly ways?: { readonly steps: number; readonly points: Float32Array } | undefined;
  /** Measured on the samples. */
  readonly numbers: Readonly<Partial<Record<MetricName, number>>>;
}

/** The part of the plane that is seen: both axes from −reach to reach around a centre. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly reach: number;
}
