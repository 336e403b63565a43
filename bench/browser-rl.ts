/**
 * npm run bench -- browser-rl: deep agents that learn in headless Chromium, in ONNX Runtime's WebAssembly on one thread.
 * Seconds of learning and the return of ten episodes without exploring afterwards; one JSON line each. CHROMIUM names the browser.
 */
import { openPage } from "../test/browser/harness.ts";
import type { Learned, Lesson } from "../test/browser/rl-tasks.ts";

const LESSONS: readonly (Lesson & { readonly about: string })[] = [
  { agent: "sac", env: "Pendulum-v1", steps: 10_000, about: "one update a step, batch 100, [64, 64]" },
  { agent: "ppo", env: "CartPole-v1", steps: 100_000, evaluateEvery: 10_000, about: "its defaults" },
];

const page = await openPage({ entry: "rl-tasks.ts" });
for (const { about, ...lesson } of LESSONS) {
  const { seconds, evaluations } = await page.call<Learned>("learn", lesson);
  const { agent, env, steps } = lesson;
  const first = evaluations.find(({ return: found }) => found >= 475);
  console.log(
    JSON.stringify({
      bench: `${agent} in Chromium`,
      env,
      about,
      steps,
      seconds: Math.round(10 * seconds) / 10,
      return: evaluations.at(-1)!.return,
      ...(env === "CartPole-v1" && { reaches475At: first?.step }),
    }),
  );
}
await page.close();
