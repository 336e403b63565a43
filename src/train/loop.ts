import { prefetch, START } from "../data/batches.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import type { Checkpoint, CheckpointStore, Metrics, TrainEvent } from "./checkpoint.ts";
import { type Examples, type Fetch, fetches } from "./examples.ts";
import { Players } from "./players.ts";
import type { HostBatch, Output, Plan, Task } from "./task.ts";

export interface TrainOptions {
  readonly task: Task;
  readonly examples: Examples;
  readonly plan: Plan;
  readonly engine: Engine;
  /** Everything random follows from it: first weights, the order of the data, noise. */
  readonly seed: number;
  /** Go on from here instead of starting. */
  readonly from?: Checkpoint | undefined;
  readonly store?: CheckpointStore | undefined;
  /** Steps between checkpoints; without a store there are none. An epoch by default. */
  readonly checkpointEvery?: number | undefined;
  /** A look at the run. `averages` gives, while tracing, moving averages for `substitute`. */
  readonly preview?:
    | ((averages: () => ReadonlyMap<Variable, Tensor>, key: Key) => Promise<Output>)
    | undefined;
  /** Steps between previews; an epoch by default. */
  readonly sampleEvery?: number | undefined;
  /** When it fires, the loop saves a checkpoint after the step it is in, and ends. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The one training loop: for each player of the task a compiled step (loss, gradients, clipping, optimizer,
 * moving average), while the next batch is made ready. Step s uses the key `Key.seed(seed).split(s)`.
 *
 * @throws UserError when a metric is not finite: nothing is saved then, so the last checkpoint is a good one.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, undefined> {
  const { task, examples, plan, engine, seed, from, store, preview, signal } = options;
  const { checkpointEvery = epochOf(plan), sampleEvery = epochOf(plan) } = options;
  if (examples.length < plan.batchSize)
    throw new UserError(
      `a batch of ${plan.batchSize} is larger than the data: there are ${examples.length} examples to train on`,
    );
  const root = Key.seed(seed);
  const players = new Players(task, engine, root.split("weights"), plan.accumulate);
  if (from) players.restore(from);
  let { step, position, seconds } = from ?? { step: 0, position: START, seconds: 0 };
  let savedAt = from ? step : -1;
  let lastGood = from ? `the last good checkpoint is that of step ${step}` : "there is no checkpoint yet";
  const feed = prefetch(fetches(examples, plan.batchSize, root.split("data"), position));

  async function* save(): AsyncGenerator<TrainEvent> {
    if (!store || savedAt === step) return;
    const where = await store.save({ step, seed, position, seconds, ...(await players.capture()) });
    savedAt = step;
    lastGood = `the last good checkpoint is ${where}`;
    yield { kind: "checkpoint", step, where };
  }

  try {
    while (step < plan.steps && !signal?.aborted) {
      const started = performance.now();
      const batches: HostBatch[] = [];
      for (let i = 0; i < players.batchesPerStep; i++) {
        const fetch = (await feed.next()).value as Fetch;
        batches.push(await fetch.batch);
        position = fetch.next;
      }
      const metrics = await players.step(batches, root.split(step), step);
      requireFinite(metrics, step + 1, task, lastGood);
      step++;
      seconds += (performance.now() - started) / 1000;
      yield { kind: "step", step, epoch: step / plan.stepsPerEpoch, metrics };

      const last = step === plan.steps;
      if (preview && !signal?.aborted && (last || step % sampleEvery === 0))
        yield {
          kind: "sample",
          step,
          ...(await preview(() => players.averages(), root.split("preview"))),
        };
      if (last || step % checkpointEvery === 0) yield* save();
    }
    yield* save();
    yield { kind: "done", step, finished: step >= plan.steps, seconds };
  } finally {
    await feed.return(undefined);
    await players.dispose();
  }
}

export interface PlanOptions {
  readonly batchSize: number;
  readonly lr: number;
  /** Give epochs or steps. */
  readonly steps?: number | undefined;
  readonly epochs?: number | undefined;
  readonly accumulate?: number | undefined;
  /** Batches that the players of a model take in a step without accumulation; 1 for most. */
  readonly batchesPerStep?: number | undefined;
}

/** The plan of a run over these examples: an epoch is as many steps as use up its batches. */
export function planFor(examples: Examples, options: PlanOptions): Plan {
  const { batchSize, lr, epochs = 1, accumulate = 1, batchesPerStep = 1 } = options;
  const batches = Math.max(1, Math.floor(examples.length / batchSize));
  const used = accumulate * batchesPerStep;
  const stepsPerEpoch = batches / used;
  const steps = options.steps ?? Math.ceil((epochs * batches) / used);
  return { batchSize, lr, accumulate, stepsPerEpoch, steps };
}

/** An epoch in whole steps. */
export const epochOf = ({ stepsPerEpoch }: Plan): number => Math.max(1, Math.round(stepsPerEpoch));

function requireFinite(metrics: Metrics, step: number, task: Task, lastGood: string): void {
  const bad = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  if (!bad) return;
  const [name, value] = bad;
  const [player, metric] = task.players.length > 1 ? name.split("/") : [task.players[0]!.name, name];
  throw new UserError(
    `step ${step}: ${metric} of ${player} is ${value}. Training stopped; ${lastGood}. ` +
      "Try a smaller learning rate (--lr), or clip the gradients",
  );
}
