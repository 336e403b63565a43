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

test("listing what there is loads neither an engine, nor codecs, nor what draws", () => {
  const { packages } = loadedBy("src/cli/list.ts");
  for (const name of loadedBy("src/catalog.ts").packages) packages.add(name);
  expect([...packages].filter((name) => /onnx|protobuf|vega|resvg|png|jpeg|gif|yalps/.test(name))).toEqual(
    [],
  );
});

test("every command of the catalogue and every tool is an entry, of the name and summary in its help", async () => {
  const entries = entriesOf();
  const names = entries.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const model of Object.values(CATALOG.models))
    for (const name of Object.keys(model.commands)) expect(names).toContain(name);
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
