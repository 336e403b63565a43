import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { CATALOG } from "../src/catalog.ts";
import { openData } from "../src/data/node.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { lookup } from "../src/errors.ts";
import { median } from "../src/generative/compare/cells.ts";
import { begin } from "../src/model/assemble.ts";
import { trainingOf } from "../src/model/contract.ts";
import { adamW } from "../src/optim/index.ts";
import { constant } from "../src/optim/schedules.ts";
import { type NdArray, ndarray } from "../src/tensor/ndarray.ts";
import { Key } from "../src/tensor/random.ts";
import { Learner } from "../src/train/learner.ts";
import { train } from "../src/train/loop.ts";
import { ALONE, type Communicator, shareOf } from "../src/train/parallel/communicator.ts";
import { stepSeconds } from "../src/train/parallel/cost.ts";
import { openMpi } from "../src/train/parallel/mpi.node.ts";
import { WORKLOADS } from "./step.ts";

/**
 * tsx bench/parallel.ts [--rounds 2] [--steps 7]: training steps of one rank of one thread, and of two, in turn; JSON lines, then
 * how many times the images a second two ranks train. mpirun must be there.
 *
 * The cost model's prediction for two ranks stands beside: from one rank's time for a whole batch and for half of one, and an
 * all-reduce between two processes here (bench/cost.ts).
 *
 * tsx bench/parallel.ts WORKLOAD [--mpi] [--half]: one side of it, or one rank with half of the batch.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mpi: { type: "boolean", default: false },
    half: { type: "boolean", default: false },
    rounds: { type: "string", default: "2" },
    steps: { type: "string", default: "7" },
  },
});

/** Steps of a training on these ranks: each call is one step of a batch of `images` on all ranks together. */
interface Work {
  readonly images: number;
  readonly parameters: number;
  readonly step: () => Promise<unknown>;
}

const key = Key.seed(0);

/** The rank's rows of an array [B, …]. */
function rowsOf({ data, shape, dtype }: NdArray, ranks: Pick<Communicator, "rank" | "size">): NdArray {
  const { rows, rank } = shareOf(shape[0]!, ranks);
  const row = data.length / shape[0]!;
  const part = data.slice(rank * rows * row, (rank + 1) * rows * row);
  return ndarray(part as Float32Array, [rows, ...shape.slice(1)], dtype as "float32");
}

/** The batch of one rank of two. */
const HALF = { rank: 0, size: 2 };

async function unet(ranks: Communicator): Promise<Work> {
  const { net, feeds: whole, loss } = WORKLOADS.unet!();
  const feeds = values.half ? whole.map((feed) => rowsOf(feed, HALF)) : whole;
  net.initialize(key.split("weights"));
  const batch = Object.fromEntries(feeds.map((feed, i) => [`${i}`, rowsOf(feed, ranks)]));
  const player = {
    name: "unet",
    module: net,
    loss: (batch: Record<string, never>, noise: Key) => ({ loss: loss(Object.values(batch), noise) }),
    optimizer: adamW(),
    schedule: constant(1e-3),
  };
  const engine = await nodeEngine({ threads: 1, flushDenormals: true });
  const learner = new Learner(player as never, { engine, ranks });
  let steps = 0;
  return {
    images: feeds[0]!.shape[0]!,
    parameters: net.parameterCount,
    step: () => learner.step([batch], key.split(steps), steps++),
  };
}

async function recipe(name: string, ranks: Communicator): Promise<Work> {
  const chosen = lookup("recipe", CATALOG.recipes, name);
  const model = await chosen.model.load();
  const defaults = trainingOf(model, chosen);
  const data = await openData(defaults.data);
  const batchSize = defaults.batchSize / (values.half ? 2 : 1);
  const training = { ...defaults, batchSize, epochs: undefined, steps: 100_000 };
  const { task, plan, sets } = begin(model, { options: chosen.options, data, training });
  const engine = await nodeEngine({ threads: 1, flushDenormals: true });
  const events = train({ task, plan, examples: sets.train, engine, seed: 0, ranks, sampleEvery: 1e9 });
  return {
    images: plan.batchSize,
    parameters: task.module.parameterCount,
    step: () => events.next(),
  };
}

async function side(name: string): Promise<void> {
  const mpi = values.mpi ? await openMpi() : undefined;
  const ranks = mpi ?? ALONE;
  const { images, parameters, step } = name === "unet" ? await unet(ranks) : await recipe(name, ranks);
  for (let i = 0; i < 3; i++) await step();
  const times: number[] = [];
  const waited = ranks.waited;
  for (let i = 0; i < Number(values.steps); i++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  const total = times.reduce((a, b) => a + b, 0);
  if (ranks.rank === 0) {
    const ms = median(times);
    const communication = (ranks.waited - waited) / total;
    const about = { workload: name, parameters, batch: images, ranks: ranks.size, threads: 1 };
    console.log(JSON.stringify({ name: "parallel training step", ...about, median_ms: round(ms), images_per_second: round((1000 * images) / ms), communication: round(communication) })); // biome-ignore format: one record
  }
  await mpi?.close();
  process.exit(0);
}

const round = (x: number): number => Number(x.toPrecision(4));

type Line = Record<string, unknown>;

function run(command: string, args: readonly string[]): Line {
  const ran = spawnSync(command, args, { encoding: "utf8" });
  const line = ran.stdout?.split("\n").find((text) => text.startsWith("{"));
  if (!line) throw new Error(`${command} ${args.join(" ")} failed:\n${ran.stderr || ran.error?.message}`);
  console.log(line);
  return JSON.parse(line) as Line;
}

/** In turn, so that what slows the machine for a while slows both. */
function compare(name: string): void {
  const own = [process.execPath, "--import", "tsx", import.meta.filename, name, "--steps", values.steps];
  const root = process.getuid?.() === 0 ? ["--allow-run-as-root"] : [];
  const sides: [Line[], Line[]] = [[], []];
  for (let i = 0; i < Number(values.rounds); i++) {
    sides[0].push(run(own[0]!, own.slice(1)));
    sides[1].push(run("mpirun", [...root, "-n", "2", ...own, "--mpi"]));
  }
  const of = (lines: readonly Line[], field: string): number =>
    median(lines.map((line) => line[field] as number));
  const [one, two] = sides.map((lines) => of(lines, "images_per_second"));
  const half = run(own[0]!, [...own.slice(1), "--half"]).median_ms as number;
  const { batch, parameters } = sides[0][0] as { batch: number; parameters: number };
  const each = (of(sides[0], "median_ms") - half) / (batch / 2);
  const work = { bytes: 4 * parameters, batch, fixed: half - (each * batch) / 2, each };
  // Milliseconds, and bytes a millisecond: bench/cost.ts, two processes here.
  const predicted = stepSeconds(2, work, { latency: 0.0022, bandwidth: 1.92e6 });
  console.log(JSON.stringify({ name: "two ranks over one", workload: name, images_per_second: round(two! / one!), predicted_ms: round(predicted), measured_ms: round(of(sides[1], "median_ms")) })); // biome-ignore format: one record
}

if (positionals.length > 0) for (const name of positionals) await side(name);
else for (const name of ["unet", "ddpm-mnist"]) compare(name);
