import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage, type TestPage } from "./harness.ts";

let page: TestPage;
beforeAll(async () => {
  page = await openPage({ entry: "linear-programming-tasks.ts" });
});
afterAll(() => page?.close());

test("a page solves linear programs with the HiGHS that it serves", async () => {
  const v = await page.call<number[]>("solve", { id: "FrozenLake-v1", gamma: 0.99 });
  expect(v[0]!.toFixed(5)).toBe("0.54203");
  const gambler = await page.call<number[]>("solve", { id: "GamblersProblem-v0", gamma: 1 });
  expect(gambler[50]!.toFixed(6)).toBe("0.400000");
});

test("without one it says what to import and what to serve", async () => {
  expect(await page.call("refusal")).toMatch(
    /^UserError: linear programming needs the package highs.*highs\.wasm/,
  );
});
