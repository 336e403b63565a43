import { ae } from "./generative/autoencoder.ts";
import { classifier } from "./generative/classifier.ts";
import { dae } from "./generative/denoising.ts";
import { ddpm, dit } from "./generative/diffusion/definition.ts";
import { gan } from "./generative/gan/gan.ts";
import { vae } from "./generative/vae.ts";
import type { Catalog } from "./model/catalog.ts";
import { RECIPES } from "./recipes.ts";

/** Every model there is, by its name. A new one costs its own files and a line here. */
export const MODELS = { ae, dae, vae, gan, ddpm, dit, classifier } as const;

/** All that can be trained. */
export const CATALOG: Catalog = {
  models: MODELS,
  recipes: Object.fromEntries(RECIPES.map((recipe) => [recipe.name, recipe])),
  data: [],
};

export { RECIPES };
