/** Deep agents that learn in a page. */
import { webEngine } from "../../src/engine/onnx/web.ts";
import { DEEP_AGENTS } from "../../src/rl/deep/agents.ts";
import { make } from "../../src/rl/make.ts";
import { AutoresetMode, makeVec } from "../../src/rl/vector.ts";

export interface Lesson {
  readonly agent: string;
  readonly env: string;
  readonly steps: number;
  readonly options?: Record<string, unknown>;
  readonly seed?: number;
  readonly evaluateEvery?: number;
}

export interface Learned {
  /** Of learning alone, without the evaluations. */
  readonly seconds: number;
  /** Mean returns of ten episodes without exploring. */
  readonly evaluations: readonly { readonly step: number; readonly return: number }[];
}

export const tasks = {
  async learn({ agent: name, env, steps, options = {}, seed = 0, evaluateEvery }: Lesson): Promise<Learned> {
    const agent = DEEP_AGENTS.find((each) => each.name === name)!;
    const engine = await webEngine({ device: "wasm", threads: 1, wasmPaths: "/ort/" });
    const evaluations: { step: number; return: number }[] = [];
    let seconds = 0;
    for await (const event of agent.learn({
      options: agent.options.parse(options),
      makeEnv: () => make(env),
      makeVec: (n) => makeVec(env, n, { autoresetMode: AutoresetMode.DISABLED }),
      learnsFrom: "environment",
      maxSteps: 1000,
      steps,
      seed,
      engine: async () => engine,
      logEvery: steps,
      sampleEvery: evaluateEvery ?? steps,
      checkpointEvery: steps,
      evaluationEpisodes: 10,
    })) {
      if (event.kind === "validation")
        evaluations.push({ step: event.step, return: event.metrics["evaluation/return"]! });
      if (event.kind === "done") seconds = event.seconds;
    }
    await engine.dispose();
    return { seconds, evaluations };
  },
};
