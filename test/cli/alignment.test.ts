/** What a GPT cannot be tuned by is said before anything of a run is written. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { cli, scratch } from "./helpers.ts";

const folder = scratch();
const writer = join(folder, "writer");
const data = ["--data", "task:sort,length=3,min=3,symbols=3", "--batch-size", "8"];

beforeAll(async () => {
  const size = ["--layers", "1", "--heads", "1", "--width", "8", "--context", "12"];
  const { code, err } = await cli([
    "train",
    "sft",
    ...data,
    ...size,
    "--steps",
    "2",
    "--warmup",
    "0",
    "--out",
    writer,
  ]);
  expect(code, err).toBe(0);
});

test.each([
  ["no weights to start from", [], "rloo goes on from a model that can write already: name its run (--from)"],
  ["groups of one", ["--from", writer, "--group", "1"], "it needs at least 2 of them: --group is 1"],
  ["no room for the answers", ["--from", writer, "--max-new-tokens", "50"], "context"],
])("%s: a sentence, and no folder", async (_, args, said) => {
  const out = join(folder, "refused");
  const { code, err } = await cli(["train", "rloo", ...data, ...args, "--steps", "2", "--out", out]);
  expect(code).toBe(1);
  expect(err).toContain(said);
  expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
});
