import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LogShelf } from "../../src/cli/log-shelf.ts";
import { scratch } from "./helpers.ts";

const path = join(scratch(), "metrics.jsonl");
const rows = (from: number, to: number, loss: (step: number) => number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `{"step":${from + i},"loss":${loss(from + i)}}\n`).join("");

async function seen(shelf: LogShelf): Promise<readonly (readonly [number, number])[]> {
  const { steps, values } = (await shelf.read(path)).log.series().get("loss")!;
  return Array.from(steps, (step, i) => [step, values[i]!]);
}

test("a log is read on from where it was, by whole lines, and once where several ask", async () => {
  const shelf = new LogShelf();
  writeFileSync(path, `${rows(1, 20, Number)}{"step":21,`);
  const [a, b] = await Promise.all([shelf.read(path), shelf.read(path)]);
  expect(b).toBe(a);
  expect(a.size).toBe(rows(1, 20, Number).length);
  appendFileSync(path, `"loss":21}\n${rows(22, 22, Number)}`);
  expect(await seen(shelf)).toEqual(Array.from({ length: 22 }, (_, i) => [i + 1, i + 1]));
  expect(a.log.damaged).toEqual([]);
});

test("a log that was cut and has grown past where it was is read anew", async () => {
  const shelf = new LogShelf();
  writeFileSync(path, rows(1, 20, Number));
  await seen(shelf);
  writeFileSync(path, rows(1, 10, Number) + rows(11, 30, (step) => step / 4));
  const now = await seen(shelf);
  expect(now).toHaveLength(30);
  expect(now.at(-1)).toEqual([30, 7.5]);
  writeFileSync(path, rows(1, 2, Number));
  expect(await seen(shelf)).toEqual([[1, 1], [2, 2]]); // biome-ignore format: rows
});
