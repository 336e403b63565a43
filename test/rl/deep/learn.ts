import "../../../src/index.node.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { nodeEngine } from "../../../src/engine/onnx/node.ts";
import { asEnv } from "../../../src/rl/adopt.ts";
import type { AnyAgent, Setting } from "../../../src/rl/agent.ts";
import { make } from "../../../src/rl/make.ts";
import { AutoresetMode, makeVec } from "../../../src/rl/vector.ts";
import type { Checkpoint, TrainEvent } from "../../../src/train/checkpoint.ts";
import { checkpointFiles, readCheckpointFiles } from "../../../src/train/checkpoint-files.ts";
import { type End, Probe, probes } from "./probe.ts";

let shared: Promise<Engine> | undefined;
export const engine = (): Promise<Engine> => (shared ??= nodeEngine({ device: "cpu", threads: 1 }));

export interface Learned {
  readonly events: readonly TrainEvent[];
  readonly saved: readonly Checkpoint[];
  readonly best: readonly number[];
}

export const metricsOf = ({ events }: Learned): TrainEvent[] =>
  events.filter((e) => e.kind === "step" || e.kind === "validation");

type Changes = Partial<Setting<unknown>> & { readonly stopAt?: number };

/** Lets an agent learn; checkpoints come back as they do from files. `stopAt` presses Ctrl-C at that step's event. */
export async function learn(
  agent: AnyAgent,
  options: Record<string, unknown>,
  { stopAt, ...setting }: Changes & Pick<Setting<unknown>, "makeEnv" | "makeVec">,
): Promise<Learned> {
  const saved: Checkpoint[] = [];
  const events: TrainEvent[] = [];
  const best: number[] = [];
  const stop = new AbortController();
  const learning = agent.learn({
    options: agent.options.parse(options),
    learnsFrom: "environment",
    maxSteps: 200,
    steps: 300,
    seed: 7,
    engine,
    store: {
      save: async (checkpoint) => {
        const files = await checkpointFiles(checkpoint);
        const bytes = (name: string): Uint8Array => {
          const file = files[name]!;
          return typeof file === "string" ? new TextEncoder().encode(file) : file;
        };
        saved.push(await readCheckpointFiles(async (name) => bytes(name), "memory"));
        return `checkpoint ${checkpoint.step}`;
      },
      markBest: async (step) => void best.push(step),
    },
    logEvery: 50,
    sampleEvery: 100_000,
    checkpointEvery: 100_000,
    signal: stop.signal,
    ...setting,
  });
  for await (const event of learning) {
    events.push(event);
    if (event.kind === "step" && stopAt !== undefined && event.step >= stopAt) stop.abort();
  }
  return { events, saved, best };
}

/** In the process with known values. */
export const onProbe = (
  agent: AnyAgent,
  options: Record<string, unknown>,
  {
    end,
    mode = AutoresetMode.DISABLED,
    continuous = false,
    ...setting
  }: Changes & { end: End; mode?: AutoresetMode; continuous?: boolean },
): Promise<Learned> =>
  learn(agent, options, {
    makeEnv: () => asEnv(new Probe(end, continuous)) as never,
    makeVec: probes(end, mode, continuous),
    ...setting,
  });

/** In an environment of this library. */
export const onEnv = (
  agent: AnyAgent,
  options: Record<string, unknown>,
  { env, ...setting }: Changes & { env: string },
): Promise<Learned> =>
  learn(agent, options, {
    makeEnv: () => make(env),
    makeVec: (n) => makeVec(env, n, { autoresetMode: AutoresetMode.DISABLED }),
    ...setting,
  });
