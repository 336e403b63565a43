/** What pages give to copy runs, and trains as the page does. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Alignment } from "../../lab/src/alignment/alignment.ts";
import * as alignment from "../../lab/src/alignment/copies.ts";
import { USUAL } from "../../lab/src/alignment/setup.ts";
import * as digits from "../../lab/src/digits/copies.ts";
import { chainOf } from "../../lab/src/digits/settings.ts";
import type { Stepped } from "../../lab/src/experiment/protocol.ts";
import * as plane from "../../lab/src/plane/copies.ts";
import { Experiment } from "../../lab/src/plane/experiment.ts";
import { copiesOf } from "../../lab/src/sequence/copies.ts";
import { dataName, GPT, VARIANTS } from "../../lab/src/sequence/variants.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { cli } from "../cli/helpers.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "galatea-copies-"));
afterAll(() => rmSync(folder, { recursive: true }));

const STEPS = 2;
const aligned = { ...USUAL, seed: 3 };
const point = { model: "vae", data: "ring-8", seed: 1, options: { width: 16 } } as const;
const coder = { model: "vae", seed: 0, lr: 1e-3, options: { width: 16, beta: 4 } } as const;
const pairs = copiesOf(VARIANTS.dot, {
  data: dataName("sort"),
  options: { width: 16 },
  seed: 0,
  steps: STEPS,
});
const gpt = copiesOf(GPT, { data: "names", options: { residual: false }, seed: 0, steps: STEPS });
const latent = digits.latentCopies(coder, STEPS);
const chain = chainOf({ class: "7", seed: 5, steps: 2, eta: 1 });

const PROGRAMS = {
  plane: plane.programOf(point, STEPS),
  pairs: pairs.program,
  gpt: gpt.program,
  alignment: alignment.programOf(aligned, STEPS),
  latent: latent.program,
  film: digits.programOf(chain),
};
/** What each printed. */
let printed: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  const files = Object.entries(PROGRAMS).map(([name, code]) => {
    const file = join(folder, `${name}.mts`);
    writeFileSync(file, code);
    return [name, pathToFileURL(file).href] as const;
  });
  // One after another in one process: the compiler is started once.
  const runner = join(folder, "runner.mts");
  writeFileSync(
    runner,
    files.map(([name, url]) => `console.log("--- ${name}");\nawait import("${url}");`).join("\n"),
  );
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), runner], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
  });
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((done) => child.on("close", done));
  printed = Object.fromEntries(
    out
      .split(/^--- /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)]),
  );
}, 180_000);

test.each(["plane", "pairs", "gpt", "alignment", "latent"])("the program of %s trains", (name) => {
  expect(printed[name]).toMatch(/^1 \{[^}]*grad_norm[^}]*\}\n2 \{[^}]*\}\n$/m);
  expect(printed[name]).not.toContain("Error");
});

test("the program of the film makes its image", () => {
  expect(printed.film).toContain("samples");
  expect(printed.film).not.toContain("Error");
});

/** The numbers of step n, as a program prints them. */
const lossOf = (name: string, step: number, metric: string): number =>
  Number(new RegExp(`^${step} \\{[^}]*\\b${metric}: ([-\\d.e]+)`, "m").exec(printed[name]!)?.[1]);

test("a program's numbers are the page's", async () => {
  const engine = await nodeEngine({ threads: 1 });
  const open = {
    plane: await Experiment.open(point, engine),
    alignment: await Alignment.open(aligned, engine, () => undefined),
  };
  for (const [name, live] of Object.entries(open))
    for (let step = 1; step <= STEPS; step++) {
      const { metrics }: Stepped = await live.next();
      for (const metric of name === "plane" ? ["loss"] : ["reward", "kl", "entropy"])
        expect(lossOf(name, step, metric), `${name}, ${metric}`).toBeCloseTo(metrics[metric]!, 4);
    }
});

test.each([
  ["pairs", pairs.command],
  ["alignment", alignment.commandOf(aligned, STEPS)],
  ["latent", latent.command],
  ["film", digits.commandOf(chain)],
])("the command of %s runs", async (name, command) => {
  for (const line of command.split("\n")) {
    const words = line
      .replace(/^npx galatea /, "")
      .replace("runs/answers", join(folder, "answers"))
      .split(" ");
    const to = words.includes("--out") ? [] : ["--out", join(folder, `run-${name}`)];
    const { code, err } = await cli([...words, ...to]);
    expect(code, err).toBe(0);
  }
});
