/** A GPT that learns names and writes them, beside models that count; wherever there is an engine. */
import type { TokenData } from "galatea/data/data.ts";
import { documentData } from "galatea/data/text.ts";
import { type Compiled, compile } from "galatea/engine/compile.ts";
import type { Engine } from "galatea/engine/engine.ts";
import { UserError } from "galatea/errors.ts";
import { begin } from "galatea/model/assemble.ts";
import { CountModel } from "galatea/sequence/count-model.ts";
import { type Decoder, gptDecoder } from "galatea/sequence/decoder.ts";
import { generate, narrowing } from "galatea/sequence/generate.ts";
import type { Gpt } from "galatea/sequence/gpt.ts";
import { gpt } from "galatea/sequence/gpt-model.ts";
import { type LogitsProcessor, logProbabilities } from "galatea/sequence/logits.ts";
import { constant } from "galatea/tensor/ops.ts";
import { Key } from "galatea/tensor/random.ts";
import type { Tensor } from "galatea/tensor/tensor.ts";
import { holding } from "galatea/tensor/trace.ts";
import type { Batch, HostBatch } from "galatea/train/task.ts";
import type { Value } from "../experiment/controls.ts";
import type { Kinds, Seen, Stepped } from "../experiment/protocol.ts";
import { breathe, type Live } from "../experiment/serve.ts";
import { ENDLESS, Trainee } from "../experiment/trainee.ts";
import { GPT, type NameCount } from "./variants.ts";

export interface GptSetting {
  readonly seed: number;
  readonly names: NameCount;
  readonly options: Readonly<Record<string, Value>>;
}

/** What is to be written, and how tokens are chosen. */
export interface Wish {
  readonly prompt: string;
  readonly temperature: number;
  /** 0: all. */
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  /** Names to write. */
  readonly count: number;
}

export interface Candidate {
  /** A letter; "" for the end of a name. */
  readonly text: string;
  /** As the model has it, and after what narrows it. */
  readonly probability: number;
  readonly drawn: number;
}

/** One token as it is written. */
export interface Piece {
  readonly text: string;
  /** The likeliest tokens that there were to choose from. */
  readonly candidates: readonly Candidate[];
  readonly last: boolean;
}

export interface Counted {
  readonly order: number;
  readonly loss: number;
}

export interface GptKinds extends Kinds {
  readonly setting: GptSetting;
  readonly opened: {
    readonly parameters: number;
    readonly names: number;
    readonly counts: readonly Counted[];
  };
  readonly how: undefined;
  readonly look: Seen;
  readonly ask: Wish;
  readonly answer: Piece;
}

/** Rows that are measured by; letters of a name, and candidates that are shown, at most. */
const [MEASURED, LONGEST, KEPT] = [128, 24, 10] as const;
/** Milliseconds between two letters: someone reads. */
const PACE = 60;
const ORDERS = [1, 2, 3, 4];

/** Every tenth is held out, as in the whole data set; of the others, some at equal distances may do. */
function namesOf(list: readonly string[], count: NameCount): TokenData {
  const all = list.filter((_, i) => i % 10 !== 9);
  const n = count === "all" ? all.length : Number(count);
  const train = Array.from({ length: n }, (_, i) => all[Math.floor((i * all.length) / n)]!);
  return documentData("names", { train, test: list.filter((_, i) => i % 10 === 9) });
}

/** Nats a token of a model that counts, on the rows that the GPT is measured by. */
function counted(data: TokenData, order: number, rows: HostBatch): number {
  const model = new CountModel(data.train, order, data.tokenizer.vocabSize, data.spec.ending);
  const { data: tokens, shape } = rows.tokens!;
  const [count, width] = shape as [number, number];
  let sum = 0;
  for (let n = 0; n < count; n++) {
    const row = Int32Array.from(tokens.subarray(n * width, (n + 1) * width) as Int32Array);
    // The first token of a row is read, and not predicted.
    for (const loss of model.losses({ length: width, tokens: row }).subarray(1)) sum += loss;
  }
  return sum / (count * (width - 1));
}

export class NameWriter implements Live<GptKinds> {
  readonly opened: GptKinds["opened"];
  readonly #data: TokenData;
  readonly #trainee: Trainee;
  readonly #held: HostBatch;
  readonly #measure: Compiled<[Batch], Record<string, Tensor>>;
  readonly #decoder: Decoder;

  static async open(
    { seed, names: count, options }: GptSetting,
    engine: Engine,
    names: readonly string[],
  ): Promise<NameWriter> {
    const data = namesOf(names, count);
    const begun = begin(gpt, {
      data,
      options: { ...GPT.options, ...options },
      training: { lrSchedule: "constant", ...GPT.training, steps: ENDLESS },
      seed,
    });
    const trainee = await Trainee.open(begun, { engine, seed });
    const held = await begun.sets.test.batch(Int32Array.from({ length: MEASURED }, (_, i) => i));
    const { module, players } = begun.task;
    const measure = compile(
      (batch: Batch): Record<string, Tensor> =>
        holding(
          module.variables().map(([, variable]) => variable),
          () => players[0]!.validate!(batch, Key.seed(seed), constant(0)),
        ),
      { engine, name: "measuring" },
    );
    const decoder = gptDecoder(module as Gpt, 1, (fn, name) =>
      compile(fn, { engine, ...(name && { name }) }),
    );
    const counts = ORDERS.map((order) => ({ order, loss: counted(data, order, held) }));
    const opened = { parameters: module.parameterCount, names: names.length, counts };
    return new NameWriter({ opened, data, trainee, held, measure, decoder });
  }

  private constructor(of: {
    readonly opened: GptKinds["opened"];
    readonly data: TokenData;
    readonly trainee: Trainee;
    readonly held: HostBatch;
    readonly measure: Compiled<[Batch], Record<string, Tensor>>;
    readonly decoder: Decoder;
  }) {
    this.opened = of.opened;
    this.#data = of.data;
    this.#trainee = of.trainee;
    this.#held = of.held;
    this.#measure = of.measure;
    this.#decoder = of.decoder;
  }

  next(): Promise<Stepped> {
    return this.#trainee.next();
  }

  rewind(): void {
    this.#trainee.rewind();
  }

  async look(): Promise<Seen> {
    const { loss } = await this.#measure(this.#held);
    return { step: this.#trainee.step, numbers: { "heldOut/loss": Number(loss!.data[0]) } };
  }

  /** Names, letter by letter; what was read before a name is forgotten with it. */
  async ask(wish: Wish, answer: (piece: Piece) => void, wanted: () => boolean): Promise<void> {
    const { tokenizer, spec } = this.#data;
    const ending = spec.ending!;
    const prompt = [ending, ...tokenizer.encode(wish.prompt)];
    if (prompt.length > this.#decoder.capacity)
      throw new UserError(`a beginning has at most ${this.#decoder.capacity - 1} letters here`);
    const how = {
      temperature: wish.temperature,
      topP: wish.topP,
      ...(wish.topK > 0 && { topK: wish.topK }),
    };
    const key = Key.seed(wish.seed).split("write");
    for (let n = 0; n < wish.count; n++) {
      let candidates: readonly Candidate[] = [];
      const watch: LogitsProcessor = (logits) => {
        candidates = this.#candidates(logits, how);
        return logits;
      };
      const options = { ...how, maxNewTokens: LONGEST, stopTokens: [ending], processors: [watch], key: key.split(n) }; // biome-ignore format: one line
      for await (const { token, end } of generate(this.#decoder, prompt, options)) {
        if (!wanted()) return;
        const text = token === ending ? "" : tokenizer.decode([token]);
        answer({ text, candidates, last: end !== undefined });
        await breathe(PACE);
      }
    }
  }

  #candidates(logits: Float64Array, how: { temperature: number; topP: number; topK?: number }): Candidate[] {
    const { tokenizer, spec } = this.#data;
    const before = logProbabilities(logits);
    const all = how.temperature === 0 ? [] : narrowing(how);
    const history = { tokens: [], prompt: 0 };
    const after = logProbabilities(
      all.reduce<Float64Array>((now, by) => by(now, history), Float64Array.from(logits)),
    );
    const greedy = before.indexOf(before.reduce((a, b) => Math.max(a, b)));
    return Array.from(
      before,
      (logp, token): Candidate => ({
        text: token === spec.ending ? "" : tokenizer.decode([token]),
        probability: Math.exp(logp),
        drawn: how.temperature === 0 ? Number(token === greedy) : Math.exp(after[token]!),
      }),
    )
      .sort((a, b) => b.probability - a.probability)
      .slice(0, KEPT);
  }

  async dispose(): Promise<void> {
    await this.#measure.dispose();
    await this.#decoder.dispose();
    await this.#trainee.dispose();
  }
}
