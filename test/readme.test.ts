import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { CATALOG } from "../src/catalog.ts";
import { kebab } from "../src/cli/flags.ts";
import { cli } from "./cli/helpers.ts";

/** Pages whose code must run as it stands. */
const PAGES = [
  "README.md",
  "docs/getting-started.md",
  "docs/autoencoders.md",
  "docs/diffusion.md",
  "docs/gan.md",
  "docs/export-sampler.md",
  "docs/metrics.md",
  "docs/sequence.md",
];
const root = resolve(import.meta.dirname, "..");

const blocks = (page: string, language: string): string[] =>
  [
    ...readFileSync(join(root, page), "utf8").matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms")),
  ].map((match) => match[1]!);

/** The package's entry points, as they stand in src. */
const inSource = (code: string): string =>
  code.replace(/from "galatea(\/\w+)?"/g, (_, sub: string = "") => {
    const folder = sub === "/diffusion" ? "/generative/diffusion" : sub;
    const places = ["index.node.ts", "index.ts"].map((file) => join(root, "src", folder, file));
    const file = [join(root, `src${folder}.node.ts`), ...places].find((place) => existsSync(place));
    return `from "${pathToFileURL(file!).href}"`;
  });

const snippets = PAGES.flatMap((page) => blocks(page, "ts").map((code, i) => [page, i + 1, code] as const));

test.each(snippets)("%s, snippet %i prints what its comments say", async (_page, _number, code) => {
  const expected = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
  expect(expected.length).toBeGreaterThan(0);
  const folder = mkdtempSync(join(tmpdir(), "galatea-snippet-"));
  try {
    const file = join(folder, "snippet.mts");
    writeFileSync(file, inSource(code));
    const { out, err } = await run([file], folder);
    expect(out.trim().split("\n"), err).toEqual(expected);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const guides = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));

test.each(["README.md", ...guides.map((name) => `docs/${name}`)])("%s: what it links to is there", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const links = [...text.matchAll(/\]\(([^)#\s]+)/g)].map((match) => match[1]!);
  const local = links.filter((link) => !/^\w+:/.test(link));
  expect(local.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
});

function run(args: readonly string[], cwd: string): Promise<{ out: string; err: string }> {
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), ...args], { cwd });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.err += chunk.toString()));
  return new Promise((done) => child.on("close", () => done(texts)));
}

const commands = [...PAGES, "docs/cli.md"]
  .flatMap((page) => blocks(page, "sh"))
  .flatMap((block) => block.split("\n"))
  .map((line) => line.replace(/#.*/, "").trim())
  .filter((line) => /^(npx )?galatea /.test(line))
  .map((line) => line.replace(/^(npx )?galatea /, ""));

test.each(commands)("galatea %s: the command and its options exist", async (line) => {
  const words = line.split(/\s+/);
  // The words before the first option or run name lead to the command that is meant.
  const first = words.findIndex((word) => word.startsWith("-") || /mnist|\//.test(word));
  const path = first < 0 ? words : words.slice(0, first);
  // A recipe is a sub-command of train; a run that comes with the package can be asked for its model's own options.
  const recipe = CATALOG.recipes[words[first] ?? ""];
  if (recipe && (path[0] === "train" || recipe.name === "ddpm-mnist")) path.push(recipe.name);
  const { code, out, err } = await cli([...path, "--help"]);
  expect(code, err).toBe(0);
  // Of a run that is not there, no model's own options are known: those of any model that has the command are taken.
  const listed = recipe ? [recipe.model] : Object.values(CATALOG.models);
  const models = await Promise.all(listed.map((model) => model.load()));
  const own = models.flatMap((model) => Object.keys(model.commands[path[0]!]?.options.shape ?? {}));
  const known = out + own.map((name) => ` --${kebab(name)} --no-${kebab(name)}`);
  for (const option of words.filter((word) => word.startsWith("--"))) expect(known).toContain(option);
});
