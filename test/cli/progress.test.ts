import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { duration, progress, short } from "../../src/cli/progress.ts";

/** A stream that remembers what is written, and a clock that the test moves. */
function stage(isTTY: boolean, columns = 80) {
  let written = "";
  let time = 0;
  const stream = {
    isTTY,
    columns,
    write: (text: string) => (written += text) !== "",
  } as unknown as NodeJS.WriteStream;
  return {
    stream,
    now: () => time,
    pass: (ms: number) => (time += ms),
    written: () => written,
    /** The lines as a terminal shows them: escapes removed, and only the text after the last carriage return. */
    lines: () =>
      stripVTControlCharacters(written)
        .split("\n")
        .map((line) => line.split("\r").at(-1)),
  };
}

describe("in a terminal", () => {
  test("shows count, rate, metrics and the time left", () => {
    const s = stage(true, 100);
    const bar = progress("training", 1000, s);
    for (let step = 1; step <= 250; step++) {
      s.pass(20);
      bar.update(step, { loss: 0.123456, lr: 3e-4 });
    }
    bar.stop();
    expect(s.lines().find((line) => line?.includes("250/"))).toBe(
      "training ██████░░░░░░░░░░░░░░░░░░  25 %  250/1000  50 step/s  loss 0.1235  lr 3.00e-4  15s left",
    );
  });
  test("the end says how long it took; stop twice is no harm", () => {
    const s = stage(true, 100);
    const bar = progress("sampling", 10, { ...s, unit: "image" });
    s.pass(75_000);
    bar.update(10);
    bar.stop();
    bar.stop();
    expect(s.lines().some((line) => line?.includes("100 %  10/10  7.5 s/image  1m 15s in all"))).toBe(true);
  });
  test("a resumed run's rate counts from where it began", () => {
    const s = stage(true, 100);
    const bar = progress("training", 1000, { ...s, start: 900 });
    s.pass(1000);
    bar.update(910);
    bar.stop();
    expect(s.lines().some((line) => line?.includes("91 %  910/1000  10 step/s  9s left"))).toBe(true);
  });
  test("draws at most ten times a second", () => {
    const s = stage(true);
    const bar = progress("training", 1000, s);
    for (let step = 1; step <= 1000; step++) {
      s.pass(1);
      bar.update(step);
    }
    expect(s.written().split("\r").length - 1).toBe(11);
  });
  test("a narrow terminal gets a line that fits", () => {
    const s = stage(true, 30);
    const bar = progress("training", 1000, s);
    s.pass(1000);
    bar.update(500, { loss: 0.5, kl: 22.25 });
    bar.stop();
    const shown = s.lines().filter((line) => line !== "");
    expect(Math.max(...shown.map((line) => line!.length))).toBeLessThan(30);
  });
  test("log prints above the bar", () => {
    const s = stage(true);
    const bar = progress("training", 10, s);
    bar.log("saved samples/100.png");
    bar.stop();
    bar.log("the end");
    expect(s.lines()[0]).toBe("saved samples/100.png");
    expect(s.lines()[1]).toContain("training");
    expect(s.lines().slice(2)).toEqual(["the end", ""]);
  });
});

describe("without a terminal", () => {
  test("one plain line each half minute, none for short jobs", () => {
    const s = stage(false);
    const bar = progress("training", 100, s);
    for (let step = 1; step <= 70; step++) {
      s.pass(1000);
      bar.update(step, { loss: 2 });
    }
    bar.stop();
    expect(s.written()).toBe(
      "training  30 %  30/100  1 step/s  loss 2  1m 10s left\ntraining  60 %  60/100  1 step/s  loss 2  40s left\n",
    );
  });
  test("quiet writes nothing", () => {
    const s = stage(true);
    const bar = progress("training", 100, { ...s, quiet: true });
    s.pass(60_000);
    bar.update(50);
    bar.log("x");
    bar.stop();
    expect(s.written()).toBe("");
  });
});

test.each([
  [0.12345678, "0.1235"],
  [3e-4, "3.00e-4"],
  [1234.567, "1235"],
  [12345678.9, "1.23e+7"],
  [-98.76543, "-98.77"],
  [5, "5"],
  [Number.NaN, "NaN"],
])("short(%d) is %s", (value, words) => {
  expect(short(value)).toBe(words);
});

test.each([
  [0.4, "0s"],
  [59.4, "59s"],
  [75, "1m 15s"],
  [3661, "1h 01m"],
])("duration(%d) is %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});
