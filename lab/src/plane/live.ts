/** The algorithms of the map that run in the plane: which model each is, with which settings. */
import type { NodeId } from "galatea/map/index.ts";
import type { Value } from "../experiment/controls.ts";
import type { ModelName } from "./models.ts";

export interface Preset {
  readonly model: ModelName;
  readonly options: Readonly<Record<string, Value>>;
}

const of = (model: ModelName, options: Preset["options"] = {}): Preset => ({ model, options });

export const LIVE: Readonly<Partial<Record<NodeId, Preset>>> = {
  ae: of("ae"),
  dae: of("dae"),
  vae: of("vae"),
  "beta-vae": of("vae", { beta: 4 }),
  "free-bits": of("vae", { freeBits: 0.5 }),
  gan: of("gan", { loss: "minimax" }),
  "non-saturating": of("gan"),
  "least-squares": of("gan", { loss: "least-squares" }),
  hinge: of("gan", { loss: "hinge" }),
  "wgan-gp": of("gan", { loss: "wgan-gp" }),
  "spectral-norm": of("gan", { discriminatorNorm: "spectral" }),
  "minibatch-stddev": of("gan"),
  ddpm: of("ddpm", { prediction: "epsilon" }),
  cosine: of("ddpm", { schedule: "cosine" }),
  "v-prediction": of("ddpm"),
  ddim: of("ddpm"),
};
