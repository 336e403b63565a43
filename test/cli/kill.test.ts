import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { hostUniform, Key } from "../../src/tensor/random.ts";
import { scratch, spawnCli, tinyMnist } from "./helpers.ts";

const STEPS = 120;
const [killed, stopped] = [scratch(), scratch()];

const read = (...path: string[]): string => readFileSync(join(...path), "utf8");

test("kill -9 at any moment, then resume: the same metrics to the byte, the same weights", async () => {
  const folder = killed;
  const data = tinyMnist(folder);
  const train = (out: string): string[] =>
    `train vae --data ${data} --width 32 --latent 3 --batch-size 16 --steps ${STEPS} --log-every 1 --checkpoint-every 5 --sample-every 40 --threads 2 --seed 5 --out ${out}`.split(
      " ",
    );
  const whole = await spawnCli(train("whole"), folder).ended;
  expect(whole.err + whole.out).toContain(`${STEPS} steps`);
  expect(whole.code).toBe(0);

  // Each process is killed some time after its first steps: between steps, in a step, while a checkpoint is written.
  const delays = hostUniform(Key.seed(1), 5).map((u) => 250 * u);
  let done = false;
  let kills = 0;
  for (const delay of delays) {
    const before = existsSync(join(folder, "cut/metrics.jsonl")) ? read(folder, "cut/metrics.jsonl") : "";
    const child = spawnCli(kills === 0 ? train("cut") : ["resume", "cut"], folder);
    let ended = false;
    void child.ended.then(() => {
      ended = true;
    });
    const moved = (): boolean =>
      existsSync(join(folder, "cut/metrics.jsonl")) &&
      !["", before].includes(read(folder, "cut/metrics.jsonl")) &&
      existsSync(join(folder, "cut/lock.json"));
    while (!moved() && !ended) await setTimeout(2);
    await setTimeout(delay);
    child.kill("SIGKILL");
    const { code, err } = await child.ended;
    if (code === 0) {
      done = true;
      break;
    }
    expect(err).not.toContain("Error");
    kills++;
  }
  expect(kills).toBeGreaterThan(0);
  if (!done) {
    const last = await spawnCli(["resume", "cut"], folder).ended;
    expect(last.code, last.err).toBe(0);
  }
  expect(read(folder, "cut/metrics.jsonl")).toBe(read(folder, "whole/metrics.jsonl"));
  for (const part of ["weights", "optimizer"])
    expect(
      readFileSync(join(folder, "cut/checkpoints", String(STEPS), `${part}.safetensors`)).equals(
        readFileSync(join(folder, "whole/checkpoints", String(STEPS), `${part}.safetensors`)),
      ),
    ).toBe(true);
});

test("Ctrl-C saves, says how to go on, and exits with 130", async () => {
  const folder = stopped;
  const data = tinyMnist(folder, 100);
  const args = `train ae --data ${data} --width 16 --batch-size 16 --steps 100000 --log-every 1 --checkpoint-every 100000 --sample-every 100000 --out run`;
  const child = spawnCli(args.split(" "), folder);
  while (!existsSync(join(folder, "run/metrics.jsonl")) || read(folder, "run/metrics.jsonl") === "")
    await setTimeout(5);
  child.kill("SIGINT");
  const { code, err } = await child.ended;
  expect(code).toBe(130);
  expect(err).toMatch(/stopped at step [\d,]+; nothing is lost\. Continue with\n {2}galatea resume run/);
  const lines = read(folder, "run/metrics.jsonl").trim().split("\n");
  const last = (JSON.parse(lines.at(-1)!) as { step: number }).step;
  expect(existsSync(join(folder, "run/checkpoints", String(last), "state.json"))).toBe(true);
  expect(existsSync(join(folder, "run/lock.json"))).toBe(false);
});
