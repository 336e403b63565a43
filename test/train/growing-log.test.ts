import { expect, test } from "vitest";
import { GrowingLog } from "../../src/train/growing-log.ts";

function read(log: GrowingLog): Record<string, (readonly [number, number])[]> {
  return Object.fromEntries(
    Array.from(log.series(), ([name, { steps, values }]) => [
      name,
      Array.from(steps, (step, i) => [step, values[i]!] as const),
    ]),
  );
}

test("halves of a line are joined, a damaged one is told, and a run that went on earlier replaces what came after", () => {
  const log = new GrowingLog();
  log.push('{"step":1,"loss":3}\n{"step":2,');
  expect(read(log)).toEqual({ loss: [[1, 3]] });
  log.push('"loss":2}\nnonsense\n\n{"step":3,"loss":1}\n');
  expect(read(log)).toEqual({ loss: [[1, 3], [2, 2], [3, 1]] }); // biome-ignore format: rows
  expect(log.damaged).toEqual([3]);
  log.push('{"step":1,"testLoss":5}\n{"loss":1}\n'); // of the same step: a look at it
  expect(read(log)).toEqual({ loss: [[1, 3]], testLoss: [[1, 5]] });
  expect(log.damaged).toEqual([3, 7]);
});

test("every number is read as JSON reads it, in whatever order, spacing and company", () => {
  const numbers = [
    0, -0.5, 1e-7, 1.5e300, 123456789012345, 12345678901234568, 0.1, 0.30000000000000004, -2.5e-12,
  ];
  const rows = numbers.map((loss, i) => ({ step: i, loss }));
  const awry = [
    '{"loss":7,"step":20}',
    '{ "step": 21, "loss": 8 }',
    '{"step":22,"loss":null,"why":"text"}',
    '{"step":23,"a\\"b":1}',
    '{"step":24,"deep":{"x":1},"loss":9}',
  ];
  const log = new GrowingLog();
  for (const line of [...rows.map((row) => JSON.stringify(row)), ...awry]) log.push(`${line}\n`);
  const { loss, why, deep, ...rest } = read(log);
  const more = [[20, 7], [21, 8], [22, Number.NaN], [24, 9]]; // biome-ignore format: rows
  expect(loss).toEqual([...numbers.map((value, i) => [i, value]), ...more]);
  expect(why).toEqual([[22, Number.NaN]]);
  expect(deep).toEqual([[24, Number.NaN]]);
  expect(rest).toEqual({ 'a"b': [[23, 1]] });
  expect(log.damaged).toEqual([]);
});

test.each([
  '{"step":1,"loss":}',
  '{"step":1,"loss":1',
  '{"step":"1"}',
  '{"step":1 "loss":2}',
  '{"step":1,"loss":1.2.3}',
  "[1]",
  '{"step":1,"loss":2}}',
])("%s is damaged, and what follows is read", (line) => {
  const log = new GrowingLog();
  log.push(`${line}\n{"step":2,"loss":4}\n`);
  expect(log.damaged).toEqual([1]);
  expect(read(log)).toEqual({ loss: [[2, 4]] });
});
