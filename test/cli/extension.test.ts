import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import bigrams from "../../examples/bigram.ts";
import curious from "../../examples/curious.ts";
import { CATALOG, withExtension } from "../../src/catalog.ts";
import { takeExtensions, withExtensions } from "../../src/cli/extension.ts";
import { runCli } from "../../src/cli/program.ts";
import { cli, jsonLines, scratch } from "./helpers.ts";

const folder = scratch();
const ours = await withExtension(
  await withExtension(CATALOG, curious, "examples/curious.ts"),
  bigrams as never,
  "examples/bigram.ts",
);

async function own(args: string): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: "", err: "" };
  const stream = (name: "out" | "err"): NodeJS.WriteStream => {
    const pass = new PassThrough();
    pass.on("data", (chunk: Buffer) => (texts[name] += chunk.toString()));
    return pass as unknown as NodeJS.WriteStream;
  };
  const io = { stdout: stream("out"), stderr: stream("err"), signal: new AbortController().signal };
  return { code: await runCli(args.split(" "), io, ours), ...texts };
}

test("a user's own model is trained, resumed and sampled by its name, on text", async () => {
  const text = join(folder, "abc.txt");
  writeFileSync(text, "abcabcabc abc\n".repeat(100));
  const out = join(folder, "run");
  const trained = await own(`train bigram --data text:${text} --steps 150 --window 9 --out ${out} --json`);
  expect(trained.code, trained.err).toBe(0);
  const losses = jsonLines(trained.out).flatMap((e) => (e.event === "step" ? [Number(e.loss)] : []));
  expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]!);
  const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8")) as object;
  expect(config).toMatchObject({
    model: "bigram",
    extension: "examples/bigram.ts",
    spec: { kind: "tokens", tokenizer: { symbols: ["\n", " ", "a", "b", "c"] } },
    options: { window: 9 },
  });
  const more = await own(`resume ${out} --steps 200 --json`);
  expect(more.code, more.err).toBe(0);
  // Sampling needs the vocabulary that is kept with the run, and no text.
  writeFileSync(text, "");
  const drawn = await own(`sample ${out} --length 60 --json`);
  expect(drawn.code, drawn.err).toBe(0);
  const [{ text: written }] = jsonLines(drawn.out) as [{ text: string[] }];
  expect(written[0]).toHaveLength(60);
  expect(written[0]!.split("ab").length).toBeGreaterThan(8);
  expect((await own(`sample ${out} --help`)).out).toMatch(/For bigram:[\s\S]*--length <n>/);
  expect((await own("list models")).out).toContain("which character follows which");
});

test("a run of a model that is not here says which module brought it", async () => {
  const { code, err } = await cli(["sample", join(folder, "run")]);
  expect(code).toBe(1);
  expect(err).toContain(
    'is of the model "bigram", which comes from examples/bigram.ts: name that module again (--with)',
  );
});

test("modules are named before or after the command; what they export is checked", async () => {
  expect(takeExtensions(["--with", "a.ts", "train", "x", "--with=b.js"])).toEqual({
    args: ["train", "x"],
    files: ["a.ts", "b.js"],
  });
  expect(() => takeExtensions(["train", "--with"])).toThrow("--with needs the path of your module");
  const refused = async (code: string, words: string): Promise<void> => {
    const file = join(folder, `${words.length}.mjs`);
    writeFileSync(file, code);
    await expect(withExtensions(CATALOG, [file])).rejects.toThrow(words);
  };
  await refused("export const x = 1;", "has no default export: export default { models: [myModel] }");
  await refused("throw new Error('oh');", "cannot be loaded: oh");
  await refused("export default { models: [{ name: 'vae' }] };", 'there is a model named "vae" already');
  await expect(withExtensions(CATALOG, ["no.ts"])).rejects.toThrow("no.ts: there is no such module");
});

test("what the data are not for is said by name", async () => {
  const { code, err } = await own(`train bigram --data mnist --out ${join(folder, "no")}`);
  expect({ code, err }).toMatchObject({ code: 1 });
  expect(err).toContain('bigram learns from text, and "mnist" holds images');
});

test("a user's own agent learns, goes on after Ctrl-C's checkpoint, and plays", async () => {
  const run = join(folder, "cliff");
  const trained = await own(`rl train curious --env CliffWalking-v1 --episodes 300 --out ${run}`);
  expect(trained.code, trained.err).toBe(0);
  expect(trained.out).toContain("greedy policy from the start  -13 (exact, γ = 1)");
  const more = await own(`resume ${run} --steps 400`);
  expect(more.code, more.err).toBe(0);
  expect(more.out).toContain("episodes                      400");
  expect((await own(`rl play ${run}`)).out).toContain("ended after 13 steps");
  expect((await own("rl list")).out).toContain("Q-learning that tries what it knows least");
});

test("a user's own environment is known by its name once its module is named", async () => {
  const module = join(folder, "two.mjs");
  writeFileSync(
    module,
    `import { cliffWalking } from ${JSON.stringify(new URL("../../src/rl/envs/cliff-walking.ts", import.meta.url).href)};
     export default { environments: [{ id: "MyCliff-v0", about: "a cliff of one's own", make: (o) => cliffWalking(o ?? {}, "MyCliff-v0") }] };`,
  );
  expect((await cli(["rl", "list"])).out).not.toContain("MyCliff-v0");
  const { out, code, err } = await cli(["--with", module, "rl", "list"]);
  expect(code, err).toBe(0);
  expect(out).toContain("a cliff of one's own");
  const solved = await cli([
    "--with",
    module,
    "rl",
    "solve",
    "value-iteration",
    "--env",
    "MyCliff-v0",
    "--gamma",
    "1",
  ]);
  expect(solved.out, solved.err).toContain("-13.00000");
});
