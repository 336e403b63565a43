import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

const src = resolve(import.meta.dirname, "../../src");

/** The packages that loading a module loads: static imports all the way down, and none that are only types. */
function loads(entry: string, seen = new Set<string>(), packages = new Set<string>()): Set<string> {
  if (seen.has(entry)) return packages;
  seen.add(entry);
  const code = readFileSync(entry, "utf8");
  const statements = code.matchAll(
    /^(?:import|export)\s+(?!type\b)(?:([^;'"]*?)\s+from\s+)?["']([^"']+)["'];/gm,
  );
  for (const [, clause = "", from] of statements) {
    const names = /^\{([^}]*)\}$/.exec(clause)?.[1]?.split(",");
    if (names?.every((name) => /^\s*type\s|^\s*$/.test(name))) continue;
    if (from!.startsWith(".")) loads(join(dirname(entry), from!), seen, packages);
    else packages.add(from!);
  }
  return packages;
}

const CODECS = ["fast-png", "fflate", "gifenc", "jpeg-js"];
const entries = ["rl", "data", "train", "generative", "plot"].map((folder) => `${folder}/index.ts`);

test.each([...entries, "index.ts", "index.node.ts", "data/index.node.ts", "train/index.node.ts"])(
  "%s loads no image codec before one is used",
  (entry) => {
    const packages = loads(join(src, entry));
    expect(CODECS.filter((codec) => packages.has(codec))).toEqual([]);
  },
);

test("galatea/images loads them, so this test would see one", () => {
  const packages = loads(join(src, "data/image-files.ts"));
  expect(CODECS.filter((codec) => packages.has(codec))).toEqual(CODECS);
});
