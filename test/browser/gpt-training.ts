/** The GPT of `galatea train gpt`, a few steps of it, and what it writes then, wherever this runs. */
import type { TokenData } from "../../src/data/data.ts";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { begin } from "../../src/model/assemble.ts";
import { type Gpt, generateText, gpt, gptDecoder } from "../../src/sequence/index.ts";
import { Key } from "../../src/tensor/random.ts";
import { train } from "../../src/train/index.ts";

export interface Trained {
  readonly losses: number[];
  readonly text: string;
}

/** `show` is given each piece of text when it is written. */
export async function trainGpt(
  engine: Engine,
  data: TokenData,
  steps: number,
  show: (piece: string) => void = () => undefined,
): Promise<Trained> {
  const { task, plan, sets } = begin(gpt, {
    data,
    // At the rate of the recipe, 7e-3, rounding grows faster: 1e-5 after 70 steps.
    training: { steps, warmup: 10, lr: 2e-3 },
    seed: 1,
  });
  const losses: number[] = [];
  for await (const event of train({ task, examples: sets.train, plan, engine, seed: 1 }))
    if (event.kind === "step") losses.push(event.metrics.loss!);
  const decoder = gptDecoder(task.module as Gpt, 1, (fn) => compile(fn, { engine }));
  const choice = { maxNewTokens: 40, temperature: 0.7, key: Key.seed(2) };
  let text = "";
  for await (const piece of generateText(decoder, data.tokenizer, [data.spec.ending!], choice)) {
    text += piece.text;
    show(piece.text);
  }
  await decoder.dispose();
  return { losses, text };
}
