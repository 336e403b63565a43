import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { CATALOG } from "../src/catalog.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { median } from "../src/generative/compare/cells.ts";
import { ddpm } from "../src/generative/diffusion/ddpm.ts";
import type { AnyModel } from "../src/model/contract.ts";
import { gpt } from "../src/sequence/gpt-model.ts";
import { ndarray } from "../src/tensor/ndarray.ts";
import { hostUniform, Key } from "../src/tensor/random.ts";
import { Learner } from "../src/train/learner.ts";
import { planFor } from "../src/train/loop.ts";
import { allReduceSeconds, line, speedup, stepSeconds, type Workload } from "../src/train/parallel/cost.ts";
import { openMpi } from "../src/train/parallel/mpi.node.ts";

/**
 * tsx bench/cost.ts: the constants of the cost model, measured on two processes of this machine: how long an all-reduce of a
 * size takes, and the line α + bytes/bandwidth through it. JSON lines.
 *
 * tsx bench/cost.ts --compute ddpm-cifar10 (or gpt2): seconds of the processor for a step of one thread with batches of one and two, and the line
 * fixed + each · batch through them, on synthetic data.
 *
 * tsx bench/cost.ts --table NAME --parameters P --batch B --fixed SECONDS --each SECONDS: what the model says of a training for 2 to
 * 1,024 ranks at 10, 100 and 400 Gbit/s with 20 µs a message; as Markdown.
 */
const { values } = parseArgs({
  options: {
    mpi: { type: "boolean", default: false },
    compute: { type: "string" },
    table: { type: "string" },
    parameters: { type: "string", default: "0" },
    batch: { type: "string", default: "1" },
    fixed: { type: "string", default: "0" },
    each: { type: "string", default: "0" },
  },
});

const SIZES = [1, 1 << 12, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 10 << 20];

async function measure(): Promise<void> {
  const ranks = await openMpi();
  for (const length of SIZES) {
    const data = new Float32Array(length).fill(1);
    const repeats = length > 1 << 19 ? 10 : 50;
    const times: number[] = [];
    for (let i = 0; i < repeats + 3; i++) {
      await ranks.barrier();
      const start = performance.now();
      await ranks.sum(data);
      if (i >= 3) times.push(performance.now() - start);
      data.fill(1);
    }
    if (ranks.rank === 0)
      console.log(JSON.stringify({ name: "all-reduce", ranks: ranks.size, bytes: 4 * length, median_ms: Number(median(times).toPrecision(3)) })); // biome-ignore format: one record
  }
  await ranks.close();
  process.exit(0);
}

function constants(): void {
  const root = process.getuid?.() === 0 ? ["--allow-run-as-root"] : [];
  const args = [...root, "-n", "2", process.execPath, "--import", "tsx", import.meta.filename, "--mpi"];
  const { stdout, stderr } = spawnSync("mpirun", args, { encoding: "utf8" });
  const lines = stdout.split("\n").filter((text) => text.startsWith("{"));
  if (lines.length === 0) throw new Error(`mpirun failed:\n${stderr}`);
  for (const text of lines) console.log(text);
  const points = lines.map((text) => JSON.parse(text) as { bytes: number; median_ms: number });
  const long = points.filter(({ bytes }) => bytes >= 1 << 20);
  const { b } = line(long.map(({ bytes, median_ms }) => [bytes, median_ms / 1000] as const));
  console.log(JSON.stringify({ name: "two processes here", latency_us: points[0]!.median_ms * 1000, bandwidth_gb_s: Number((1e-9 / b).toPrecision(3)) })); // biome-ignore format: one record
}

/** GPT-2 of 124 million parameters on windows of a quarter of its context: 256 tokens. */
const GPT2 = { layers: 12, heads: 12, width: 768, context: 256, positions: "learned", activation: "gelu" };

async function compute(name: string): Promise<void> {
  const [model, given, spec] =
    name === "gpt2"
      ? ([gpt, GPT2, { kind: "tokens", name: "synthetic", tokenizer: { kind: "words", words: Array.from({ length: 50257 }, (_, i) => `w${i}`) } }] as const) // biome-ignore format: one thing
      : ([ddpm, CATALOG.recipes["ddpm-cifar10"]!.options, { kind: "images", name: "synthetic", shape: [3, 32, 32], classes: [] }] as const); // biome-ignore format: one thing
  const key = Key.seed(0);
  const options = model.options.parse(given) as never;
  const module = (model as AnyModel).build(options, spec as never).initialize(key);
  const plan = planFor({ length: 1e6 }, { batchSize: 1, lr: 1e-4, steps: 1e6 });
  const [player] = (model as AnyModel).players(module, options, plan, spec as never);
  const engine = await nodeEngine({ threads: 1, flushDenormals: true });
  const learner = new Learner(player!, { engine });
  const points: [number, number][] = [];
  for (const rows of [1, 2]) {
    const batch =
      name === "gpt2"
        ? {
            tokens: ndarray(
              Int32Array.from({ length: rows * 257 }, (_, i) => (i * 7919) % 50257),
              [rows, 257],
            ),
          }
        : { images: ndarray(hostUniform(key, rows * 3072), [rows, 3, 32, 32]) };
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      // Of one thread, the processor's time is the step's, whatever else runs.
      const start = process.cpuUsage();
      await learner.step([batch as never], key.split(i), i);
      const { user, system } = process.cpuUsage(start);
      if (i > 0) times.push((user + system) / 1e6);
    }
    points.push([rows, Math.min(...times)]);
  }
  const { a, b } = line(points);
  console.log(JSON.stringify({ name: "compute", model: name, parameters: module.parameterCount, threads: 1, seconds: points, fixed: Number(a.toPrecision(3)), each: Number(b.toPrecision(3)) })); // biome-ignore format: one record
  process.exit(0);
}

const RANKS = [2, 4, 8, 16, 64, 256, 1024];
const GBIT = [10, 100, 400];
/** Of a message over a network of machines: what is usual for TCP; InfiniBand takes a tenth. */
const LATENCY = 20e-6;

function table(name: string): void {
  const [batch, fixed, each] = [values.batch, values.fixed, values.each].map(Number) as [
    number,
    number,
    number,
  ];
  const work: Workload = { bytes: 4 * Number(values.parameters), batch, fixed, each };
  const networks = GBIT.map((gbit) => ({ latency: LATENCY, bandwidth: (gbit * 1e9) / 8 }));
  const show = (x: number): string => Number(x.toPrecision(3)).toString();
  console.log(`${name}: one rank takes ${show(stepSeconds(1, work, networks[0]!))} s a step of ${batch}\n`);
  console.log(
    `| ranks | compute, s | ${GBIT.map((g) => `${g} Gbit/s: all-reduce, s | speed-up`).join(" | ")} |`,
  );
  console.log(`|---:|---:|${GBIT.map(() => "---:|---:|").join("")}`);
  for (const n of RANKS) {
    if (batch % n !== 0 && n > batch) continue;
    const cells = networks.map(
      (net) => `${show(allReduceSeconds(n, work.bytes, net))} | ${show(speedup(n, work, net))}`,
    );
    console.log(`| ${n} | ${show(fixed + (each * batch) / n)} | ${cells.join(" | ")} |`);
  }
}

if (values.mpi) await measure();
else if (values.compute) await compute(values.compute);
else if (values.table) table(values.table);
else constants();
