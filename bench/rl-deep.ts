// npx tsx bench/rl-deep.ts: deep agents at work, environment steps a second with learning included; one JSON line each.
import "../src/index.node.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import type { AnyAgent } from "../src/rl/agent.ts";
import { dqn } from "../src/rl/deep/dqn.ts";
import { ppo } from "../src/rl/deep/ppo.ts";
import { sac } from "../src/rl/deep/sac.ts";
import { make } from "../src/rl/make.ts";
import { AutoresetMode, makeVec } from "../src/rl/vector.ts";

async function measure(
  agent: AnyAgent,
  env: string,
  steps: number,
  options: object,
  about: string,
): Promise<void> {
  const engine = await nodeEngine({ device: "cpu", flushDenormals: true });
  const rates: number[] = [];
  // Ten pieces of the run; the first two make programs and fill the replay.
  let before = { step: 0, at: performance.now() };
  const learning = agent.learn({
    options: agent.options.parse(options),
    makeEnv: () => make(env),
    makeVec: (n) => makeVec(env, n, { autoresetMode: AutoresetMode.DISABLED }),
    learnsFrom: "environment",
    maxSteps: 1000,
    steps,
    seed: 0,
    engine: async () => engine,
    logEvery: steps / 10,
    sampleEvery: steps,
    checkpointEvery: steps,
  });
  for await (const event of learning) {
    if (event.kind !== "step") continue;
    const now = performance.now();
    rates.push((1000 * (event.step - before.step)) / (now - before.at));
    before = { step: event.step, at: now };
  }
  await engine.dispose();
  const settled = rates.slice(2).sort((a, b) => a - b);
  console.log(
    JSON.stringify({
      bench: agent.name,
      env,
      about,
      medianStepsPerSecond: Math.round(settled[settled.length >> 1]!),
      bestStepsPerSecond: Math.round(settled.at(-1)!),
    }),
  );
}

await measure(
  ppo,
  "CartPole-v1",
  200_000,
  { horizon: 128, epochs: 4, batchSize: 256 },
  "8 environments × 128 steps, 4 epochs of 4 updates, [64, 64]",
);
await measure(
  dqn,
  "CartPole-v1",
  20_000,
  { hidden: [64, 64], trainEvery: 1, gradientSteps: 1, targetEvery: 500 },
  "one update a step, batch 64, [64, 64]",
);
await measure(sac, "Pendulum-v1", 10_000, {}, "one update a step, batch 100, [64, 64]");
