import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import type { Data } from "../../train/examples.ts";
import { openRun, readCheckpoint } from "../../train/node.ts";
import { CLASSIFIER_OPTIONS, Classifier } from "../classifier.ts";
import { imageShapeOf } from "../coders.ts";
import { describe, type Ruler, readRuler, rulerOf } from "./ruler.ts";

/** Data sets whose ruler comes with the package. */
export const SHIPPED_RULERS = ["mnist", "fashion-mnist"] as const;

const shipped = (name: string): string =>
  fileURLToPath(new URL(`../../../assets/rulers/${name}.safetensors`, import.meta.url));

/**
 * The classifier to measure images of these data by: the one that is shipped for them, or `wanted`, which is the name
 * of a shipped one, a run of `galatea train classifier`, or a .safetensors file exported from one.
 * @throws UserError where there is none, or it is no classifier of such images.
 */
export async function openRuler(data: Data, engine: Engine, wanted: string = data.name): Promise<Ruler> {
  if ((SHIPPED_RULERS as readonly string[]).includes(wanted)) return openFile(shipped(wanted), engine);
  if (wanted.endsWith(".safetensors")) return openFile(wanted, engine);
  if (wanted === data.name)
    throw new UserError(
      `no classifier to measure images of ${data.name} comes with galatea (there is: ${SHIPPED_RULERS.join(", ")}). ` +
        `Train one, galatea train classifier --data ${data.name}, and name its run: --ruler RUN`,
    );
  return openTrained(wanted, data, engine);
}

async function openFile(file: string, engine: Engine): Promise<Ruler> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new UserError(`${file}: there is no such file`);
    throw error;
  });
  return readRuler(bytes, file, engine);
}

/** A run says its options but not its classes and images: those are the data's. */
async function openTrained(wanted: string, data: Data, engine: Engine): Promise<Ruler> {
  const run = await openRun(wanted);
  const { model, data: name, config } = run.config;
  if (model !== "classifier")
    throw new UserError(
      `${run.path} is no classifier but a run of ${model}. Train one: galatea train classifier --data ${data.name}`,
    );
  const from = await readCheckpoint(run);
  if (!from)
    throw new UserError(`${run.path} has no checkpoint yet: train it first (galatea resume ${run.path})`);
  const image = imageShapeOf(data, "the classifier");
  const { weights } = from;
  const count = weights["out.bias"]?.shape[0] ?? data.classes.length;
  const module = new Classifier(image, count, CLASSIFIER_OPTIONS.parse(config));
  module.loadStateDict(weights, { source: `${run.path}, step ${from.step}` });
  const classes =
    count === data.classes.length ? data.classes : Array.from({ length: count }, (_, i) => String(i));
  return rulerOf(module, { name, classes, image, description: `${describe(name)} in ${run.path}` }, engine);
}

/** A ruler for many jobs: opened when it is first asked for, and once. Dispose of it before the engine. */
export function rulerOnDemand(
  data: Data,
  engine: Engine,
  wanted?: string,
): { readonly ruler: () => Promise<Ruler>; readonly dispose: () => Promise<void> } {
  let opened: Promise<Ruler> | undefined;
  return {
    ruler: () => (opened ??= openRuler(data, engine, wanted)),
    dispose: async () => {
      const ruler = await opened?.catch(() => undefined);
      await ruler?.dispose();
    },
  };
}
