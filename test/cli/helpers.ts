import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll } from "vitest";
import { runCli } from "../../src/cli/program.ts";
import { subset } from "../../src/data/dataset.ts";
import { openMnist } from "../../src/data/images.node.ts";

/** A folder of this test file's own, removed at its end. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "galatea-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The first `count` images of MNIST as a pair of IDX files; what to write after --data comes back. */
export async function tinyMnist(folder: string, count = 300): Promise<string> {
  const { train } = await openMnist();
  const { images, labels } = subset(train, [...Array(count).keys()]);
  return idxFiles(folder, [count, 28, 28], images, Uint8Array.from(labels!));
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

/** Run the command line as a process of its own. */
export function spawnCli(args: readonly string[], cwd: string): ChildProcess & { ended: Promise<Ran> } {
  const tsx = import.meta.resolve("tsx");
  const main = resolve(import.meta.dirname, "../../src/cli/main.ts");
  const child = spawn(process.execPath, ["--import", tsx, main, ...args], { cwd });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.err += chunk.toString()));
  const ended = new Promise<Ran>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ code: code ?? -1, ...texts }));
  });
  return Object.assign(child, { ended });
}
