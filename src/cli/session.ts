import { TOOLS } from "../catalog.node.ts";
import type { Engine } from "../engine/engine.ts";
import type { BeginOptions } from "../model/assemble.ts";
import type { World } from "../model/contract.ts";
import { type Session, trainRun } from "../model/session.ts";
import type { Checkpoint, CheckpointStore, Metrics, TrainEvent } from "../train/checkpoint.ts";
import type { RunFolder } from "../train/node.ts";
import type { Communicator } from "../train/parallel/communicator.ts";
import { requireShared } from "../train/parallel/shared.node.ts";
import type { ModelRun } from "../train/run-config.ts";
import { RunWriter } from "../train/run-writer.node.ts";
import type { Picture } from "../train/task.ts";
import { inFlags } from "./flags.ts";
import { Interrupted, type Printer } from "./io.ts";
import { duration, type Progress, short } from "./progress.ts";
import { terminalGrid, terminalOf } from "./terminal-image.ts";

export interface Training {
  readonly run: RunFolder<ModelRun>;
  readonly session: Session;
  readonly engine: Engine;
  readonly world: World;
  readonly printer: Printer;
  /** Continue from this checkpoint; from the beginning when undefined. */
  readonly from: Checkpoint | undefined;
  /** Pretrained initial weights. */
  readonly weights?: BeginOptions["weights"];
  /** The processes that train together. */
  readonly ranks: Communicator;
  /** Stop after this step. */
  readonly until?: number | undefined;
}

/** Train a run to its end, or to Ctrl-C, writing its folder and showing its progress. */
export async function runTraining(training: Training): Promise<void> {
  const { run, session, engine, world, printer, from, weights, ranks, until } = training;
  announce(training);
  const writer = ranks.rank === 0 ? await RunWriter.open(run, from?.step ?? 0) : undefined;
  const bar = printer.progress(run.config.model, session.plan.steps, { start: from?.step ?? 0 });
  const show = new Show(training, bar);
  try {
    await requireShared(ranks, run.path);
    const { signal } = printer.io;
    const store = writer ?? ELSEWHERE;
    const events = trainRun(session, { engine, world, from, weights, store, signal, ranks, until });
    for await (const event of events) show.event(event, (await writer?.on(event)) ?? []);
  } finally {
    bar.stop();
    await writer?.close();
  }
  show.end();
}

/** On the other ranks: rank 0 saves. */
const ELSEWHERE: CheckpointStore = { save: async () => "" };

function announce({ run, session, engine, printer, from, ranks }: Training): void {
  const { task, plan, examples } = session;
  const { model, data: name } = run.config;
  const parameters = task.module.parameterCount;
  const { steps, stepsPerEpoch } = plan;
  const epochs = short(steps / stepsPerEpoch);
  printer.object({
    event: "start",
    run: run.path,
    model,
    data: name,
    parameters,
    steps,
    from: from?.step ?? 0,
    engine: engine.name,
    ...(ranks.size > 1 && { ranks: ranks.size }),
  });
  printer.note(
    `${from ? `resuming ${run.path} at step ${count(from.step)}` : `training ${model} on ${name}`}: ` +
      `${count(examples.length)} examples, ${count(parameters)} parameters, ${count(steps)} steps (${epochs} epochs), ${ranks.size > 1 ? `${ranks.size} ranks, each ` : ""}${engine.name}`,
  );
  if (!from) printer.note(`everything goes to ${run.path}; Ctrl-C saves and stops`);
}

const count = (n: number): string => n.toLocaleString("en-US");

/** Shows a run: a progress bar while it trains, its last pictures and numbers when it is done. */
class Show {
  readonly #training: Training;
  readonly #bar: Progress;
  #metrics: Metrics = {};
  #watched: Metrics = {};
  #pictures: readonly Picture[] = [];
  #paths: readonly string[] = [];
  #done: Extract<TrainEvent, { kind: "done" }> | undefined;

  constructor(training: Training, bar: Progress) {
    this.#training = training;
    this.#bar = bar;
  }

  event(event: TrainEvent, paths: readonly string[]): void {
    const { printer, run } = this.#training;
    if (event.kind === "step") {
      this.#metrics = event.metrics;
      // The loss of a policy gradient says nothing: it reads 0 while its gradient does not.
      this.#bar.update(
        event.step,
        pick(event.metrics, "reward" in event.metrics ? /^(reward|kl)$/ : /(^|\/)loss$/),
      );
      const { logEvery, steps } = run.config;
      const { step, epoch, metrics } = event;
      if (step === 1 || step === steps || step % logEvery === 0)
        printer.object({ event: "step", step, epoch, ...metrics });
    } else if (event.kind === "sample") {
      const { step, pictures = [], numbers = {}, text = [] } = event;
      this.#pictures = pictures;
      this.#paths = paths;
      this.#watched = { ...this.#watched, ...numbers };
      for (const line of text) this.#bar.log(`step ${count(step)}: ${inFlags(line)}`);
      printer.object({ event: "sample", step, ...numbers, text, paths });
    } else if (event.kind === "validation") {
      this.#watched = { ...this.#watched, ...event.metrics };
      printer.object({ event: "validation", step: event.step, ...event.metrics, best: event.best });
    } else if (event.kind === "checkpoint")
      printer.object({ event: "checkpoint", step: event.step, path: event.where });
    else this.#done = event;
  }

  end(): void {
    const { printer, run, ranks } = this.#training;
    const { step, seconds, finished } = this.#done!;
    const together = ranks.size > 1 && { communication: ranks.waited / 1000 };
    printer.object({ event: "done", run: run.path, step, finished, seconds, ...together, ...this.#metrics });
    if (together)
      printer.note(
        `${ranks.size} ranks, ${duration(together.communication)} of communication and waiting for one another`,
      );
    if (!finished) {
      printer.note(
        `stopped at step ${count(step)}; nothing is lost. Continue with\n  galatea resume ${run.path}`,
      );
      if (step === this.#training.until) return;
      throw new Interrupted();
    }
    for (const picture of this.#pictures)
      if ("images" in picture) {
        printer.line(`\n${picture.name}`);
        printer.line(terminalGrid(picture.images, terminalOf(printer.io.stdout)));
      }
    const numbers = Object.entries({
      ...pick(this.#metrics, /^(?!.*(lr|grad_norm)$)/),
      ...this.#watched,
    }).map(([name, value]) => `${name} ${short(value)}`);
    printer.line(`\n${count(step)} steps in ${duration(seconds)}, ${numbers.join(", ")}`);
    for (const path of this.#paths) printer.line(path);
    const { model } = this.#training.session;
    const next = Object.keys(model.commands);
    next.push(...TOOLS.filter((tool) => tool.suits(model)).map(({ name }) => name));
    if (model.exports) next.push("export");
    printer.note(`\nnext:\n${next.map((command) => `  galatea ${command} ${run.path}`).join("\n")}`);
    printer.note(`  tensorboard --logdir ${run.path}`);
  }
}

const pick = (metrics: Metrics, names: RegExp): Metrics =>
  Object.fromEntries(Object.entries(metrics).filter(([name]) => names.test(name)));
