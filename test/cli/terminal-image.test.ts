import { describe, expect, test } from "vitest";
import { terminalGrid, terminalImage, terminalOf } from "../../src/cli/terminal-image.ts";
import { raster } from "../../src/data/image.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";

const checker = raster(2, 2, 1, Uint8Array.of(255, 0, 0, 255));

describe("terminalImage", () => {
  test("true colour: two pixels a character, top in the foreground", () => {
    expect(terminalImage(checker, { columns: 80, colour: "truecolor" })).toBe(
      "\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[0m",
    );
  });
  test("256 colours: greys from the ramp, others from the cube", () => {
    const image = raster(2, 2, 3, Uint8Array.of(128, 128, 128, 255, 0, 0, 0, 0, 0, 0, 95, 255));
    expect(terminalImage(image, { columns: 80, colour: "256" })).toBe(
      "\x1b[38;5;244;48;5;16m▀\x1b[38;5;196;48;5;27m▀\x1b[0m",
    );
  });
  test("no colour: one ASCII shade for two pixels", () => {
    const image = raster(3, 2, 1, Uint8Array.of(255, 0, 60, 255, 255, 60));
    expect(terminalImage(image, { columns: 80, colour: "none" })).toBe("@+:");
  });
  test("a run of one colour sets it once; an odd last row lies on black", () => {
    const image = raster(3, 1, 1, Uint8Array.of(9, 9, 9));
    expect(terminalImage(image, { columns: 80, colour: "truecolor" })).toBe(
      "\x1b[38;2;9;9;9;48;5;16m▀▀▀\x1b[0m",
    );
  });
  test("is never wider than the terminal", () => {
    const wide = raster(300, 100, 1, new Uint8Array(30000).fill(255));
    const lines = terminalImage(wide, { columns: 60, colour: "none" }).split("\n");
    expect(lines).toEqual(Array.from({ length: 10 }, () => "@".repeat(60)));
  });
});

describe("terminalGrid", () => {
  const batch = ndarray(new Float32Array(64 * 784).fill(1), [64, 1, 28, 28]);
  test.each([40, 80, 137, 200])("fits %i columns and shows at most the rows asked for", (columns) => {
    const lines = terminalGrid(batch, { columns, colour: "none" }, { rows: 2 }).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines.length).toBeLessThanOrEqual(26);
    const perRow = lines[5]!.trim().split(/\s+/).length;
    expect(perRow).toBe(Math.floor((columns - 1) / 25));
  });
  test("an empty batch is an empty text", () => {
    expect(terminalGrid(ndarray(new Float32Array(0), [0, 1, 2, 2]), { columns: 80, colour: "none" })).toBe(
      "",
    );
  });
});

test("a pipe has no colour and 80 columns", () => {
  expect(terminalOf({ isTTY: false } as unknown as NodeJS.WriteStream)).toEqual({
    columns: 80,
    colour: "none",
  });
});
