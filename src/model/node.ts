import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Data } from "../data/data.ts";
import { openData } from "../data/node.ts";
import { tokenizersOf } from "../data/spec.ts";
import type { Engine } from "../engine/engine.ts";
import { nodeEngine } from "../engine/onnx/node.ts";
import { fileProblem, writeFileAtomic } from "../files/node.ts";
import { createRun, openRunFolder, type RunFolder } from "../train/node.ts";
import type { ModelRun } from "../train/run-config.ts";
import { asModelRun, type Catalog } from "./catalog.ts";
import type { World } from "./contract.ts";
import { type OpenedRun, openRunOf, type WeightChoice } from "./opened.ts";
import { INDEX } from "./web.ts";

const ASSETS = new URL("../../assets/", import.meta.url);

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileProblem(error) ?? error;
  }
}

/** A `World` over Node's file system. The data set is opened once, at the first call. */
export function nodeWorld(open: () => Promise<Data>): World {
  let data: Promise<Data> | undefined;
  return {
    data: () => (data ??= open()),
    asset: (name) => bytesOf(fileURLToPath(new URL(name, ASSETS))),
    file: bytesOf,
    run: (name) => openRunFolder(name),
  };
}

export interface OpenRunOptions extends WeightChoice {
  /** Where it computes; when left out, a new engine on the device that the run was trained on. */
  readonly engine?: Engine;
}

/**
 * Open a run by its folder, or by its name under `runs/` or among the runs that come with the package, as a model
 * with its weights.
 */
export async function openRunIn(
  catalog: Catalog,
  name: string,
  { engine, ...choice }: OpenRunOptions = {},
): Promise<OpenedRun> {
  const run = await openRunFolder(name);
  const { device, threads, data, imageSize, spec } = asModelRun(run.path, run.config);
  const own = engine ?? (await nodeEngine({ device, ...(threads && { threads }) }));
  const world = nodeWorld(() =>
    openData(data, { extra: catalog.data, like: tokenizersOf(spec), ...(imageSize && { imageSize }) }),
  );
  return openRunOf(run, catalog, own, world, choice);
}

/** Write a run folder that holds only the weights in use: it can be used, but not trained further. */
export async function saveRun(path: string, opened: OpenedRun): Promise<RunFolder<ModelRun>> {
  const { config, spec, module, step, seconds } = opened;
  const weights = await module.stateDict();
  const run = await createRun(path, { ...config, spec });
  await run.writeCheckpoint({ step, seed: config.seed, seconds, tensors: { weights }, progress: {} });
  // A page cannot list the folders of a server.
  await writeFileAtomic(join(path, INDEX), `${JSON.stringify([step])}\n`);
  return run;
}
