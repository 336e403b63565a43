/** An encoder–decoder model that learns a task, looked at while it learns; wherever there is an engine. */
import { taskData } from "galatea/data/tasks.ts";
import { type Compiled, compile } from "galatea/engine/compile.ts";
import type { Engine } from "galatea/engine/engine.ts";
import { begin } from "galatea/model/assemble.ts";
import type { AnyModel } from "galatea/model/contract.ts";
import { type AttentionMap, mapsOf, watched } from "galatea/sequence/attention-maps.ts";
import type { EncoderDecoder } from "galatea/sequence/encoder-decoder.ts";
import { PARTS } from "galatea/sequence/pair-attention.ts";
import { endOf, padded, pairExamples } from "galatea/sequence/pairs.ts";
import { type NdArray, ndarray } from "galatea/tensor/ndarray.ts";
import { argmax, constant } from "galatea/tensor/ops.ts";
import { Key } from "galatea/tensor/random.ts";
import type { Tensor } from "galatea/tensor/tensor.ts";
import { holding } from "galatea/tensor/trace.ts";
import type { Batch, HostBatch } from "galatea/train/task.ts";
import type { Value } from "../experiment/controls.ts";
import type { Kinds, Seen, Stepped } from "../experiment/protocol.ts";
import type { Live } from "../experiment/serve.ts";
import { ENDLESS, Trainee } from "../experiment/trainee.ts";
import { dataName, LENGTH, type TaskName, VARIANTS, type Variant, type VariantName } from "./variants.ts";

export interface PairSetting {
  readonly variant: VariantName;
  readonly task: TaskName;
  readonly seed: number;
  /** Only what differs from those of the variant. */
  readonly options: Readonly<Record<string, Value>>;
}

/** Maps of one part of a model, all over the same words. */
export interface Maps {
  readonly part: (typeof PARTS)[number]["name"];
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly maps: readonly AttentionMap[];
}

export interface Written {
  readonly source: string;
  readonly written: string;
  readonly right: string;
}

export interface PairLook extends Seen {
  /** What it writes now for the source that was typed, and for some held-out ones. */
  readonly written: readonly Written[];
  readonly attention: readonly Maps[];
}

export interface PairKinds extends Kinds {
  readonly setting: PairSetting;
  readonly opened: { readonly parameters: number };
  readonly how: { readonly source: string };
  readonly look: PairLook;
  readonly ask: never;
  readonly answer: never;
}

const LOADERS: Readonly<Record<"seq2seq" | "transformer", () => Promise<AnyModel>>> = {
  seq2seq: async () => (await import("galatea/sequence/seq2seq-model.ts")).seq2seq,
  transformer: async () => (await import("galatea/sequence/transformer-model.ts")).transformer,
};

/** Held-out pairs that are measured, and shown. */
const [MEASURED, SHOWN] = [128, 3] as const;
/** Tokens that are read of a target: its beginning, and all but its end. */
const READ = LENGTH + 1;

const ANSWERS: Readonly<Record<TaskName, (source: string) => string>> = {
  reverse: (source) => Array.from(source).reverse().join(""),
  copy: (source) => source,
  sort: (source) => Array.from(source).sort().join(""),
};

export class Pairs implements Live<PairKinds> {
  readonly parameters: number;
  readonly #task: TaskName;
  readonly #data: ReturnType<typeof taskData>;
  readonly #trainee: Trainee;
  readonly #end: number;
  readonly #held: HostBatch;
  readonly #measure: Compiled<[Batch], Record<string, Tensor>>;
  readonly #read: Compiled<[Tensor, Tensor], Record<string, Tensor>>;

  static async open({ variant, task, seed, options }: PairSetting, engine: Engine): Promise<Pairs> {
    const of: Variant = VARIANTS[variant];
    const model = await LOADERS[of.model as "seq2seq" | "transformer"]();
    const name = dataName(task);
    const data = taskData(name.slice("task:".length), name);
    const begun = begin(model, {
      data,
      options: { ...of.options, ...options },
      training: { lrSchedule: "constant", ...of.training, steps: ENDLESS },
      seed,
    });
    // All sources padded to one length: one shape, one program.
    const end = endOf(data);
    const [examples, test] = [pairExamples(data.train, end, 1), pairExamples(data.test, end, 1)];
    const trainee = await Trainee.open(begun, { engine, seed, examples });
    const held = await test.batch(Int32Array.from({ length: MEASURED }, (_, i) => i));
    const { module, players } = begun.task;
    const standing = <A extends readonly unknown[], R>(fn: (...args: A) => R, what: string) =>
      compile((...args: A): R => holding(module.variables().map(([, variable]) => variable), () => fn(...args)), { engine, name: what }); // biome-ignore format: one line
    const measure = standing(
      (batch: Batch): Record<string, Tensor> => players[0]!.validate!(batch, Key.seed(seed), constant(0)),
      "measuring",
    );
    const read = standing((source: Tensor, target: Tensor): Record<string, Tensor> => {
      let next: Tensor | undefined;
      const seen = watched((watch) => {
        next = argmax((module as EncoderDecoder).forward(source, target, { watch }), -1);
      });
      return { ...seen, next: next! };
    }, "reading");
    return new Pairs({ task, data, trainee, end, held, measure, read, parameters: module.parameterCount });
  }

  private constructor(of: {
    readonly task: TaskName;
    readonly data: ReturnType<typeof taskData>;
    readonly trainee: Trainee;
    readonly end: number;
    readonly held: HostBatch;
    readonly measure: Compiled<[Batch], Record<string, Tensor>>;
    readonly read: Compiled<[Tensor, Tensor], Record<string, Tensor>>;
    readonly parameters: number;
  }) {
    this.#task = of.task;
    this.#data = of.data;
    this.#trainee = of.trainee;
    this.#end = of.end;
    this.#held = of.held;
    this.#measure = of.measure;
    this.#read = of.read;
    this.parameters = of.parameters;
  }

  next(): Promise<Stepped> {
    return this.#trainee.next();
  }

  rewind(): void {
    this.#trainee.rewind();
  }

  /** What it writes for each source, the likeliest token each time, and what it looks at while it writes for the first. */
  async #write(sources: readonly Int32Array[]) {
    const source = ndarray(padded(sources, LENGTH), [sources.length, LENGTH]);
    const rows: number[][] = sources.map(() => [this.#end]);
    const open = new Set(rows.keys());
    let found: Readonly<Record<string, NdArray>> = {};
    for (let t = 0; t < READ && open.size > 0; t++) {
      found = await this.#read(source, ndarray(padded(rows, READ), [rows.length, READ]));
      for (const row of open) {
        const token = Number(found.next!.data[row * READ + t]);
        if (token === this.#end) open.delete(row);
        else if (rows[row]!.length < READ) rows[row]!.push(token);
      }
    }
    const { next: _, ...seen } = found;
    return { rows: rows.map((row) => row.slice(1)), maps: mapsOf(seen) };
  }

  async look({ source: typed }: PairKinds["how"]): Promise<PairLook> {
    const { source: from, target: to, test } = this.#data;
    const sources = [typed, ...test.slice(0, SHOWN).map(({ source }) => from.decode(source))];
    const { rows, maps } = await this.#write(sources.map((text) => from.encode(text)));
    const { loss, token_accuracy } = await this.#measure(this.#held);
    const letters = rows[0]!.map((token) => to.decode([token]));
    const words = { source: Array.from(typed), read: ["▸", ...letters], written: [...letters, "■"] };
    const attention = PARTS.flatMap(({ of, name, rows: r, columns: c }) => {
      const own = maps.filter(({ layer }) => of.test(layer));
      if (own.length === 0) return [];
      const [beside, above] = [words[r], words[c]];
      const cut = ({ weights, ...rest }: AttentionMap): AttentionMap => ({
        ...rest,
        weights: weights.slice(0, beside.length).map((row) => row.slice(0, above.length)),
      });
      return [{ part: name, rows: beside, columns: above, maps: own.map(cut) }];
    });
    return {
      step: this.#trainee.step,
      numbers: {
        "heldOut/loss": Number(loss!.data[0]),
        "heldOut/accuracy": Number(token_accuracy!.data[0]),
      },
      written: sources.map((source, i) => ({
        source,
        written: to.decode(rows[i]!),
        right: ANSWERS[this.#task](source),
      })),
      attention,
    };
  }

  async dispose(): Promise<void> {
    await this.#measure.dispose();
    await this.#read.dispose();
    await this.#trainee.dispose();
  }
}
