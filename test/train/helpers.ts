import type { Examples } from "../../src/data/data.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { Linear } from "../../src/nn/linear.ts";
import { Module } from "../../src/nn/module.ts";
import { adam } from "../../src/optim/adam.ts";
import { cosine } from "../../src/optim/schedules.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { mean, normal, relu, square, sub } from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { TrainEvent } from "../../src/train/checkpoint.ts";
import { type TrainOptions, train } from "../../src/train/loop.ts";
import type { Player, Task } from "../../src/train/task.ts";

export class Net extends Module {
  readonly first = new Linear(4, 16);
  readonly second = new Linear(16, 1);
  forward(x: Tensor): Tensor {
    return this.second.forward(relu(this.first.forward(x)));
  }
}

/** A regression with noise in its loss, so that a wrong key shows. */
export function regression(player: Partial<Player> = {}): Task {
  const module = new Net();
  return {
    name: "regression",
    module,
    players: [
      {
        name: "net",
        module,
        loss: ({ x, y }, key) => {
          const guess = module.forward(x!);
          const loss = mean(square(sub(sub(guess, y!), normal(key, guess.shape))));
          return { loss, guess: mean(guess) };
        },
        optimizer: adam(),
        schedule: cosine(0.03, { steps: 40 }),
        ema: 0.9,
        maxGradNorm: 1,
        ...player,
      },
    ],
  };
}

const data = hostNormal(Key.seed(7), 40 * 5);

/** 40 examples: four numbers in, their sum out. `broken`: from this fetch on, the inputs are NaN. */
export function examples(broken = Number.POSITIVE_INFINITY): Examples & { readonly seen: number[][] } {
  const seen: number[][] = [];
  return {
    seen,
    length: 40,
    fields: { x: { shape: [4], dtype: "float32" }, y: { shape: [1], dtype: "float32" } },
    batch(indices) {
      const list = Array.from(indices);
      seen.push(list);
      const x = list.flatMap((i) => [...data.subarray(4 * i, 4 * i + 4)]);
      const y = list.map((_, i) => x.slice(4 * i, 4 * i + 4).reduce((a, b) => a + b, 0));
      if (seen.length >= broken) x.fill(Number.NaN);
      return {
        x: ndarray(Float32Array.from(x), [list.length, 4]),
        y: ndarray(Float32Array.from(y), [list.length, 1]),
      };
    },
  };
}

let engine: Promise<Engine> | undefined;
/** One engine a test file; each test's variables are its own. */
export const sharedEngine = (): Promise<Engine> => (engine ??= nodeEngine({ threads: 1 }));

/** Train from first weights that follow from the seed. */
export function start(options: TrainOptions): ReturnType<typeof train> {
  options.task.module.initialize(Key.seed(options.seed).split("weights"));
  return train(options);
}

export async function collect(events: AsyncIterable<TrainEvent>): Promise<TrainEvent[]> {
  const out: TrainEvent[] = [];
  for await (const event of events) out.push(event);
  return out;
}

export const metricsOf = (events: readonly TrainEvent[]): unknown[] =>
  events.flatMap((e) => (e.kind === "step" ? [{ step: e.step, epoch: e.epoch, ...e.metrics }] : []));
