import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import type { NdArray } from "../../src/tensor/ndarray.ts";
import { type Ran, scratch, spawnCli, tinyMnist } from "../cli/helpers.ts";
import { mpirun, weightsOf } from "./launch.ts";

const folder = scratch();
let data = "";
beforeAll(() => {
  data = tinyMnist(folder);
});

const train = (out: string, ...more: string[]): string[] =>
  `train vae --data ${data} --width 32 --latent 3 --batch-size 16 --sample-every 100000 --checkpoint-every 10 --log-every 1 --seed 5 --out ${out}`
    .split(" ")
    .concat(more);
const parallel = ["--parallel", "mpi"];

const lines = (run: string): { step: number; loss: number }[] => {
  const file = join(folder, run, "metrics.jsonl");
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8").trim();
  return text === ""
    ? []
    : text.split("\n").map((line) => JSON.parse(line) as { step: number; loss: number });
};
const until = async (ready: () => boolean, child: { ended: Promise<Ran> }): Promise<void> => {
  let over = false;
  void child.ended.then(() => {
    over = true;
  });
  while (!ready() && !over) await setTimeout(5);
};
const steps = (run: string): number[] =>
  existsSync(join(folder, run, "checkpoints"))
    ? readdirSync(join(folder, run, "checkpoints"))
        .map(Number)
        .filter(Number.isFinite)
    : [];
const largest = (a: Readonly<Record<string, NdArray>>, b: Readonly<Record<string, NdArray>>): number =>
  Math.max(
    ...Object.entries(a).flatMap(([name, { data: values }]) =>
      Array.from(values as Float32Array, (v, i) => Math.abs(v - Number(b[name]!.data[i]))),
    ),
  );

test("two ranks of a thread are one: the same losses, the same weights", async () => {
  const one = await spawnCli(train("one", "--steps", "20", "--threads", "1"), folder).ended;
  expect(one.code, one.err).toBe(0);
  const two = await spawnCli(train("two", "--steps", "20", ...parallel), folder, mpirun(2)).ended;
  expect(two.code, two.err).toBe(0);
  expect(two.err).toMatch(/20 steps \([\d.]+ epochs\), 2 ranks, each onnxruntime-node cpu, 1 thread\n/);
  expect(two.err).toMatch(/\n2 ranks, .+ of communication and waiting for one another\n/);
  expect(lines("two").at(-1)!.loss).toBeCloseTo(lines("one").at(-1)!.loss, 3);
  const [a, b] = ["one", "two"].map((run) => weightsOf(join(folder, run), 20));
  expect(largest(a!, b!)).toBeLessThan(1e-5);
});

test("Ctrl-C saves; one rank goes on, then two: no step is lost or done twice", async () => {
  const cut = spawnCli(train("cut", "--steps", "5000", ...parallel), folder, mpirun(2));
  await until(() => lines("cut").length > 0, cut);
  cut.kill("SIGINT");
  const { err } = await cut.ended;
  expect(err).toMatch(/stopped at step [\d,]+; nothing is lost\. Continue with\n {2}galatea resume cut/);
  const at = lines("cut").at(-1)!.step;
  expect(steps("cut")).toContain(at);
  const more = ["resume", "cut", "--steps", `${at + 5}`];
  expect((await spawnCli(more, folder).ended).code).toBe(0);
  const again = ["resume", "cut", "--steps", `${at + 10}`, ...parallel];
  const third = await spawnCli(again, folder, mpirun(2)).ended;
  expect(third.code, third.err).toBe(0);
  expect(lines("cut").map(({ step }) => step)).toEqual(Array.from({ length: at + 10 }, (_, i) => i + 1));
});

test("a rank that dies ends the others, one of which says so, and where to go on", async () => {
  const child = spawnCli(train("dead", "--steps", "100000", ...parallel), folder, mpirun(2));
  await until(() => steps("dead").length > 1, child);
  const { pid } = JSON.parse(readFileSync(join(folder, "dead/lock.json"), "utf8")) as { pid: number };
  const started = performance.now();
  process.kill(pid, "SIGKILL");
  const { code, err } = await child.ended;
  expect(performance.now() - started).toBeLessThan(30_000);
  expect(code).not.toBe(0);
  expect(err.match(/has died/g)).toHaveLength(1);
  expect(err).toMatch(
    new RegExp(
      `rank 0 \\(process ${pid}\\) has died, and training stopped; the last good checkpoint is dead/checkpoints/\\d+\\. Continue`,
    ),
  );
});

/** What the ranks say, without mpirun's own remarks. */
const said = (err: string): string[] =>
  err.split("\n").filter((line) => /^(rank \d|a batch|step \d)/.test(line));

test("what all ranks meet is said once", async () => {
  const uneven = await spawnCli(train("uneven", ...parallel, "--batch-size", "15"), folder, mpirun(2)).ended;
  expect(uneven.code).not.toBe(0);
  expect(said(uneven.err)).toEqual([
    "a batch of 15 cannot be shared by 2 ranks: choose a multiple of 2 (--batch-size: examples in a batch of all ranks together), or another number of ranks",
  ]);
  const wild = await spawnCli(train("wild", ...parallel, "--lr", "1e30"), folder, mpirun(2)).ended;
  expect(wild.code).not.toBe(0);
  expect(said(wild.err)).toHaveLength(1);
  expect(said(wild.err)[0]).toMatch(/^step \d+: .* is (NaN|-?Infinity)\. Training stopped/);
});

test("run folders on storage that the ranks do not share; what one rank meets ends all", async () => {
  for (const rank of [0, 1]) mkdirSync(join(folder, `rank-${rank}`));
  const apart = [...mpirun(2), "bash", "-c", 'cd rank-$OMPI_COMM_WORLD_RANK && exec "$@"', "bash"];
  const run = await spawnCli(train("run", ...parallel, "--steps", "5"), folder, apart).ended;
  expect(run.code).not.toBe(0);
  expect(said(run.err)).toEqual([
    "rank 1 does not see run as rank 0 does: the run's folder must lie on storage that all ranks share, under the same path (--out)",
  ]);
  const lonely = [...mpirun(2), "bash", "-c", '[ $OMPI_COMM_WORLD_RANK = 0 ] || set -- "$@" --data x; exec "$@"', "bash"]; // biome-ignore format: one line
  const one = await spawnCli(train("alone", ...parallel, "--steps", "5"), folder, lonely).ended;
  expect(one.code).not.toBe(0);
  // mpirun writes of its own at the same time, between any two words.
  expect(one.err).toContain("rank 1: ");
  expect(one.err).toContain(`unknown data set "x"`);
});
