import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { exportFreeBatch } from "../../../src/engine/onnx/export.ts";
import { asEnv } from "../../../src/rl/adopt.ts";
import type { AnyAgent } from "../../../src/rl/agent.ts";
import { ppo } from "../../../src/rl/deep/ppo.ts";
import { sac } from "../../../src/rl/deep/sac.ts";
import { engine, onProbe } from "./learn.ts";
import { Probe } from "./probe.ts";

const AGENTS: readonly (readonly [string, AnyAgent, object, boolean])[] = [
  ["ppo", ppo, { hidden: [8], horizon: 8, batchSize: 8, epochs: 2, normalizeObservation: true }, false],
  ["sac", sac, { hidden: [8], learningStarts: 20 }, true],
];

test.each(AGENTS)(
  "%s: plain onnxruntime chooses the actions that the policy does",
  async (_, agent, options, continuous) => {
    const { saved } = await onProbe(agent, options as never, { end: "truncated", continuous, steps: 120 });
    const makeEnv = () => asEnv(new Probe("both", continuous)) as never;
    const setting = { options: agent.options.parse(options), makeEnv, engine };
    const { module, at } = agent.graph!(saved.at(-1)!, setting);
    const freeze = module.variables().map(([, v]) => v);
    const file = await exportFreeBatch(at, { engine: await engine(), freeze });
    const session = await InferenceSession.create(file.bytes);
    const rows = [Float32Array.of(1, 0, 0), Float32Array.of(0, 1, 0), Float32Array.of(0.3, 0.3, 0.9)];
    const observations = new OrtTensor(
      "float32",
      rows.flatMap((row) => [...row]),
      [3, 3],
    );
    const { actions } = await session.run({ observations });
    const policy = await agent.policy(saved.at(-1)!, setting);
    for (const [i, row] of rows.entries()) {
      const action = await policy.act(row, {}, undefined);
      const own = typeof action === "number" ? action : (action as Float32Array)[0]!;
      expect(Number(actions!.data[i])).toBeCloseTo(own, 5);
    }
  },
);
