import { ae } from "./generative/autoencoder.ts";
import { classifier } from "./generative/classifier.ts";
import { dae } from "./generative/denoising.ts";
import { ddpm } from "./generative/diffusion/ddpm.ts";
import { dit } from "./generative/diffusion/dit.ts";
import { gan } from "./generative/gan/gan.ts";
import { vae } from "./generative/vae.ts";
import { type Catalog, type Extension, extended, withNames } from "./model/catalog.ts";
import { RECIPES } from "./recipes.ts";
import type { AnyAgent } from "./rl/agent.ts";
import { type EnvSpec, register } from "./rl/make.ts";
import { TABULAR_AGENTS } from "./rl/tabular/agents.ts";

/** Every model there is, by its name. A new one costs its own files and a line here. */
export const MODELS = { ae, dae, vae, gan, ddpm, dit, classifier } as const;

/** All that can be trained: models and agents. */
export interface WholeCatalog extends Catalog {
  readonly agents: Readonly<Record<string, AnyAgent>>;
}

/** What a user's module may export as its default. */
export interface WholeExtension extends Extension {
  readonly agents?: readonly AnyAgent[];
  /** Environments, which `make` then knows by their ids. */
  readonly environments?: readonly EnvSpec[];
}

const named = <T extends { readonly name: string }>(all: readonly T[]): Readonly<Record<string, T>> =>
  Object.fromEntries(all.map((entry) => [entry.name, entry]));

export const CATALOG: WholeCatalog = {
  models: MODELS,
  recipes: named(RECIPES),
  data: [],
  agents: named<AnyAgent>(TABULAR_AGENTS),
};

/** The catalogue with a user's own beside what it has. A name that is taken is a UserError. */
export function withExtension(catalog: WholeCatalog, extension: WholeExtension, from: string): WholeCatalog {
  for (const spec of extension.environments ?? []) register(spec);
  return {
    ...extended(catalog, extension, from),
    agents: withNames("agent", catalog.agents, extension.agents ?? [], from),
  };
}

export { RECIPES };
