import { describe, expect, test } from "vitest";
import { lookup, unknownName } from "../src/errors.ts";

describe("a name that is not known", () => {
  test.each([
    ["mnits", ["mnist", "fashion-mnist"], 'Did you mean "mnist"?'],
    ["vea", ["ae", "dae", "vae"], 'Did you mean "vae"?'],
    ["q-lerning", ["sarsa", "q-learning"], 'Did you mean "q-learning"?'],
  ])("%s: the nearest is offered", (got, known, hint) => {
    expect(unknownName("thing", got, known).message).toBe(
      `unknown thing "${got}". Known: ${known.join(", ")}. ${hint}`,
    );
  });

  test("nothing near: no guess; nothing at all: said", () => {
    expect(unknownName("run", "zebra", ["vae-mnist"]).message).toBe('unknown run "zebra". Known: vae-mnist.');
    expect(unknownName("run", "x", []).message).toBe('unknown run "x". Known: none yet.');
  });

  test("names that every object has are not in a table", () => {
    expect(() => lookup("model", { vae: 1 }, "toString")).toThrow('unknown model "toString"');
    expect(lookup("model", { vae: 1 }, "vae")).toBe(1);
  });
});
