import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { DEVICES } from "../engine/engine.ts";
import { UserError, unknownName } from "../errors.ts";
import { sweepLeftovers, writeFileAtomic, writeFolderAtomic } from "../files/node.ts";
import type { StateDict } from "../nn/module.ts";
import { readSafeTensors, writeSafeTensors } from "../nn/safetensors.ts";
import type { Checkpoint } from "./checkpoint.ts";

const count = z.int().min(1);

/** `config.json` of a run: all that is needed to make the same numbers again. */
export const RunConfigSchema = z.strictObject({
  format: z.literal(1),
  galatea: z.string(),
  model: z.string(),
  /** Where the defaults came from, if not from the model. */
  recipe: z.string().optional(),
  data: z.string(),
  imageSize: count.optional(),
  seed: z.int().min(0),
  device: z.enum(DEVICES),
  threads: count.optional(),
  steps: count,
  batchSize: count,
  /** Runs made before there was accumulation took one batch a step. */
  accumulate: count.default(1),
  lr: z.number().positive(),
  logEvery: count,
  sampleEvery: count,
  checkpointEvery: count,
  keep: count,
  /** The model's own options. */
  config: z.record(z.string(), z.unknown()),
});
export type RunConfig = z.output<typeof RunConfigSchema>;

/** A run on disk: `config.json`, `metrics.jsonl`, TensorBoard events, `samples/`, `checkpoints/<step>/`. */
export interface RunFolder {
  readonly path: string;
  readonly config: RunConfig;
}

export const RUNS = "runs";

/** Start a run folder. One that holds a run already is refused. */
export async function createRun(path: string, config: RunConfig): Promise<RunFolder> {
  await mkdir(path, { recursive: true });
  if ((await readdir(path)).length > 0)
    throw new UserError(
      `${path} is not empty. Go on with what is there (galatea resume ${path}), or choose another folder with --out`,
    );
  await saveConfig({ path, config });
  return { path, config };
}

export const saveConfig = ({ path, config }: RunFolder): Promise<void> =>
  writeFileAtomic(join(path, "config.json"), `${JSON.stringify(config, null, 2)}\n`);

/** Runs that come with the package. */
const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));

/** Open a run by its folder, or by its name under `runs/` or among the package's examples. */
export async function openRun(name: string, root = RUNS): Promise<RunFolder> {
  for (const path of [name, join(root, name), join(EXAMPLES, name)]) {
    const text = await readIfThere(join(path, "config.json"));
    if (text !== undefined) return { path: tidy(path), config: parseConfig(text, join(path, "config.json")) };
  }
  const known = [...(await listRuns(root)), ...(await listRuns(EXAMPLES))].map((path) => basename(path));
  throw unknownName("run", name, known);
}

/** Where what is made of a run goes: into its folder, and of one that comes with the package under `runs/examples/`. */
export function outputsOf({ path }: RunFolder, root = RUNS): string {
  const name = relative(EXAMPLES, resolve(path));
  return name.startsWith("..") || isAbsolute(name) ? path : join(root, "examples", name);
}

/** The folders under `root` that hold a run. */
export async function listRuns(root = RUNS): Promise<string[]> {
  const names = await namesIn(root);
  const have = await Promise.all(names.map((name) => readIfThere(join(root, name, "config.json"))));
  return names.filter((_, i) => have[i] !== undefined).map((name) => join(root, name));
}

/** A folder for a new run: `runs/vae-mnist`, or with the first number that is free. */
export async function freeRunPath(base: string, root = RUNS): Promise<string> {
  const taken = new Set(await namesIn(root));
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  return join(root, name);
}

/** Steps of the checkpoints there are, ascending. */
export async function checkpointSteps({ path }: RunFolder): Promise<number[]> {
  const names = await namesIn(join(path, "checkpoints"));
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

export const checkpointPath = ({ path }: RunFolder, step: number): string =>
  join(path, "checkpoints", String(step));

const StateSchema = z.strictObject({
  step: z.int().min(0),
  seed: z.int().min(0),
  position: z.strictObject({ epoch: z.int().min(0), index: z.int().min(0) }),
  seconds: z.number().min(0),
  files: z.record(z.string(), z.strictObject({ bytes: z.int().min(0), sha256: z.string() })),
  /** Of the JSON of all the above. */
  sha256: z.string(),
});

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** Write a checkpoint's folder, all or nothing. state.json comes with the checksum of every other file. */
export async function writeCheckpoint(run: RunFolder, checkpoint: Checkpoint): Promise<string> {
  const { step, seed, position, seconds } = checkpoint;
  const files: Record<string, Uint8Array> = {};
  for (const part of ["weights", "ema", "optimizer"] as const)
    if (checkpoint[part]) files[`${part}.safetensors`] = writeSafeTensors(checkpoint[part]);
  const sums = Object.entries(files).map(([name, b]) => [name, { bytes: b.length, sha256: sha256(b) }]);
  const state = { step, seed, position, seconds, files: Object.fromEntries(sums) };
  const path = checkpointPath(run, step);
  const signed = { ...state, sha256: sha256(JSON.stringify(state)) };
  await writeFolderAtomic(path, { ...files, "state.json": `${JSON.stringify(signed, null, 2)}\n` });
  return path;
}

/**
 * The newest checkpoint, or that of a step; undefined where a run has none yet.
 * @throws UserError naming the file that is damaged, and the newest checkpoint before it that is not.
 */
export async function readCheckpoint(run: RunFolder, step?: number): Promise<Checkpoint | undefined> {
  const steps = await checkpointSteps(run);
  const wanted = step ?? steps.at(-1);
  if (wanted === undefined) return undefined;
  if (!steps.includes(wanted)) throw unknownName("checkpoint", String(wanted), steps.map(String));
  try {
    return await readFolder(checkpointPath(run, wanted));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const earlier of steps.filter((s) => s < wanted).reverse()) {
      const good = await readFolder(checkpointPath(run, earlier)).catch(() => undefined);
      if (good)
        throw new UserError(
          `${error.message} The checkpoint of step ${earlier} is whole: add --checkpoint ${earlier} to use it`,
        );
    }
    throw new UserError(`${error.message} There is no whole checkpoint before it`);
  }
}

async function readFolder(path: string): Promise<Checkpoint> {
  const stateFile = join(path, "state.json");
  const text = await readIfThere(stateFile);
  if (text === undefined) throw new UserError(`${stateFile} is missing: this checkpoint is damaged.`);
  const parsed = StateSchema.safeParse(tryJson(text));
  const { sha256: sum, ...body } = parsed.data ?? {};
  if (!parsed.success || sha256(JSON.stringify(body)) !== sum)
    throw new UserError(`${stateFile} is damaged: it is not what was written.`);
  const { files, sha256: _, ...state } = parsed.data;
  const read = async (part: string): Promise<StateDict | undefined> => {
    const name = `${part}.safetensors`;
    const file = join(path, name);
    const want = files[name];
    if (!want) return undefined;
    const bytes = await readFile(file).catch(() => {
      throw new UserError(`${file} is missing: this checkpoint is damaged.`);
    });
    if (bytes.length !== want.bytes)
      throw new UserError(`${file} is damaged: it has ${bytes.length} bytes, ${want.bytes} were written.`);
    if (sha256(bytes) !== want.sha256)
      throw new UserError(`${file} is damaged: its SHA-256 is not the one recorded when it was written.`);
    return readSafeTensors(bytes, file).tensors;
  };
  const [weights, ema, optimizer] = [await read("weights"), await read("ema"), await read("optimizer")];
  if (!weights) throw new UserError(`${stateFile} is damaged: it does not list weights.`);
  return { ...state, weights, ema, optimizer };
}

/**
 * Make a run go on from `step`: remove what a killed process left half-written, and take later checkpoints out
 * of the way (renamed, not deleted), so that what follows is again one history.
 */
export async function rewind(run: RunFolder, step: number): Promise<void> {
  const folder = join(run.path, "checkpoints");
  for (const place of [run.path, folder, join(run.path, "samples")]) {
    await mkdir(place, { recursive: true });
    await sweepLeftovers(place);
  }
  const names = new Set(await namesIn(folder));
  for (const later of (await checkpointSteps(run)).filter((s) => s > step)) {
    let aside = `${later}.aside`;
    for (let n = 2; names.has(aside); n++) aside = `${later}.aside-${n}`;
    await rename(join(folder, String(later)), join(folder, aside));
  }
}

function parseConfig(text: string, file: string): RunConfig {
  const other = tryJson(text) as { kind?: string; algorithm?: string; env?: string } | undefined;
  if (other?.kind === "tabular")
    throw new UserError(
      `${other.algorithm} on ${other.env}: a run of galatea rl (galatea rl play ${dirname(file)})`,
    );
  const parsed = RunConfigSchema.safeParse(tryJson(text));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new UserError(
    `${file} is not the configuration of a run${path.length ? `, at ${path.join(".")}` : ""}: ${message}`,
  );
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const tidy = (path: string): string => {
  const short = relative(process.cwd(), resolve(path));
  return short && !short.startsWith("..") ? short : resolve(path);
};

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });

const namesIn = (path: string): Promise<string[]> =>
  readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
