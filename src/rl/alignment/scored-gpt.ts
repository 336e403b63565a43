import type { DataSpec } from "../../data/spec.ts";
import { causalBias } from "../../nn/attention.ts";
import * as init from "../../nn/init.ts";
import { Linear } from "../../nn/linear.ts";
import type { StateDict } from "../../nn/module.ts";
import { Gpt, type GptOptions } from "../../sequence/gpt.ts";
import { zeros } from "../../tensor/ndarray.ts";
import { arange, reshape } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { dialogueOf } from "./dialogue.ts";

/**
 * A GPT with one number more for each token, from the same stream as its logits: the value of what was written so far (PPO), or,
 * at the last token, the reward (a reward model). It begins at 0, whatever the GPT was trained to.
 */
export class ScoredGpt extends Gpt {
  readonly score: Linear;

  constructor(options: GptOptions) {
    super(options);
    this.score = new Linear(options.width, 1, { weightInit: init.zeros, biasInit: init.zeros });
  }

  /** Tokens [B, T] → logits [B, T, V] and scores [B, T]. */
  read(tokens: Tensor): { readonly logits: Tensor; readonly scores: Tensor } {
    const [B, T] = tokens.shape as [number, number];
    this.requireLength(T);
    const at = arange(T);
    const x = this.through(tokens, at, this.scope(at, T, causalBias(T, T)), {});
    return { logits: this.logits(x), scores: reshape(this.score.forward(this.normed(x)), [B, T]) };
  }

  /** Weights of a GPT without a score are taken, too. */
  override loadStateDict(dict: Readonly<StateDict>, how: { source?: string } = {}): this {
    const own = Object.fromEntries(
      this.variables()
        .filter(([name]) => name.startsWith("score."))
        .map(([name, { shape }]) => [name, zeros(shape, "float32")]),
    );
    return super.loadStateDict({ ...own, ...dict }, how);
  }
}

/** Models whose weights are those of a GPT, a score aside. */
const FAMILY = ["gpt", "sft", "dpo", "ppo", "rloo", "grpo", "reward"];

/** The weights of a GPT among those of another model. */
export const gptWeights = (model: string, dict: StateDict): StateDict | undefined =>
  FAMILY.includes(model) ? withoutScore(dict) : undefined;

export const withoutScore = (dict: Readonly<StateDict>): StateDict =>
  Object.fromEntries(Object.entries(dict).filter(([name]) => !name.startsWith("score.")));

/** The network's options for such data. */
export const gptOptionsOf = (
  {
    feedForward,
    ...options
  }: Omit<GptOptions, "vocabSize" | "feedForward"> & { feedForward?: number | undefined },
  spec: DataSpec,
): GptOptions => ({
  ...options,
  feedForward: feedForward ?? 4 * options.width,
  vocabSize: dialogueOf(spec).vocabSize,
});
