import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { expect, test } from "vitest";
import { CATALOG, TOOLS } from "../../src/catalog.node.ts";
import { entriesOf } from "../../src/cli/entries.ts";
import { cli } from "./helpers.ts";

/** The packages that a module loads before anything runs: static imports, without those of types alone. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file) || file.endsWith(".json")) return;
    files.add(file);
    const imports = /^(?:import|export)\s(?!type\s)(?:[^"';]*?\sfrom\s)?"([^"]+)"/gms;
    for (const [, name] of readFileSync(file, "utf8").matchAll(imports)) {
      if (name!.startsWith(".")) visit(resolve(dirname(file), name!));
      else if (!name!.startsWith("node:")) packages.add(name!);
    }
  };
  visit(resolve(import.meta.dirname, "../..", entry));
  return { files, packages };
}

test("what every command loads is small: the catalogue comes with the command that is named", () => {
  const { files, packages } = loadedBy("src/cli/main.ts");
  expect([...packages].sort()).toEqual(["commander", "fastest-levenshtein"]);
  expect(files.size).toBeLessThan(20);
});

test("listing what there is evaluates no model and no schema: the catalogue loads them when they are used", () => {
  const { files, packages } = loadedBy("src/cli/list.ts");
  const catalog = loadedBy("src/catalog.ts");
  const light = ["commander", "fastest-levenshtein"];
  expect([...packages, ...catalog.packages].filter((name) => !light.includes(name))).toEqual([]);
  expect(new Set([...files, ...catalog.files]).size).toBeLessThan(20);
});

test("a model is in the catalogue by its own name", async () => {
  for (const [name, listed] of Object.entries(CATALOG.models)) {
    expect(listed.name).toBe(name);
    expect((await listed.load()).name).toBe(name);
    expect(listed.description).not.toBe("");
  }
});

test("every command of the catalogue and every tool is an entry, of the name and summary in its help", async () => {
  const entries = await entriesOf();
  const names = entries.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const model of Object.values(CATALOG.models))
    for (const name of Object.keys((await model.load()).commands)) expect(names).toContain(name);
  for (const tool of TOOLS)
    expect(entries).toContainEqual(expect.objectContaining({ name: tool.name, summary: tool.summary }));
  const { out } = await cli(["--help"]);
  for (const { name, usage, summary } of entries) {
    expect(out).toMatch(new RegExp(`^  ${name}\\b.*  ${summary}`, "m"));
    const own = await cli(["help", name]);
    expect(own.code, own.err).toBe(0);
    expect(own.out).toContain(`galatea ${name} `);
    for (const argument of usage.match(/[<[][^>\]]+[>\]]/g) ?? []) expect(own.out).toContain(argument);
  }
});
