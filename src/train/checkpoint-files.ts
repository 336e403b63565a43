import { z } from "zod";
import { UserError } from "../errors.ts";
import type { StateDict } from "../nn/module.ts";
import { readSafeTensors, writeSafeTensors } from "../nn/safetensors.ts";
import { type Checkpoint, PositionSchema } from "./checkpoint.ts";
import { tryJson } from "./run-config.ts";

const COMMON = {
  step: z.int().min(0),
  seed: z.int().min(0),
  seconds: z.number().min(0),
  files: z.record(z.string(), z.strictObject({ bytes: z.int().min(0), sha256: z.string() })),
  /** Checksum of the JSON of all other fields. */
  sha256: z.string(),
};
/** The checksum is that of the text, so the order of keys matters. */
const StateSchema = z.union([
  z.strictObject({ ...COMMON, progress: z.record(z.string(), z.unknown()) }),
  // Until format 2 of runs, the position in the data was all the progress there was.
  z.strictObject({ ...COMMON, position: PositionSchema }),
]);

const EXTENSION = ".safetensors";

/** SHA-256 in hexadecimal, in Node and in a page alike. */
async function sha256(bytes: Uint8Array | string): Promise<string> {
  const { subtle } = globalThis.crypto;
  if (!subtle) throw new UserError("checksums need a secure page: serve it over https, or from localhost");
  const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const digest = new Uint8Array(await subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A checkpoint as files: one for each group of tensors, and `state.json` with the checksum of every other. */
export async function checkpointFiles(
  checkpoint: Checkpoint,
): Promise<Readonly<Record<string, string | Uint8Array>>> {
  const { step, seed, seconds, progress, tensors } = checkpoint;
  const files: Record<string, Uint8Array> = {};
  for (const [group, dict] of Object.entries(tensors)) files[group + EXTENSION] = writeSafeTensors(dict);
  const sums: Record<string, { bytes: number; sha256: string }> = {};
  for (const [name, bytes] of Object.entries(files))
    sums[name] = { bytes: bytes.length, sha256: await sha256(bytes) };
  const state = { step, seed, seconds, progress, files: sums };
  const signed = { ...state, sha256: await sha256(JSON.stringify(state)) };
  return { ...files, "state.json": `${JSON.stringify(signed, null, 2)}\n` };
}

/**
 * The checkpoint in these files. `place` is where they are, for messages.
 * @throws UserError naming the file that is missing or damaged.
 */
export async function readCheckpointFiles(
  read: (name: string) => Promise<Uint8Array | undefined>,
  place: string,
): Promise<Checkpoint> {
  const stateFile = `${place}/state.json`;
  const text = await read("state.json");
  if (!text) throw new UserError(`${stateFile} is missing: this checkpoint is damaged.`);
  const json = tryJson(new TextDecoder().decode(text));
  const parsed = StateSchema.safeParse(json);
  const { sha256: sum, ...body } = (json ?? {}) as Record<string, unknown>;
  if (!parsed.success || (await sha256(JSON.stringify(body))) !== sum)
    throw new UserError(`${stateFile} is damaged: its checksum does not match.`);
  const { step, seed, seconds, files } = parsed.data;
  const progress = "progress" in parsed.data ? parsed.data.progress : { position: parsed.data.position };
  const tensors: Record<string, StateDict> = {};
  for (const [name, want] of Object.entries(files)) {
    const file = `${place}/${name}`;
    const bytes = await read(name);
    if (!bytes) throw new UserError(`${file} is missing: this checkpoint is damaged.`);
    if (bytes.length !== want.bytes)
      throw new UserError(`${file} is damaged: it has ${bytes.length} bytes, ${want.bytes} were written.`);
    if ((await sha256(bytes)) !== want.sha256)
      throw new UserError(`${file} is damaged: its SHA-256 is not the one recorded when it was written.`);
    tensors[name.slice(0, -EXTENSION.length)] = readSafeTensors(bytes, file).tensors;
  }
  const { weights } = tensors;
  if (!weights) throw new UserError(`${stateFile} is damaged: it does not list weights.`);
  return { step, seed, seconds, tensors: { ...tensors, weights }, progress };
}
