import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { CATALOG } from "../src/catalog.ts";
import { kebab } from "../src/cli/flags.ts";
import type { Listed } from "../src/model/contract.ts";
import { cli } from "./cli/helpers.ts";

/** Pages whose code must run as it stands. */
const PAGES = [
  "README.md",
  "docs/getting-started.md",
  "docs/autoencoders.md",
  "docs/diffusion.md",
  "docs/gan.md",
  "docs/plane.md",
  "docs/export-sampler.md",
  "docs/metrics.md",
  "docs/sequence.md",
  "docs/rl-for-gpt.md",
  "docs/scale.md",
];
const root = resolve(import.meta.dirname, "..");

const blocks = (page: string, language: string): string[] =>
  [
    ...readFileSync(join(root, page), "utf8").matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms")),
  ].map((match) => match[1]!);

/** The package's entry points, as they stand in src. */
const inSource = (code: string): string =>
  code.replace(/from "galatea(\/\w+)?"/g, (_, sub: string = "") => {
    const inside: Readonly<Record<string, string>> = {
      "/diffusion": "/generative/diffusion",
      "/alignment": "/rl/alignment",
    };
    const folder = inside[sub] ?? sub;
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

const guides = ["", "docs", "docs/zh"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

/** The anchors that GitHub gives the headings of a page. */
const anchors = (page: string): string[] =>
  [
    ...readFileSync(page, "utf8")
      .replace(/^```.*?^```/gms, "")
      .matchAll(/^#+ (.*)$/gm),
  ].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\p{Mark}_\- ]/gu, "")
      .replaceAll(" ", "-"),
  );

test.each(guides)("%s: what it links to is there", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const links = [...text.matchAll(/\]\(([^)\s]+)/g)].map((match) => match[1]!);
  const broken = links.filter((link) => {
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? join(root, page) : join(root, dirname(page), path);
    if (/^\w+:/.test(link)) return false;
    return !existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor));
  });
  expect(broken).toEqual([]);
});

function run(args: readonly string[], cwd: string): Promise<{ out: string; err: string }> {
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), ...args], { cwd });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.err += chunk.toString()));
  return new Promise((done) => child.on("close", () => done(texts)));
}

const isEnglish = (page: string): boolean => !/zh/.test(page);

/** How a command begins, some of them behind a launcher. */
const GALATEA = /^(mpirun .*?)?(npx )?galatea /;

/** Commands in blocks of shell, and those in prose and tables that have options. Once a page. */
const commands = guides.filter(isEnglish).flatMap((page) => {
  const prose = readFileSync(join(root, page), "utf8").replace(/^```.*?^```/gms, "");
  const inline = [...prose.matchAll(/`(galatea [^`…]* --[^`…]*)`/g)].map((match) => match[1]!);
  const lines = blocks(page, "sh").flatMap((block) => block.split("\n"));
  const found = [...lines, ...inline.filter((line) => !line.startsWith("galatea --with"))]
    .map((line) => line.replace(/#.*/, "").replace(/\s+/g, " ").trim())
    .filter((line) => GALATEA.test(line))
    .map((line) => line.replace(GALATEA, ""));
  return [...new Set(found)].map((line) => [line, page] as const);
});

/** What the model of a run is: that of the recipe of its name, or what the same page trains into its folder. */
function modelOf(run: string | undefined, page: string): Listed | undefined {
  const recipe = CATALOG.recipes[run ?? ""];
  if (recipe) return recipe.model;
  const training = commands
    .filter(([line, on]) => on === page && line.startsWith("train ") && line.includes(`--out ${run}`))
    .map(([line]) => line.split(/\s+/)[1]!);
  return CATALOG.models[training[0] ?? ""] ?? CATALOG.recipes[training[0] ?? ""]?.model;
}

test.each(commands)("galatea %s: the command and its options exist (%s)", async (line, page) => {
  const words = line.split(/\s+/);
  // The words before the first option or run name lead to the command that is meant.
  const first = words.findIndex(
    (word) => word.startsWith("-") || word in CATALOG.recipes || /-mnist|run|\//.test(word),
  );
  const path = first < 0 ? words : words.slice(0, first);
  // A recipe is a sub-command of train; a run that comes with the package can be asked for its model's own options.
  const name = words[first];
  if (name !== undefined && (name === "ddpm-mnist" || (path[0] === "train" && CATALOG.recipes[name])))
    path.push(name);
  const { code, out, err } = await cli([...path, "--help"]);
  expect(code, err).toBe(0);
  // Of a run that is not there the help has what all models have; its own options are its model's.
  const command = (await modelOf(name, page)?.load())?.commands[path[0]!];
  const own = Object.keys(command?.options.shape ?? {});
  const known = out + own.map((option) => ` --${kebab(option)} --no-${kebab(option)}`);
  for (const option of words.filter((word) => word.startsWith("--")))
    expect(known).toMatch(new RegExp(`${option}(?![\\w-])`));
});
