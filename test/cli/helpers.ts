import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { buildSync } from "esbuild";
import { afterAll } from "vitest";
import { runCli } from "../../src/cli/program.ts";
import { mnistFolder } from "../../src/data/images.node.ts";

/** A folder of this test file's own, removed at its end. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "galatea-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The first `count` images of MNIST as a pair of IDX files; what to write after --data comes back. */
export function tinyMnist(folder: string, count = 300): string {
  const images = part("train-images-idx3-ubyte", 16, count * 28 * 28);
  return idxFiles(folder, [count, 28, 28], images, part("train-labels-idx1-ubyte", 8, count));
}

/** Bytes of a file of MNIST's, without the 47 MB around them. */
function part(name: string, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const file = openSync(join(mnistFolder(), name), "r");
  readSync(file, bytes, 0, length, start);
  closeSync(file);
  return bytes;
}

/** Grey images [N, H, W] and their labels [N] as a pair of IDX files. */
export function idxFiles(folder: string, shape: number[], images: Uint8Array, labels: Uint8Array): string {
  const idx = (type: number[], data: Uint8Array): Uint8Array => {
    const header = new DataView(new ArrayBuffer(4 + 4 * type.length));
    [0x0800 + type.length, ...type].forEach((v, i) => {
      header.setUint32(4 * i, v);
    });
    return Buffer.concat([new Uint8Array(header.buffer), data]);
  };
  const [a, b] = [join(folder, "images"), join(folder, "labels")];
  writeFileSync(a, idx(shape, images));
  writeFileSync(b, idx([shape[0]!], labels));
  return `idx:${a},${b}`;
}

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Run the command line in this process; `abortAfter` presses Ctrl-C once that text was printed. */
export async function cli(args: readonly string[], abortAfter?: string): Promise<Ran> {
  const texts = { out: "", err: "" };
  const interrupt = new AbortController();
  const stream = (name: "out" | "err"): NodeJS.WriteStream => {
    const pass = new PassThrough();
    pass.on("data", (chunk: Buffer) => {
      texts[name] += chunk.toString();
      if (abortAfter && texts[name].includes(abortAfter)) interrupt.abort();
    });
    return pass as unknown as NodeJS.WriteStream;
  };
  const io = { stdout: stream("out"), stderr: stream("err"), signal: interrupt.signal };
  const code = await runCli(args, io);
  return { code, ...texts };
}

export const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const root = resolve(import.meta.dirname, "../..");
const built = join(root, ".cache", `cli-${process.pid}`);
afterAll(() => rmSync(built, { recursive: true, force: true }));

/** The command line as one file, made once for a test file: it starts in a third of the time that tsx takes. */
const main = once((): string => {
  const outfile = join(built, "main.mjs");
  buildSync({
    entryPoints: [join(root, "src/cli/main.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
  return outfile;
});

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Run the command line as a process of its own, or by a launcher: ["mpirun", "-n", "2"]. */
export function spawnCli(
  args: readonly string[],
  cwd: string,
  launcher: readonly string[] = [],
): ChildProcess & { ended: Promise<Ran> } {
  const [command, ...rest] = [...launcher, process.execPath, main(), ...args];
  const child = spawn(command!, rest, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.err += chunk.toString()));
  const ended = new Promise<Ran>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ code: code ?? -1, ...texts }));
  });
  return Object.assign(child, { ended });
}
