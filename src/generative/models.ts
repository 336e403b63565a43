import { ae } from "./autoencoder.ts";
import { classifier } from "./classifier-definition.ts";
import { dae } from "./denoising.ts";
import { ddpm, dit } from "./diffusion/definition.ts";
import { gan } from "./gan/definition.ts";
import type { AnyModel } from "./model.ts";
import { vae } from "./vae-definition.ts";

/** Every model there is, by the name the command line knows it by. */
export const MODELS: Readonly<Record<string, AnyModel>> = { ae, dae, vae, gan, ddpm, dit, classifier };
