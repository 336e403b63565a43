import { expect, test } from "vitest";
import { GrowingLog } from "../../src/train/growing-log.ts";
import { packLogs, unpackLogs } from "../../src/train/log-columns.ts";

async function sent(text: string): Promise<GrowingLog> {
  const log = new GrowingLog();
  log.push(text);
  const parts = packLogs([
    { name: "timing", size: 0, log: new GrowingLog() },
    { name: "metrics", size: text.length, log },
  ]);
  const logs = unpackLogs(await new Blob(parts as BlobPart[]).arrayBuffer());
  expect(logs.map(({ name, size }) => [name, size])).toEqual([["timing", 0], ["metrics", text.length]]); // biome-ignore format: rows
  return logs[1]!.log;
}

test("what arrives is what was read, to seven digits; seconds since 1970 and steps are exact, and what is not finite stays so", async () => {
  const log = await sent(
    '{"step":1,"损失":0.123456789,"time":1764300000.25,"odd":1}\n{"step":3,"损失":null,"time":1764300001.5}\n{"step":5,"损失":1e39,"time":1764300002.75,"odd":2}\n',
  );
  const series = log.series();
  expect(series.get("time")).toEqual({
    steps: Float64Array.of(1, 3, 5),
    values: Float64Array.of(1764300000.25, 1764300001.5, 1764300002.75),
  });
  const { values } = series.get("损失")!;
  expect([values[1], values[2]]).toEqual([Number.NaN, 1e39]);
  expect(series.get("odd")).toEqual({ steps: Float64Array.of(1, 5), values: Float64Array.of(1, 2) });
});

test("and it grows on: lines are counted on, and a run that went back is rewound", async () => {
  const log = await sent(
    '{"step":1,"loss":3.000000001}\nnonsense\n{"step":2,"loss":2}\n{"step":4,"loss":1}\n',
  );
  log.push('{"step":3,"loss":0}\nnonsense\n');
  expect(log.damaged).toEqual([2, 6]);
  const { steps, values } = log.series().get("loss")!;
  expect([...steps]).toEqual([1, 2, 3]);
  expect([...values]).toEqual([Math.fround(3.000000001), 2, 0]);
});
