import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const src = resolve(import.meta.dirname, "../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

/** What a file imports of src, types left out where `values` is true. */
function importsOf(file: string, values = false): string[] {
  const text = readFileSync(join(src, file), "utf8").replace(/\/\*.*?\*\/|^\s*\/\/.*$/gms, "");
  const found = text.matchAll(/^(?:import|export)\s+(type\s)?([^"';]*?)\s*(?:from\s+)?"(\.[^"]+)";/gms);
  return [...found]
    .filter(([, type, names = ""]) => !(values && (type || onlyTypes(names))))
    .map((match) => relative(src, join(src, dirname(file), match[3]!)));
}

const onlyTypes = (names: string): boolean => {
  const inside = /^\{(.*)\}$/s
    .exec(names.trim())?.[1]
    ?.split(",")
    .filter((name) => name.trim());
  return inside?.every((name) => /^\s*type\s/.test(name)) ?? false;
};

const folderOf = (file: string): string | undefined => (file.includes("/") ? file.split("/")[0] : undefined);

/** The folders above each folder in the picture of docs/architecture.md. */
function picture(): Map<string, Set<string>> {
  const page = readFileSync(join(src, "../docs/architecture.md"), "utf8");
  const diagram = /```mermaid\n(.*?)```/s.exec(page)![1]!;
  const folders = new Map([...diagram.matchAll(/(\w+)\["(\w+)\/:/g)].map((match) => [match[1]!, match[2]!]));
  const above = new Map<string, Set<string>>([...folders.values()].map((folder) => [folder, new Set()]));
  const arrows = diagram.split("\n").flatMap((line) => {
    const ids = line
      .replace(/\[".*?"\]/g, "")
      .split("-->")
      .map((id) => id.trim());
    return ids.slice(1).map((to, i) => [ids[i]!, to] as const);
  });
  // As often as there are folders: then everything has come down.
  for (const _ of folders)
    for (const [from, to] of arrows) {
      const [upper, lower] = [folders.get(from), folders.get(to)];
      if (upper && lower) for (const folder of [upper, ...above.get(upper)!]) above.get(lower)!.add(folder);
    }
  return above;
}

test("a folder imports only from those above it in the picture of docs/architecture.md", () => {
  const above = picture();
  expect(above.size).toBeGreaterThan(8);
  const wrong = files.flatMap((file) => {
    const own = folderOf(file);
    const allowed = own === undefined ? undefined : above.get(own);
    if (!allowed || own === "cli") return [];
    return importsOf(file)
      .filter((other) => {
        const folder = folderOf(other);
        return folder !== own && folder !== undefined && above.has(folder) && !allowed.has(folder);
      })
      .map((other) => `${file} imports ${other}`);
  });
  expect(wrong).toEqual([]);
});

test("only files named for it import Node", () => {
  const wrong = files.filter(
    (file) =>
      !/(^|\/|\.)node\.ts$/.test(file) &&
      folderOf(file) !== "cli" &&
      /from "node:|import\("node:/.test(readFileSync(join(src, file), "utf8")),
  );
  expect(wrong).toEqual([]);
});

// Inside tensor/ they are one piece: the gradients of primitives are made of operations, and a tensor has those as methods.
test("outside tensor/ no file imports itself by way of others", () => {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done" || !existsSync(join(src, file))) return;
    if (state.get(file) === "open") {
      circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      return;
    }
    state.set(file, "open");
    for (const other of importsOf(file, true)) visit(other, [...path, file]);
    state.set(file, "done");
  };
  for (const file of files) visit(file, []);
  expect(circles.filter((circle) => /→ (?!tensor\/)/.test(circle))).toEqual([]);
});
