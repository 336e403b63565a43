import type { Engine } from "../engine/engine.ts";
import { withModel } from "../generative/context.ts";
import { rulerOnDemand } from "../generative/metrics/ruler.node.ts";
import type { AnyModel, HookContext } from "../generative/model.ts";
import type { Checkpoint, Metrics, TrainEvent } from "../train/checkpoint.ts";
import type { Data } from "../train/examples.ts";
import { train } from "../train/loop.ts";
import type { RunFolder } from "../train/node.ts";
import { RunWriter } from "../train/run-writer.node.ts";
import type { Picture } from "../train/task.ts";
import { type Built, buildRun } from "./common.ts";
import { Interrupted, type Printer } from "./io.ts";
import { duration, type Progress, short } from "./progress.ts";
import { terminalGrid, terminalOf } from "./terminal-image.ts";

export interface Session {
  readonly run: RunFolder;
  readonly data: Data;
  readonly engine: Engine;
  readonly printer: Printer;
  /** Go on from here; from the beginning when undefined. */
  readonly from: Checkpoint | undefined;
}

/** Train a run to its end, or to Ctrl-C, writing its folder and showing how it goes. */
export async function trainRun(session: Session): Promise<void> {
  const { run, data, engine, printer, from } = session;
  const built = buildRun(run, data);
  const { seed, sampleEvery, checkpointEvery } = run.config;
  announce(session, built);
  const writer = await RunWriter.open(run, from?.step ?? 0);
  const bar = printer.progress(run.config.model, built.plan.steps, { start: from?.step ?? 0 });
  const show = new Show(session, built.definition, bar);
  const { ruler, dispose } = rulerOnDemand(data, engine);
  try {
    const events = train({
      ...built,
      engine,
      seed,
      from,
      sampleEvery,
      checkpointEvery,
      examples: data.train,
      store: writer,
      signal: printer.io.signal,
      preview: previewOf(built, data, engine, ruler),
    });
    for await (const event of events) show.event(event, await writer.on(event));
  } finally {
    bar.stop();
    await dispose();
    await writer.close();
  }
  show.end();
}

function previewOf(
  { definition, config, task }: Built,
  data: Data,
  engine: Engine,
  ruler: HookContext<unknown>["ruler"],
): Parameters<typeof train>[0]["preview"] {
  if (!definition.preview) return undefined;
  return (averages, key) =>
    withModel({ task, config, data, engine, key, averages, ruler }, async (ctx) => definition.preview!(ctx));
}

function announce({ run, data, engine, printer, from }: Session, { task, plan }: Built): void {
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
  });
  printer.note(
    `${from ? `going on with ${run.path} at step ${count(from.step)}` : `training ${model} on ${name}`}: ` +
      `${count(data.train.length)} examples, ${count(parameters)} parameters, ${count(steps)} steps (${epochs} epochs), ${engine.name}`,
  );
  if (!from) printer.note(`everything goes to ${run.path}; Ctrl-C saves and stops`);
}

const count = (n: number): string => n.toLocaleString("en-US");

/** How a run is shown: a progress bar while it goes, its last pictures and numbers when it is done. */
class Show {
  readonly #session: Session;
  readonly #definition: AnyModel;
  readonly #bar: Progress;
  #metrics: Metrics = {};
  #watched: Metrics = {};
  #pictures: readonly Picture[] = [];
  #paths: readonly string[] = [];
  #done: Extract<TrainEvent, { kind: "done" }> | undefined;

  constructor(session: Session, definition: AnyModel, bar: Progress) {
    this.#session = session;
    this.#definition = definition;
    this.#bar = bar;
  }

  event(event: TrainEvent, paths: readonly string[]): void {
    const { printer, run } = this.#session;
    if (event.kind === "step") {
      this.#metrics = event.metrics;
      this.#bar.update(event.step, pick(event.metrics, /(^|\/)loss$/));
      const { logEvery, steps } = run.config;
      const { step, epoch, metrics } = event;
      if (step === 1 || step === steps || step % logEvery === 0)
        printer.object({ event: "step", step, epoch, ...metrics });
    } else if (event.kind === "sample") {
      const { step, pictures = [], numbers = {}, text = [] } = event;
      this.#pictures = pictures;
      this.#paths = paths;
      this.#watched = numbers;
      for (const line of text) this.#bar.log(`step ${count(step)}: ${line}`);
      printer.object({ event: "sample", step, ...numbers, text, paths });
    } else if (event.kind === "checkpoint")
      printer.object({ event: "checkpoint", step: event.step, path: event.where });
    else this.#done = event;
  }

  end(): void {
    const { printer, run } = this.#session;
    const { step, seconds, finished } = this.#done!;
    printer.object({ event: "done", run: run.path, step, finished, seconds, ...this.#metrics });
    if (!finished) {
      printer.note(
        `stopped at step ${count(step)}; nothing is lost. Go on with\n  galatea resume ${run.path}`,
      );
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
    const next = ["sample", "reconstruct", "evaluate"].filter((hook) => hook in this.#definition);
    if (this.#definition.diffusion) next.push("compare");
    if (this.#definition.exports) next.push("export");
    printer.note(`\nnext:\n${next.map((command) => `  galatea ${command} ${run.path}`).join("\n")}`);
    printer.note(`  tensorboard --logdir ${run.path}`);
  }
}

const pick = (metrics: Metrics, names: RegExp): Metrics =>
  Object.fromEntries(Object.entries(metrics).filter(([name]) => names.test(name)));
