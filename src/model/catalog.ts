import type { Data } from "../data/data.ts";
import { lookup, UserError } from "../errors.ts";
import type { SavedRun } from "../train/run.ts";
import type { ModelRun, RunConfig } from "../train/run-config.ts";
import { type AnyModel, type Listed, listed, type Recipe } from "./contract.ts";

/** A user-defined data set, opened by its name. */
export interface NamedData {
  readonly name: string;
  /** One line for lists. */
  readonly about: string;
  open(options: {
    readonly imageSize?: number;
    readonly onProgress?: (done: number, total: number) => void;
  }): Promise<Data>;
}

/** What can be trained, by name: what comes with galatea, and what a user's module adds. */
export interface Catalog {
  readonly models: Readonly<Record<string, Listed>>;
  readonly recipes: Readonly<Record<string, Recipe>>;
  readonly data: readonly NamedData[];
  /** The user's module that added to it. */
  readonly extension?: string | undefined;
}

/** What a user's module may export as its default: models, recipes and data sets, used like galatea's own. */
export interface Extension {
  readonly models?: readonly AnyModel[];
  readonly recipes?: readonly Recipe[];
  readonly data?: readonly NamedData[];
}

/** The catalogue with a user's entries added. A name that is taken is a UserError. */
export function extended<C extends Catalog>(catalog: C, extension: Extension, from: string): C {
  return {
    ...catalog,
    extension: from,
    models: withNames(
      "model",
      catalog.models,
      (extension.models ?? []).map((model) => listed<AnyModel>(model)),
      from,
    ),
    recipes: withNames("recipe", catalog.recipes, extension.recipes ?? [], from),
    data: [...catalog.data, ...(extension.data ?? [])],
  };
}

/** A table with more entries, each under its name. */
export function withNames<T extends { readonly name: string }>(
  kind: string,
  table: Readonly<Record<string, T>>,
  more: readonly T[],
  from: string,
): Readonly<Record<string, T>> {
  for (const { name } of more)
    if (Object.hasOwn(table, name))
      throw new UserError(`${from}: there is a ${kind} named "${name}" already; give yours another name`);
  return { ...table, ...Object.fromEntries(more.map((entry) => [entry.name, entry])) };
}

/** The model of a run. @throws UserError where the catalogue does not have it. */
export async function modelOfRun(
  { models }: Pick<Catalog, "models">,
  { path, config }: SavedRun,
): Promise<AnyModel> {
  const { model, extension } = asModelRun(path, config);
  if (extension !== undefined && !Object.hasOwn(models, model))
    throw new UserError(
      `${path} is of the model "${model}", which comes from ${extension}: name that module again (option \`with\`)`,
    );
  return lookup("model", models, model).load();
}

/** The configuration of a model's run. @throws UserError where it is an agent's. */
export function asModelRun(path: string, config: RunConfig): ModelRun {
  if (config.kind === "model") return config;
  throw new UserError(
    `${path} is a run of the agent ${config.agent} on ${config.env}: see galatea rl play ${path}`,
  );
}
