import { ae } from "./autoencoder.ts";
import { dae } from "./denoising.ts";
import { ddpm, dit } from "./diffusion/definition.ts";
import type { AnyModel } from "./model.ts";
import { vae } from "./vae-definition.ts";

/** Every model there is, by the name the command line knows it by. */
export const MODELS: Readonly<Record<string, AnyModel>> = { ae, dae, vae, ddpm, dit };
