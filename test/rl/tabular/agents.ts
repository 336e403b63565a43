import type { AnyAgent, Setting } from "../../../src/rl/agent.ts";
import { make } from "../../../src/rl/make.ts";
import { Memory } from "../../../src/rl/tabular/memory.ts";
import type { Checkpoint, TrainEvent } from "../../../src/train/checkpoint.ts";

export interface Learnt {
  readonly events: readonly TrainEvent[];
  readonly saved: readonly Checkpoint[];
  readonly Q: Float64Array;
}

/** Let an agent learn in the 4 × 4 gridworld, or another environment; `stopAt` presses Ctrl-C at that event. */
export async function learnt(
  agent: AnyAgent,
  options: Record<string, unknown>,
  {
    env = "Gridworld4x4-v0",
    stopAt,
    ...setting
  }: Partial<Setting<unknown>> & { env?: string; stopAt?: number } = {},
): Promise<Learnt> {
  const saved: Checkpoint[] = [];
  const events: TrainEvent[] = [];
  const stop = new AbortController();
  const learning = agent.learn({
    options: agent.options.parse(options),
    makeEnv: () => make(env, { max_episode_steps: 200 }),
    learnsFrom: "environment",
    maxSteps: 200,
    steps: 300,
    seed: 7,
    engine: () => Promise.reject(new Error("a table needs no engine")),
    store: {
      save: async (checkpoint) => {
        // As it comes back from a file.
        const { progress } = checkpoint;
        saved.push({
          ...structuredClone(checkpoint),
          progress: JSON.parse(JSON.stringify(progress)) as never,
        });
        return `checkpoint ${checkpoint.step}`;
      },
    },
    logEvery: 10,
    sampleEvery: 1000,
    checkpointEvery: 1000,
    signal: stop.signal,
    ...setting,
  });
  for await (const event of learning) {
    events.push(event);
    if (event.kind === "step" && event.step === stopAt) stop.abort();
  }
  const Q = Memory.from(saved.at(-1)!.tensors.weights).floats("Q", () => new Float64Array(0));
  return { events, saved, Q };
}
