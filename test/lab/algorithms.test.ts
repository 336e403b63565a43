import { resolve } from "node:path";
import { expect, test } from "vitest";
import { algorithmOf } from "../../lab/build/algorithm.ts";
import { changesOf } from "../../lab/build/changes.ts";
import { formula, withTerms } from "../../lab/build/formulas.ts";
import { linesOf } from "../../lab/build/source.ts";
import { TERMS } from "../../lab/build/terms/index.ts";
import { NODES, type NodeId } from "../../src/map/index.ts";

const root = resolve(import.meta.dirname, "../..");
const ids = Object.keys(TERMS) as NodeId[];

test.each(ids)("%s: its terms stand in the formula and in the code", async (id) => {
  const { formula: shown, linked } = await algorithmOf(root, id);
  const places = [...shown.matchAll(/data-term="(\d+)"/g)].map(([, i]) => Number(i));
  expect([...new Set(places)].sort((a, b) => a - b)).toEqual(TERMS[id]!.terms.map((_, i) => i));
  expect(shown).not.toContain("katex-error");
  // What is drawn is what was drawn without terms.
  const drawn = (html: string) => html.replace(/<annotation.*?<\/annotation>/g, "").replace(/<[^>]*>/g, "");
  expect(drawn(shown)).toBe(drawn(formula(NODES[id].formula)));
  for (const { name, lines } of linked!.terms) {
    expect(lines.length, name.en).toBeGreaterThan(0);
    expect(name.zh, name.en).toMatch(/\p{Script=Han}/u);
  }
});

test("a term that is not there, or overlaps another, is refused", () => {
  expect(() => withTerms("a + b", [{ tex: "c" }])).toThrow("has no term c");
  expect(() => withTerms("a + b", [{ tex: "a +" }, { tex: "+ b" }])).toThrow("overlaps");
  expect(withTerms("a + a", [{ tex: "a" }])).toBe("\\htmlData{term=0}{a} + \\htmlData{term=0}{a}");
});

test("what a file declares is shown to its end, with its comment and no more", () => {
  const code = [
    "/** Twice. */",
    "export function twice(",
    "  x: number,",
    "): number {",
    "",
    "  return 2 * x;",
    "}",
    "",
    "const half = (x: number): number =>",
    "  x / 2;",
    "const third = 3;",
  ].join("\n");
  expect(linesOf(code, "twice")).toEqual([1, 7]);
  expect(linesOf(code, "half")).toEqual([9, 10]);
  expect(linesOf(code, "third")).toEqual([11, 11]);
});

test.each(Object.keys(NODES) as NodeId[])("%s: the part shown begins with what it names", async (id) => {
  const { part } = await algorithmOf(root, id);
  expect(part.lines[1]).toBeGreaterThan(1);
});

test("what changes between two programs: lines that go and come, with those around them; no comments", () => {
  const lines = Array.from({ length: 9 }, (_, i) => `line(${i});`);
  const to = lines.with(4, "other();").toSpliced(5, 0, "/** Said. */");
  expect(changesOf(lines.join("\n"), to.join("\n"))!.map(({ kind, text }) => [kind, text])).toEqual([
    ["skipped", ""],
    ["same", "line(2);"],
    ["same", "line(3);"],
    ["removed", "line(4);"],
    ["added", "other();"],
    ["same", "line(5);"],
    ["same", "line(6);"],
    ["skipped", ""],
  ]);
  expect(changesOf("a();\nb();\n}", "c();\nd();\n}")).toBeUndefined();
});

test("an algorithm's change is told by lines, or by the option", async () => {
  const changeOf = async (id: NodeId, from: NodeId) =>
    (await algorithmOf(root, id)).parents.find((parent) => parent.id === from)?.code;
  expect(await changeOf("double", "dqn")).toEqual({
    kind: "commands",
    from: "galatea rl train dqn",
    to: "galatea rl train dqn --double",
  });
  const change = await changeOf("es", "sarsa");
  expect(change?.kind === "lines" && change.lines.filter(({ kind }) => kind === "removed")).toContainEqual({
    kind: "removed",
    text: "      const delta = R + gamma * Q[next * task.actions + nextA]! - Q[i]!;",
  });
  expect(await changeOf("gan", "vae")).toBeUndefined();
});
