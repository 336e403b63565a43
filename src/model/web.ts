import type { Data } from "../data/data.ts";
import { createEngine, type Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { readCheckpointFiles } from "../train/checkpoint-files.ts";
import type { SavedRun } from "../train/run.ts";
import { parseRunConfig, tryJson } from "../train/run-config.ts";
import type { Catalog } from "./catalog.ts";
import type { World } from "./contract.ts";
import { type OpenedRun, openRunOf, type WeightChoice } from "./opened.ts";

/** A file of a run by its path in the run's folder ("config.json"); undefined where there is none. */
export type ReadFile = (path: string) => Promise<Uint8Array | undefined>;

export interface OpenPageOptions extends WeightChoice {
  /** Where it computes; a new engine when left out. */
  readonly engine?: Engine;
  /** The run's data set, for the commands that need it. */
  readonly data?: (() => Promise<Data>) | undefined;
  /** Where the package's `assets/` are served, for the classifiers that images are measured by. */
  readonly assets?: string | URL | undefined;
}

/** Fetch a run that is served as a folder: `openRunAt(catalog, "/runs/ddpm-mnist/")`. */
export function openRunAt(
  catalog: Pick<Catalog, "models">,
  url: string | URL,
  options: OpenPageOptions = {},
): Promise<OpenedRun> {
  const folder = String(url).replace(/\/?$/, "/");
  return open(catalog, folder, (path) => fetchIfThere(folder + path), options);
}

/** Open a run from its files, as a page gets them from a folder that was chosen or dropped. */
export function openRunFiles(
  catalog: Pick<Catalog, "models">,
  files: Iterable<File>,
  options: OpenPageOptions = {},
): Promise<OpenedRun> {
  const all = [...files].map((file) => [file.webkitRelativePath || file.name, file] as const);
  const config = all.find(([path]) => /(^|\/)config\.json$/.test(path));
  if (!config) throw new UserError("these files are not a run: there is no config.json among them");
  const root = config[0].slice(0, -"config.json".length);
  const byPath = new Map(all.map(([path, file]) => [path, file]));
  const steps = all.flatMap(([path]) => {
    const match = /^checkpoints\/(\d+)\/state\.json$/.exec(path.slice(root.length));
    return path.startsWith(root) && match ? [Number(match[1])] : [];
  });
  const read: ReadFile = async (path) => {
    const file = byPath.get(root + path);
    return file && new Uint8Array(await file.arrayBuffer());
  };
  return open(catalog, root || "the dropped run", read, options, steps);
}

async function open(
  catalog: Pick<Catalog, "models">,
  path: string,
  read: ReadFile,
  { engine, data, assets, ...choice }: OpenPageOptions,
  steps?: readonly number[],
): Promise<OpenedRun> {
  const run = await filesRun(path, read, steps);
  const own = engine ?? (await createEngine());
  return openRunOf(run, catalog, own, pageWorld({ data, assets }), choice);
}

/** A run whose files are read by their paths. */
async function filesRun(path: string, read: ReadFile, known?: readonly number[]): Promise<SavedRun> {
  const text = await read("config.json");
  if (!text) throw new UserError(`${path}config.json: there is no run here`);
  const config = parseRunConfig(new TextDecoder().decode(text), `${path}config.json`);
  const json = async (name: string): Promise<unknown> => {
    const bytes = await read(name);
    return bytes && tryJson(new TextDecoder().decode(bytes));
  };
  return {
    path,
    config,
    checkpointSteps: async () => {
      const steps = known ?? (await json(INDEX));
      if (Array.isArray(steps) && steps.every((step) => Number.isInteger(step)))
        return (steps as number[]).toSorted((a, b) => a - b);
      throw new UserError(
        `${path}${INDEX} is missing; it lists the checkpoints. Write a run to be served with galatea export (option \`format\` run)`,
      );
    },
    checkpointAt: (step) =>
      readCheckpointFiles((name) => read(`checkpoints/${step}/${name}`), `${path}checkpoints/${step}`),
    bestStep: async () => ((await json("best.json")) as { step?: number } | undefined)?.step,
  };
}

/** The list of a run's checkpoints, for places that cannot be listed. */
export const INDEX = "checkpoints/index.json";

const pageWorld = ({ data, assets }: Pick<OpenPageOptions, "data" | "assets">): World => ({
  data: () => {
    if (data) return data();
    throw new UserError(
      "this needs the run's data set, and none was given: pass `data` when the run is opened",
    );
  },
  asset: async (name) => {
    if (assets === undefined)
      throw new UserError(`this needs ${name} of the package: pass \`assets\`, where its assets/ are served`);
    const url = `${String(assets).replace(/\/?$/, "/")}${name}`;
    const bytes = await fetchIfThere(url);
    if (!bytes) throw new UserError(`${url}: there is no such file`);
    return bytes;
  },
  file: async (path) => {
    const bytes = await fetchIfThere(path);
    if (!bytes) throw new UserError(`${path}: there is no such file`);
    return bytes;
  },
  run: (name) => filesRun(name, (path) => fetchIfThere(`${name.replace(/\/?$/, "/")}${path}`)),
});

async function fetchIfThere(url: string): Promise<Uint8Array | undefined> {
  const response = await fetch(url).catch((error: Error) => {
    throw new UserError(`${url} cannot be fetched: ${error.message}`);
  });
  if (response.status === 404) return undefined;
  if (!response.ok)
    throw new UserError(
      `${url} cannot be fetched: the server answers ${response.status} ${response.statusText}`,
    );
  return new Uint8Array(await response.arrayBuffer());
}
