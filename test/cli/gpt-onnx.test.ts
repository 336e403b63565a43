/** The script in examples/ that writes with an exported GPT, against `galatea sample`. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { cli, jsonLines, scratch } from "./helpers.ts";

const folder = scratch();
const [run, file] = [join(folder, "run"), join(folder, "step.onnx")];
const words = ["anna", "otto", "eve", "bob", "levelling"];

beforeAll(async () => {
  const text = join(folder, "words.txt");
  writeFileSync(text, Array.from({ length: 200 }, (_, i) => words[i % words.length]).join("\n"));
  const size =
    "--layers 2 --heads 2 --width 16 --context 12 --steps 150 --batch-size 16 --warmup 5 --lr 0.02";
  const train = [
    "train",
    "gpt",
    "--data",
    `lines:${text}`,
    ...size.split(" "),
    "--threads",
    "1",
    "--out",
    run,
  ];
  for (const args of [train, ["export", run, "--out", file]]) {
    const { code, err } = await cli(args);
    expect(code, err).toBe(0);
  }
}, 60_000);

test.each(["", "l", "ott"])("after %j it writes what galatea does", async (prompt) => {
  const sample = ["sample", run, "--count", "1", "--temperature", "0", "--prompt", prompt, "--json"];
  const { out } = await cli([...sample, "--max-new-tokens", "10", "--out", folder]);
  const [{ text }] = jsonLines(out) as [{ text: string[] }];
  const script = resolve(import.meta.dirname, "../../examples/gpt-onnx.mjs");
  const args = [file, join(run, "config.json"), "--prompt", prompt, "--temperature", "0", "--tokens", "10"];
  expect(execFileSync(process.execPath, [script, ...args], { encoding: "utf8" })).toBe(`${text[0]}\n`);
  expect(words).toContain(text[0]);
});
