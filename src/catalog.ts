import { type Catalog, type Extension, extended, withNames } from "./model/catalog.ts";
import { MODELS } from "./models.ts";
import { RECIPES } from "./recipes.ts";
import type { AnyAgent } from "./rl/agent.ts";
import type { EnvSpec } from "./rl/make.ts";

/** All that can be trained: models and agents. */
export interface WholeCatalog extends Catalog {
  /** The agents by their names; their modules are loaded at the first call. */
  agents(): Promise<Readonly<Record<string, AnyAgent>>>;
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
  agents: async () => {
    const [{ TABULAR_AGENTS }, { DEEP_AGENTS }] = await Promise.all([
      import("./rl/tabular/agents.ts"),
      import("./rl/deep/agents.ts"),
    ]);
    return named<AnyAgent>([...TABULAR_AGENTS, ...DEEP_AGENTS]);
  },
};

/** The catalogue with a user's own beside what it has. A name that is taken is a UserError. */
export async function withExtension(
  catalog: WholeCatalog,
  extension: WholeExtension,
  from: string,
): Promise<WholeCatalog> {
  const { environments = [], agents = [] } = extension;
  if (environments.length > 0) {
    const { register } = await import("./rl/make.ts");
    for (const spec of environments) register(spec);
  }
  const all = agents.length > 0 && withNames("agent", await catalog.agents(), agents, from);
  return { ...extended(catalog, extension, from), ...(all && { agents: async () => all }) };
}

export { MODELS, RECIPES };
