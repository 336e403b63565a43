import { z } from "zod";
import type { Context, Output } from "../../model/contract.ts";
import { gptDecoder } from "../../sequence/decoder.ts";
import { ChoiceOptions, generate } from "../../sequence/generate.ts";
import type { Gpt } from "../../sequence/gpt.ts";
import { hostBits } from "../../tensor/random.ts";
import { fastRandom } from "../random.ts";
import { dialogueOf, promptsOf } from "./dialogue.ts";
import { bestOfKl } from "./group.ts";
import { judge, mean } from "./judge.ts";
import { partsOf } from "./parts.ts";
import { joined, type Rollout, rollout, rowsAt } from "./rollout.ts";
import { roomOf } from "./studio.ts";

type GptContext = Context<Record<string, unknown>, Gpt>;

export const Sample = ChoiceOptions.extend({
  prompt: z.string().default("").describe("what it answers, or goes on from"),
  count: z.int().min(1).max(1000).default(8).describe("completions to write"),
  maxNewTokens: z.int().min(1).default(100).describe("the most tokens of a completion"),
});

export async function sampleCompletions(
  { module, spec, compile, key, signal }: GptContext,
  { prompt, count, maxNewTokens, ...choice }: z.output<typeof Sample>,
): Promise<Output> {
  const dialogue = dialogueOf(spec);
  const before = Array.from(dialogue.prompt(prompt));
  const decoder = gptDecoder(module, count, compile);
  const written = Array.from({ length: count }, () => [] as number[]);
  const most = Math.min(maxNewTokens, Math.max(1, module.options.context - before.length));
  try {
    const how = { ...choice, maxNewTokens: most, stopTokens: [dialogue.ending], key, signal };
    for await (const { row, token } of generate(decoder, before, how)) written[row]!.push(token);
  } finally {
    await decoder.dispose();
  }
  return { text: written.map((tokens) => dialogue.text(tokens)) };
}

export const Evaluate = z.strictObject({
  reward: z
    .array(z.string())
    .optional()
    .describe("what completions are judged by (default: what they were trained for, or exact)"),
  temperature: z
    .number()
    .min(0)
    .default(1)
    .describe("temperature of the draws; 0: the likeliest token each time"),
  samples: z.int().min(1).default(1024).describe("held-out prompts to complete"),
  bestOf: z
    .int()
    .min(1)
    .default(1)
    .describe("best of n: draw so many completions of each prompt, and judge the best of them"),
  chooseBy: z
    .array(z.string())
    .optional()
    .describe("with bestOf: what the best is chosen by, as model:RUN (default: the reward)"),
});

/** Rows that are written side by side. */
const ROWS = 256;

export async function evaluateCompletions(
  context: GptContext,
  { reward, temperature, samples, bestOf: n, chooseBy }: z.output<typeof Evaluate>,
): Promise<Output> {
  const { module, spec, compile, progress, engine, world, options, key } = context;
  const data = await context.data();
  const dialogue = dialogueOf(spec);
  const asked = promptsOf(data, Number(options.promptLength ?? 0));
  const { maxNewTokens } = options as { maxNewTokens?: number };
  const room = roomOf(asked, dialogue, { maxNewTokens, context: module.options.context });
  const named = (names: readonly string[]) => partsOf(names, { data, world, engine });
  const parts = await named(reward ?? (options.reward as string[] | undefined) ?? ["exact"]);
  const chooser = chooseBy ? await named(chooseBy) : parts;
  const held = asked.test.slice(0, samples);
  const decoder = gptDecoder(module, Math.min(ROWS, held.length), compile);
  const [rewards, lengths, ended, texts]: [number[], number[], number[], string[]] = [[], [], [], []];
  const sums: Record<string, number> = {};
  try {
    for (let at = 0; at < held.length; at += decoder.rows) {
      progress(at, held.length, "completing held-out prompts");
      const some = held.slice(at, at + decoder.rows);
      const full = Array.from({ length: decoder.rows }, (_, i) => some[i % some.length]!);
      const prompts = full.map(({ prompt }) => dialogue.prompt(prompt));
      const draw = (i: number): Promise<Rollout> => {
        const rng = fastRandom([...hostBits(key.split(at).split(i), 4)]);
        return rollout(decoder, prompts, { ...room, ending: dialogue.ending, temperature, rng });
      };
      let drawn = await draw(0);
      for (let i = 1; i < n; i++)
        drawn = await better(
          drawn,
          await draw(i),
          async (one) => (await judge(one, full, { dialogue, parts: chooser })).rewards,
        );
      // The last rows may stand there a second time, to fill the decoder.
      const own = rowsAt(drawn, [...some.keys()]);
      const found = await judge(own, some, { dialogue, parts });
      rewards.push(...found.rewards);
      lengths.push(...own.lengths);
      ended.push(...own.ended);
      texts.push(...found.judged.map(({ completion }) => completion));
      for (const [name, value] of Object.entries(found.parts))
        sums[name] = (sums[name] ?? 0) + value * own.rows;
    }
  } finally {
    await decoder.dispose();
  }
  progress(held.length, held.length, "completing held-out prompts");
  const numbers = {
    reward: mean(rewards),
    ...Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / held.length])),
    length: mean(lengths),
    truncated: 1 - mean(ended),
    distinct: new Set(texts).size / texts.length,
    prompts: held.length,
    // What the choice is from the policy that was drawn from, at most.
    ...(n > 1 && { kl_at_most: bestOfKl(n) }),
  };
  return { numbers };
}

/** Of two completions of each prompt the one that is worth more; of equal ones the first. */
async function better(
  a: Rollout,
  b: Rollout,
  worth: (of: Rollout) => Promise<Float64Array>,
): Promise<Rollout> {
  const [first, second] = [await worth(a), await worth(b)];
  const rows = Array.from(first, (x, i) => (second[i]! > x ? a.rows + i : i));
  return rowsAt(joined(a, b), rows);
}
