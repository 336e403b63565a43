import { describe, expect, it } from "vitest";
import { frozenLake } from "../../src/rl/envs/frozen-lake.ts";
import { windyGridworld } from "../../src/rl/envs/gridworlds.ts";
import { dynaMaze } from "../../src/rl/envs/maze.ts";
import { taxi } from "../../src/rl/envs/taxi.ts";
import { gridSvg } from "../../src/rl/render/svg.ts";
import { gridText } from "../../src/rl/render/text.ts";

const count = (text: string, part: string): number => text.split(part).length - 1;

describe("text", () => {
  it("brackets the agent, or marks it by ANSI codes", () => {
    const { layout } = frozenLake();
    expect(gridText(layout!, 4, { action: "down" })).toBe(
      "(down)\n S  F  F  F \n[F] H  F  H \n F  F  F  H \n H  F  F  G \n",
    );
    expect(gridText(layout!, 0, { ansi: true })).toContain("\u001b[7m S \u001b[0m");
  });

  it("draws Taxi's walls, and the wind", () => {
    const text = taxi().render({ probability: 1, next: 0, reward: 0, terminated: false });
    expect(text).toContain("[R]  . | .   .   G ");
    expect(text).toContain("passenger at red, to red");
    expect(gridText(windyGridworld().layout!, -1)).toContain(" 0  0  0  1  1  1  2  2  1  0 ");
  });
});

describe("svg", () => {
  const { layout } = frozenLake();
  const values = Float64Array.from({ length: 16 }, (_, s) => s / 15);

  it("shows values, arrows where one can move, and the agent", () => {
    const svg = gridSvg({
      layout: layout!,
      values,
      actions: new Int32Array(16),
      agent: 4,
      digits: 2,
      title: "a < b",
    });
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
    expect(count(svg, "<polygon")).toBe(11);
    expect(svg).toContain(">0.47</text>");
    expect(count(svg, "#e4572e")).toBe(1);
    expect(svg).toContain("a &lt; b");
    expect(svg).not.toContain("NaN");
  });

  it("shows all the best actions of a stochastic policy", () => {
    const svg = gridSvg({ layout: layout!, policy: new Float64Array(64).fill(0.25) });
    expect(count(svg, "<polygon")).toBe(44);
    const sharp = new Float64Array(64).map((_, i) => (i % 4 === 2 ? 0.7 : 0.1));
    expect(count(gridSvg({ layout: layout!, values, policy: sharp }), "<polygon")).toBe(11);
  });

  it("draws walls, Taxi's fences and one slice of its states", () => {
    expect(count(gridSvg({ layout: dynaMaze().layout! }), "#3b3f46")).toBe(7);
    const svg = gridSvg({
      layout: taxi().layout!,
      values: Float64Array.from({ length: 500 }, (_, s) => s),
      stateAt: (cell) => cell * 20 + 17,
    });
    expect(count(svg, 'stroke-width="4"')).toBe(6);
    expect(svg).toContain(">497.0</text>");
  });

  it("equal values and missing ones do not break it", () => {
    expect(gridSvg({ layout: layout!, values: new Float64Array(16) })).not.toContain("NaN");
    expect(() => gridSvg({ layout: layout!, values, actions: [0] })).toThrow(
      "disagree on the number of states: 16, 1",
    );
  });
});
