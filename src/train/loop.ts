import { type Fetch, fetches, prefetch, START } from "../data/batches.ts";
import type { Examples } from "../data/data.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import { type Checkpoint, type CheckpointStore, type Metrics, PositionSchema, type TrainEvent } from "./checkpoint.ts"; // biome-ignore format: a list of names

import { Learners } from "./learners.ts";
import { LEARNING, type Learning } from "./learning.ts";
import { ALONE, anyOf, type Communicator, requireSame, shareOf } from "./parallel/communicator.ts";
import type { HostBatch, Output, Plan, Task } from "./task.ts";
import { type ValidationOptions, Validator } from "./validation.ts";

export interface TrainOptions {
  /** Its weights must have been initialised (`begin`, `module.initialize`) or loaded. */
  readonly task: Task;
  readonly examples: Examples;
  readonly plan: Plan;
  readonly engine: Engine;
  /** Determines the order of the data and all noise. */
  readonly seed: number;
  /** Continue from this checkpoint. */
  readonly from?: Checkpoint | undefined;
  readonly store?: CheckpointStore | undefined;
  /** Steps between checkpoints; without a store there are none. An epoch by default. */
  readonly checkpointEvery?: number | undefined;
  /** Makes pictures and numbers of the run as it is. `averages` gives, while tracing, moving averages for `substitute`. */
  readonly preview?:
    | ((averages: () => ReadonlyMap<Variable, Tensor>, key: Key) => Promise<Output>)
    | undefined;
  /** Steps between previews; an epoch by default. */
  readonly sampleEvery?: number | undefined;
  /** Held-out examples: their loss is measured with every preview, the best checkpoint kept, training ended early. */
  readonly validation?: ValidationOptions | undefined;
  /** When it fires, the loop finishes its step, saves a checkpoint and ends. */
  readonly signal?: AbortSignal | undefined;
  /** Save and end after this step, though the plan has more. */
  readonly until?: number | undefined;
  /**
   * The processes that train together, each with its share of every batch; this one alone when left out. All pass the same
   * options; rank 0 alone makes previews and saves checkpoints.
   */
  readonly ranks?: Communicator | undefined;
}

/**
 * The training loop. For each player of the task it runs a compiled step (loss, gradients, clipping, optimizer,
 * moving average), while the next batch is prepared. Step s uses the key `Key.seed(seed).split(s)`.
 *
 * @throws UserError when a metric is not finite: nothing is saved then, so the last checkpoint is a good one.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, undefined> {
  const { task, examples, plan, engine, seed, from, store, signal, ranks = ALONE } = options;
  const until = options.until ?? Number.POSITIVE_INFINITY;
  const preview = ranks.rank === 0 ? options.preview : undefined;
  const { checkpointEvery = epochOf(plan), sampleEvery = epochOf(plan) } = options;
  requireBatch(examples, plan.batchSize);
  const share = shareOf(plan.batchSize, ranks);
  const root = Key.seed(seed);
  const learners = new Learners(task, engine, plan.accumulate, ranks);
  if (from) learners.restore(from);
  const validator =
    options.validation &&
    new Validator(task, options.validation, { engine, key: root.split("validation"), from, ranks });
  let { step, seconds } = from ?? { step: 0, seconds: 0 };
  let position = from ? PositionSchema.parse(from.progress.position) : START;
  let savedAt = from ? step : -1;
  const stopping = (): Promise<boolean> => anyOf(ranks, signal?.aborted === true);
  let lastGood = from ? `the last good checkpoint is that of step ${step}` : "there is no checkpoint yet";
  const feed = prefetch(fetches(examples, plan.batchSize, root.split("data"), position, share));
  ranks.remark(lastGood);

  async function* save(): AsyncGenerator<TrainEvent> {
    if (!store || savedAt === step) return;
    const tensors = (await learners.capture()) as Checkpoint["tensors"];
    await requireSame(ranks, step, learners.shared(tensors));
    const progress = { position, ...validator?.progress };
    const saved = ranks.rank === 0 && (await store.save({ step, seed, seconds, tensors, progress }));
    const where = await ranks.broadcast(saved || "");
    savedAt = step;
    lastGood = `the last good checkpoint is ${where}`;
    ranks.remark(lastGood);
    yield { kind: "checkpoint", step, where };
  }

  async function* validate(): AsyncGenerator<TrainEvent> {
    if (!validator) return;
    const { metrics, best } = await validator.look(step, () => learners.averages());
    yield { kind: "validation", step, metrics, best };
    if (!best || !store) return;
    yield* save();
    if (ranks.rank === 0) await store.markBest?.(step, metrics);
  }

  try {
    let done = step >= plan.steps || validator?.patient === false;
    while (!done && step < until && !(await stopping())) {
      const started = performance.now();
      const batches: HostBatch[] = [];
      for (let i = 0; i < learners.batchesPerStep; i++) {
        const fetch = (await feed.next()).value as Fetch;
        batches.push(await fetch.batch);
        position = fetch.next;
      }
      const metrics = await learners.step(batches, root.split(step), step);
      requireFinite(metrics, step + 1, task, lastGood);
      step++;
      seconds += (performance.now() - started) / 1000;
      yield { kind: "step", step, epoch: step / plan.stepsPerEpoch, metrics };

      const last = step === plan.steps;
      const look = (last || step % sampleEvery === 0) && !(await stopping());
      if (look) yield* validate();
      done = last || validator?.patient === false;
      if (preview && look)
        yield {
          kind: "sample",
          step,
          ...(await preview(() => learners.averages(), root.split("preview"))),
        };
      if (last || step % checkpointEvery === 0) yield* save();
    }
    yield* save();
    yield { kind: "done", step, finished: done, seconds };
  } finally {
    await feed.return(undefined);
    await validator?.dispose();
    await learners.dispose();
  }
}

/** @throws UserError where the examples do not fill one batch. */
export function requireBatch(examples: Pick<Examples, "length">, batchSize: number): void {
  if (examples.length < batchSize)
    throw new UserError(
      `a batch of ${batchSize} is larger than the data: there are ${examples.length} examples to train on ` +
        `(choose a smaller option \`batchSize\`)`,
    );
}

export interface PlanOptions {
  readonly batchSize: number;
  readonly lr: number;
  /** Give epochs or steps. */
  readonly steps?: number | undefined;
  readonly epochs?: number | undefined;
  readonly accumulate?: number | undefined;
  /** Updates per step of the player that has most, each with its own batch; 1 for most models. */
  readonly repeats?: number | undefined;
  readonly learning?: Learning | undefined;
}

/** The plan of a run over these examples: an epoch is the number of steps that uses up its batches. */
export function planFor(examples: Pick<Examples, "length">, options: PlanOptions): Plan {
  const { batchSize, lr, epochs = 1, accumulate = 1, repeats = 1, learning = LEARNING } = options;
  const batches = Math.max(1, Math.floor(examples.length / batchSize));
  const used = accumulate * repeats;
  const stepsPerEpoch = batches / used;
  const steps = options.steps ?? Math.ceil((epochs * batches) / used);
  return { batchSize, lr, accumulate, stepsPerEpoch, steps, learning };
}

/** An epoch in whole steps. */
export const epochOf = ({ stepsPerEpoch }: Plan): number => Math.max(1, Math.round(stepsPerEpoch));

/** @throws UserError naming the metric that is not finite, whose it is, and the last good checkpoint. */
export function requireFinite(metrics: Metrics, step: number, task: Task, lastGood: string): void {
  const bad = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  if (!bad) return;
  const [name, value] = bad;
  const [player, metric] = task.players.length > 1 ? name.split("/") : [task.players[0]!.name, name];
  throw new UserError(
    `step ${step}: ${metric} of ${player} is ${value}. Training stopped; ${lastGood}. ` +
      "Try a smaller learning rate (option `lr`), or clip the gradients (option `maxGradNorm`)",
  );
}
