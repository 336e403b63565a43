/** The programs around a policy: who draws, what π_ref thinks of it, what it is worth. */
import { compile } from "../../engine/compile.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import { gptDecoder } from "../../sequence/decoder.ts";
import { readAndNext } from "../../sequence/examples.ts";
import type { Gpt } from "../../sequence/gpt.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { maximum } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Rng } from "../random.ts";
import type { Asked, Dialogue } from "./dialogue.ts";
import { type Rollout, requireRoom, rollout } from "./rollout.ts";
import type { ScoredGpt } from "./scored-gpt.ts";
import { chancesOf } from "./tokens.ts";

export interface Room {
  readonly maxNewTokens: number;
  /** Tokens of a row: the longest prompt and the longest completion. */
  readonly width: number;
}

/** @throws UserError where a prompt and its completion are longer than the context */
export function roomOf(
  { train, test }: { train: readonly Asked[]; test: readonly Asked[] },
  dialogue: Dialogue,
  { maxNewTokens, context }: { maxNewTokens?: number | undefined; context: number },
): Room {
  let [prompt, answer] = [0, 0];
  for (const { prompt: p, answer: a = "" } of [...train, ...test]) {
    prompt = Math.max(prompt, dialogue.prompt(p).length);
    if (maxNewTokens === undefined) answer = Math.max(answer, dialogue.answer(a).length);
  }
  const most = maxNewTokens ?? answer;
  requireRoom(prompt, most, context);
  return { maxNewTokens: most, width: prompt + most };
}

export interface Drawing {
  readonly dialogue: Dialogue;
  readonly room: Room;
  readonly temperature: number;
}

/** A policy's draws for `rows` prompts at a time. With `frozen` weights they are constants. */
export function sampler(
  module: Gpt,
  rows: number,
  engine: Engine,
  { dialogue, room }: Drawing,
  frozen = false,
) {
  const freeze = frozen ? module.variables().map(([, variable]) => variable) : [];
  const decoder = gptDecoder(module, rows, (fn, name) =>
    compile(fn, { engine, freeze, ...(name && { name }) }),
  );
  return {
    rows,
    draw: (asked: readonly Asked[], rng: Rng, temperature: number): Promise<Rollout> =>
      rollout(
        decoder,
        asked.map(({ prompt }) => dialogue.prompt(prompt)),
        { ...room, ending: dialogue.ending, temperature, rng },
      ),
    dispose: () => decoder.dispose(),
  };
}

/** ln π of the tokens of a rollout [N, T], as the trainer sees them, by weights that do not change if `frozen`. */
export function reader(module: Gpt, engine: Engine, temperature: number, frozen = false) {
  const program = compile(
    (rows: Tensor) => {
      const { read, next } = readAndNext(rows);
      const { logProbs, entropy } = chancesOf(module.forward(read), next, temperature);
      return { logProbs, entropy };
    },
    { engine, name: "log-probabilities", freeze: frozen ? module.variables().map(([, v]) => v) : [] },
  );
  return {
    read: async ({
      tokens,
      rows,
      positions,
    }: Rollout): Promise<{ logProbs: Float32Array; entropy: Float32Array }> => {
      const { logProbs, entropy } = await program(ndarray(tokens, [rows, positions + 1]));
      return { logProbs: logProbs.data as Float32Array, entropy: entropy.data as Float32Array };
    },
    dispose: () => program.dispose(),
  };
}

/** Scores before each token of a rollout [N, T]. */
export function valuer(module: ScoredGpt, engine: Engine) {
  const program = compile((rows: Tensor) => module.read(readAndNext(rows).read).scores, {
    engine,
    name: "values",
  });
  return {
    read: async ({ tokens, rows, positions }: Rollout): Promise<Float32Array> =>
      (await program(ndarray(tokens, [rows, positions + 1]))).data as Float32Array,
    dispose: () => program.dispose(),
  };
}

/** The score of whole rows [N, width] at their last tokens: what a reward model says. */
export function scorer(module: ScoredGpt, engine: Engine) {
  const program = compile((rows: Tensor) => module.read(maximum(rows, 0)).scores, {
    engine,
    name: "rewards",
    freeze: module.variables().map(([, v]) => v),
  });
  return async (rows: readonly Int32Array[]): Promise<Float32Array> => {
    const width = rows.reduce((most, { length }) => Math.max(most, length), 0);
    if (width > module.options.context)
      throw new UserError(
        `the reward model has a context of ${module.options.context} tokens, and a prompt with its completion has ${width}`,
      );
    const tokens = new Int32Array(rows.length * width);
    for (const [n, row] of rows.entries()) tokens.set(row, n * width);
    const { data } = await program(ndarray(tokens, [rows.length, width]));
    return Float32Array.from(rows, (row, n) => Number(data[n * width + row.length - 1]));
  };
}
