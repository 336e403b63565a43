import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { CATALOG } from "../src/catalog.ts";
import { kebab } from "../src/cli/flags.ts";
import { SOLVERS } from "../src/cli/rl/solve.ts";
import {
  diagram,
  EDGES,
  FAMILIES,
  type Family,
  idsOf,
  type Language,
  type MapNode,
  NODES,
  type NodeId,
  type Text,
} from "../src/map/index.ts";

const root = resolve(import.meta.dirname, "..");
const nodes = Object.entries(NODES) as [NodeId, MapNode][];
const families = Object.keys(FAMILIES) as Family[];

test.each(nodes)("%s: its file exports what it names", async (_, { file, symbol }) => {
  expect(existsSync(join(root, file)), file).toBe(true);
  const module = (await import(pathToFileURL(join(root, file)).href)) as object;
  expect(Object.keys(module)).toContain(symbol);
});

/** The options of what a command names: of a model, its training or a command of its own; of an agent; of a solver. */
async function optionsOf(words: readonly string[]): Promise<string[] | undefined> {
  const [verb, name = "", third = ""] = words;
  if (verb === "rl")
    return name === "solve"
      ? SOLVERS[third] && []
      : Object.keys((await CATALOG.agents())[third]?.options.shape ?? {});
  const listed =
    CATALOG.recipes[name]?.model ?? CATALOG.models[name] ?? CATALOG.models[name.replace(/-.*/, "")];
  const model = await listed?.load();
  const schema = verb === "train" ? model?.options : model?.commands[verb!]?.options;
  return schema && Object.keys(schema.shape);
}

const commands = [...new Set(nodes.flatMap(([, { command }]) => command ?? []))];

test.each(commands)("%s: there is such a command", async (command) => {
  const words = command.split(" ");
  const options = await optionsOf(words.slice(1));
  expect(options).toBeDefined();
  const known = options!.map((name) => `--${kebab(name)}`);
  expect(words.filter((word) => word.startsWith("--") && !known.includes(word))).toEqual([]);
});

test("every model, agent and solver is on the map", async () => {
  const names = [
    ...Object.keys(CATALOG.models).map((name) => `train ${name}`),
    ...Object.keys(await CATALOG.agents()).map((name) => `rl train ${name}`),
    ...Object.keys(SOLVERS).map((name) => `rl solve ${name}`),
  ];
  const said = nodes.map(([, { command = "" }]) => `${command} `);
  expect(names.filter((name) => !said.some((command) => command.startsWith(`galatea ${name} `)))).toEqual([]);
});

test("no id is in two families; every node has an edge; no edge is there twice", () => {
  const ids = families.flatMap(idsOf);
  expect(ids).toEqual([...new Set(ids)]);
  const ends = new Set(EDGES.flatMap(({ from, to }) => [from, to]));
  expect(ids.filter((id) => !ends.has(id))).toEqual([]);
  const pairs = EDGES.map(({ from, to }) => `${from} → ${to}`);
  expect(pairs).toEqual([...new Set(pairs)]);
  expect(EDGES.filter(({ from, to }) => from === to)).toEqual([]);
});

test("but for limits, nothing grew from what grew from it", () => {
  const steps = EDGES.filter(({ limit }) => !limit);
  let left = new Set<NodeId>(nodes.map(([id]) => id));
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    left = new Set([...left].filter((id) => steps.some(({ from, to }) => to === id && left.has(from))));
  }
  expect([...left]).toEqual([]);
});

test("every text is in both languages, and every edge changes its formula", () => {
  const texts: Text[] = [...nodes.map(([, { title }]) => title), ...EDGES.map(({ change }) => change)];
  expect(texts.filter(({ en, zh }) => !en.trim() || !zh.trim() || /\p{Script=Han}/u.test(en))).toEqual([]);
  const changes = EDGES.map(({ change }) => change);
  expect(changes.filter(({ zh }) => !/\p{Script=Han}/u.test(zh) || /[,;:?!]/.test(zh))).toEqual([]);
  expect(changes.filter(({ en, zh }) => /[.。"|]/.test(en + zh))).toEqual([]);
  expect(EDGES.filter(({ formula: [before, after] }) => !before || !after || before === after)).toEqual([]);
});

/** What of a guide is made from the map: what follows a line such as `%% map: rl`, or `<!-- map: rl -->`. */
const PAGES: readonly [page: string, language: Language][] = [
  ["docs/map.md", "en"],
  ["docs/zh/map.md", "zh"],
  ["docs/rl.md", "en"],
  ["docs/zh/rl.md", "zh"],
  ["docs/deep-rl.md", "en"],
  ["docs/zh/deep-rl.md", "zh"],
  ["docs/rl-for-gpt.md", "en"],
  ["docs/zh/rl-for-gpt.md", "zh"],
];

test.each(PAGES)(
  "%s: its diagrams and tables are the map's (if not: npx vitest run test/map.test.ts -u)",
  async (page, language) => {
    const text = await readFile(join(root, page), "utf8");
    const made = text
      .replace(/(```mermaid\n%% map: ([\w-]+)\n)[^`]*/g, (_, start: string, family: Family) => {
        expect(families).toContain(family);
        return `${start}${diagram(idsOf(family), NODES, EDGES, language)}\n`;
      })
      .replace(
        /(<!-- map: ([\w-]+) -->\n\n)(\|.*\n)*/g,
        (_, start: string, family: Family) => start + changes(family, language),
      );
    expect(made).toMatch(/map: /);
    await expect(made).toMatchFileSnapshot(join(root, page));
  },
);

const HEADS = {
  en: ["From", "To", "What is changed", "Before", "After"],
  zh: ["从", "到", "改动了什么", "之前", "之后"],
};

/** A family's edges as a table; a node's title leads to its file. */
function changes(family: Family, language: Language): string {
  const up = language === "en" ? ".." : "../..";
  const link = (id: NodeId) => `[${NODES[id].title[language]}](${up}/${NODES[id].file})`;
  const math = (formula: string) => `$\`${formula.replaceAll("|", "\\vert ")}\`$`;
  const rows = EDGES.filter(({ to }) => idsOf(family).includes(to)).map(
    ({ from, to, change, formula: [a, b] }) => [
      NODES[from].title[language],
      link(to),
      change[language],
      math(a),
      math(b),
    ],
  );
  return [HEADS[language], HEADS[language].map(() => "---"), ...rows]
    .map((row) => `| ${row.join(" | ")} |\n`)
    .join("");
}
