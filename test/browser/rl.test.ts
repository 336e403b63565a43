import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage, type TestPage } from "./harness.ts";
import type { Learned, Lesson } from "./rl-tasks.ts";

let page: TestPage;
beforeAll(async () => {
  page = await openPage({ entry: "rl-tasks.ts" });
});
afterAll(() => page?.close());

const learn = (lesson: Lesson): Promise<Learned> => page.call("learn", lesson);

test("ppo learns to hold the pole in a page", async () => {
  const { evaluations } = await learn({ agent: "ppo", env: "CartPole-v1", steps: 8000 });
  expect(evaluations.at(-1)!.return).toBeGreaterThan(60);
});

test("sac makes its updates in a page", async () => {
  const options = { learningStarts: 50, hidden: [16, 16] };
  const { evaluations, seconds } = await learn({ agent: "sac", env: "Pendulum-v1", steps: 300, options });
  expect(evaluations.at(-1)!.step).toBe(300);
  expect(seconds).toBeGreaterThan(0);
});
