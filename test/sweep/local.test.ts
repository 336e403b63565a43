import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cli, jsonLines, scratch, spawnCli, tinyMnist } from "../cli/helpers.ts";

const folder = scratch();
const put = (name: string, value: object): string => {
  writeFileSync(join(folder, name), JSON.stringify(value));
  return join(folder, name);
};

test("a killed run is tried again, a finished one is not run twice, and the sweep's folder is all there is", async () => {
  const data = tinyMnist(folder, 64);
  const options = {
    data,
    width: 8,
    latent: 2,
    batchSize: 16,
    steps: 200,
    logEvery: 1,
    checkpointEvery: 50,
    sampleEvery: 100_000,
  };
  put("pair.yaml", { train: "vae", options, seeds: [1], parallel: 1 });
  const saved = join(folder, "runs/pair/seed-1/checkpoints/50");
  // The process of the run kills itself at its first checkpoint: so it happens there, however fast the machine is.
  writeFileSync(
    join(folder, "frail.mjs"),
    `import { existsSync, writeFileSync } from "node:fs";
     const died = ${JSON.stringify(join(folder, "died"))};
     if (process.argv.includes("--task") && !existsSync(died))
       setInterval(() => {
         if (!existsSync(${JSON.stringify(saved)})) return;
         writeFileSync(died, "");
         process.kill(process.pid, "SIGKILL");
       }, 1).unref();
     export default {};`,
  );
  const first = spawnCli(["--with", "frail.mjs", "sweep", "pair.yaml", "--json"], folder);
  const { code, err, out } = await first.ended;
  expect(code, err).toBe(0);
  const [run] = (jsonLines(out).at(-1) as { runs: Record<string, unknown>[] }).runs;
  expect(run).toMatchObject({ run: "seed-1", state: "finished", step: 200, failures: 1 });
  const steps = readFileSync(join(folder, "runs/pair/seed-1/metrics.jsonl"), "utf8").trim().split("\n");
  expect(steps.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual(
    Array.from({ length: 200 }, (_, i) => i + 1),
  );

  const before = readFileSync(join(folder, "runs/pair/attempts/seed-1.jsonl"), "utf8");
  const again = await spawnCli(["sweep", "pair"], folder).ended;
  expect(again.code, again.err).toBe(0);
  expect(again.out).toContain("| seed-1 | finished | 200 of 200 |");
  expect(readFileSync(join(folder, "runs/pair/attempts/seed-1.jsonl"), "utf8")).toBe(before);
  expect(existsSync(join(folder, "runs/pair/curves.png"))).toBe(true);
  const list = await spawnCli(["list", "runs"], folder).ended;
  expect(list.out).toMatch(/runs\/pair +sweep of vae: 1 run, 1 finished\n/);
  expect(list.out).toMatch(/runs\/pair\/seed-1 +vae on .*, finished/);
});

test("what is wrong in a file is said before anything starts", async () => {
  const said = async (value: object): Promise<string> => {
    const { code, err } = await cli(["sweep", put("bad.yaml", value)]);
    expect(code).toBe(1);
    return err;
  };
  expect(await said({ train: "vae", grid: {} })).toMatch(
    /bad.yaml: the grid is empty: give at least one option/,
  );
  expect(await said({ train: "vae", grid: { widht: [1, 2] } })).toMatch(
    /bad.yaml, run widht-1: unknown option of galatea train vae "widht"\. Known: .* Did you mean "width"\?/,
  );
  expect(await said({ train: "vae", grid: { beta: [-1] } })).toMatch(/bad.yaml, run beta--1: .*beta/);
  expect(await said({ train: "vea", seeds: [1] })).toMatch(
    /unknown model or recipe "vea".*Did you mean "vae"\?/,
  );
  expect(await said({ train: "vae", seeds: [1], colour: 1 })).toMatch(
    /bad.yaml: .*colour.*known: train, options, grid/s,
  );
  expect(await said({ train: "vae", seeds: [1], asha: { first: 10 } })).toMatch(
    /goes by val_loss, so the runs need held-out examples/,
  );
  const { err } = await cli(["sweep", join(folder, "none.yaml")]);
  expect(err).toMatch(/none.yaml is neither a sweep's file nor the name of a sweep under runs\//);
});

test("a dry run shows what would be submitted", async () => {
  const kubernetes = { image: "registry.example/galatea:1", claim: "runs" };
  const file = put("dry.yaml", {
    train: "vae",
    grid: { lr: [0.001, 0.01] },
    options: { conditional: true },
    kubernetes,
  });
  const here = await cli(["sweep", file, "--dry-run"]);
  expect(here.out).toContain("lr-0.01\n  galatea train vae --conditional --lr 0.01\n");
  expect((await cli(["sweep", file, "--dry-run", "--on", "slurm"])).out).toContain("#SBATCH --array=0-1\n");
  const manifest = JSON.parse((await cli(["sweep", file, "--dry-run", "--on", "kubernetes"])).out) as {
    spec: object;
  };
  expect(manifest.spec).toMatchObject({ completions: 2, completionMode: "Indexed" });
});
