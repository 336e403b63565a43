import { afterAll, beforeAll, expect, test } from "vitest";
import type { Data } from "../../../src/data/data.ts";
import { taskData } from "../../../src/data/tasks.ts";
import { lineData, pairData } from "../../../src/data/text.ts";
import { compile } from "../../../src/engine/compile.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { nodeEngine } from "../../../src/engine/onnx/node.ts";
import { begin } from "../../../src/model/assemble.ts";
import { withModel } from "../../../src/model/context.ts";
import type { AnyModel, World } from "../../../src/model/contract.ts";
import { nodeWorld } from "../../../src/model/node.ts";
import { requireOneProcess, sessionOf, trainRun } from "../../../src/model/session.ts";
import type { StateDict } from "../../../src/nn/module.ts";
import { Evaluate, evaluateCompletions } from "../../../src/rl/alignment/commands.ts";
import { dialogueOf, promptsOf } from "../../../src/rl/alignment/dialogue.ts";
import { dpo } from "../../../src/rl/alignment/dpo.ts";
import { grpo } from "../../../src/rl/alignment/grpo.ts";
import { pairsOf } from "../../../src/rl/alignment/pairs.ts";
import { ppo } from "../../../src/rl/alignment/ppo.ts";
import { reward } from "../../../src/rl/alignment/reward.ts";
import { rloo } from "../../../src/rl/alignment/rloo.ts";
import { completionOf } from "../../../src/rl/alignment/rollout.ts";
import { ScoredGpt } from "../../../src/rl/alignment/scored-gpt.ts";
import { sft } from "../../../src/rl/alignment/sft.ts";
import { reader, roomOf, sampler } from "../../../src/rl/alignment/studio.ts";
import { warningsOf } from "../../../src/rl/alignment/warnings.ts";
import { fastRandom } from "../../../src/rl/random.ts";
import { Gpt } from "../../../src/sequence/gpt.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Checkpoint, Metrics } from "../../../src/train/checkpoint.ts";
import { LEARNING } from "../../../src/train/learning.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const TINY = { layers: 1, heads: 2, width: 16, context: 16, positions: "learned" };
const sorting = taskData("sort,length=3,symbols=3,count=30", "task:sort,length=3,symbols=3,count=30");

interface Ran {
  readonly metrics: Metrics[];
  readonly looks: Metrics[];
  readonly texts: string[];
  readonly saved: Checkpoint[];
}

interface How {
  readonly data?: Data;
  readonly options?: Record<string, unknown>;
  readonly steps: number;
  readonly lr?: number;
  readonly batchSize?: number;
  readonly from?: Checkpoint;
  readonly weights?: StateDict;
  readonly stopAt?: number;
  /** Steps between looks. */
  readonly every?: number;
}

/** Train a run as the command line does, in memory. */
async function ran(model: AnyModel, how: How): Promise<Ran> {
  const {
    data = sorting,
    options = {},
    steps,
    lr = 1e-3,
    batchSize = 4,
    from,
    weights,
    stopAt,
    every = 2,
  } = how;
  const world: World = {
    data: async () => data,
    asset: () => Promise.reject(new Error("no assets")),
    file: () => Promise.reject(new Error("no files")),
    run: () => Promise.reject(new Error("no runs")),
  };
  const config = {
    format: 2,
    galatea: "0",
    kind: "model",
    model: model.name,
    data: data.name,
    spec: data.spec,
    seed: 3,
    device: "cpu",
    steps,
    logEvery: 1,
    sampleEvery: every,
    checkpointEvery: every,
    keep: 9,
    options: { ...TINY, ...options },
    training: { ...LEARNING, batchSize, accumulate: 1, lr, validation: 0 },
  } as const;
  const out: Ran = { metrics: [], looks: [], texts: [], saved: [] };
  const store = {
    save: async (checkpoint: Checkpoint) => {
      out.saved.push({ ...checkpoint, progress: JSON.parse(JSON.stringify(checkpoint.progress)) as never });
      return "here";
    },
  };
  const stop = new AbortController();
  const events = trainRun(sessionOf(model, config as never, data), {
    engine,
    world,
    from,
    store,
    signal: stop.signal,
    weights: weights && { dict: weights, source: "the test" },
  });
  for await (const event of events) {
    if (event.kind === "step") out.metrics.push(event.metrics);
    if (event.kind === "step" && event.step === stopAt) stop.abort();
    if (event.kind === "validation") out.looks.push(event.metrics);
    if (event.kind === "sample") out.texts.push(...(event.text ?? []));
  }
  return out;
}

/** Weights that sort well, and weights that sort badly. */
let base: StateDict = {};
let weak: StateDict = {};
beforeAll(async () => {
  weak = (await ran(sft, { steps: 20, lr: 0.01, batchSize: 16 })).saved.at(-1)!.tensors.weights;
  base = (await ran(sft, { steps: 60, lr: 0.01, batchSize: 16 })).saved.at(-1)!.tensors.weights;
});

const METHODS: readonly (readonly [string, AnyModel, Record<string, unknown>])[] = [
  ["rloo", rloo, { group: 4 }],
  ["grpo", grpo, { group: 4, beta: 0.04, epsilonHigh: 0.28, resample: 2 }],
  [
    "grpo, adaptive β, several updates",
    grpo,
    { group: 4, beta: 0.1, klTarget: 1, innerEpochs: 2, minibatches: 2 },
  ],
  ["ppo", ppo, { group: 2 }],
  ["dpo", dpo, { group: 4 }],
  ["dpo, ipo", dpo, { group: 4, loss: "ipo", labels: "drawn" }],
  ["reward", reward, { group: 4, reward: ["places"] }],
];

test.each(METHODS)("%s: a run that was stopped goes on bit for bit", async (_, model, options) => {
  const whole = await ran(model, { options, steps: 4, weights: base });
  const half = await ran(model, { options, steps: 4, weights: base, stopAt: 1 });
  const rest = await ran(model, { options, steps: 4, from: half.saved.at(-1)! });
  expect([...half.metrics, ...rest.metrics]).toEqual(whole.metrics);
  expect(half.saved.at(-1)!.step).toBe(1);
  const [a, b] = [whole.saved.at(-1)!, rest.saved.at(-1)!];
  expect(b.tensors.weights).toEqual(a.tensors.weights);
  expect(b.tensors.optimizer).toEqual(a.tensors.optimizer);
  expect(b.tensors.reference).toEqual(a.tensors.reference);
  expect(b.progress).toEqual(a.progress);
});

test("at first a policy is its reference: KL is 0 to 1e-4, and it says what that says", async () => {
  const { looks, texts } = await ran(rloo, { options: { group: 4 }, steps: 2, weights: base });
  expect(Math.abs(looks[0]!["heldOut/kl"]!)).toBeLessThan(1e-4);
  const [, ours, theirs] = /→ ("[^"]*") \(reference: ("[^"]*")\)/.exec(texts[0]!)!;
  expect(ours).toBe(theirs);
});

const meanReward = (of: readonly Metrics[]): number =>
  of.reduce((sum, { reward }) => sum + reward!, 0) / of.length;

test.each([
  ["rloo", rloo, { group: 8, beta: 0 }],
  ["grpo", grpo, { group: 8 }],
  ["ppo", ppo, { group: 8, beta: 0 }],
] as const)("%s makes the tiny sorter better", async (_, model, options) => {
  const { metrics } = await ran(model, {
    options,
    steps: 40,
    lr: 3e-3,
    batchSize: 8,
    weights: weak,
    every: 99,
  });
  expect(meanReward(metrics.slice(-5))).toBeGreaterThan(meanReward(metrics.slice(0, 5)) + 0.1);
});

test("a model that never succeeds learns nothing from 0 and 1, and something from partial credit", async () => {
  const data = taskData("sort,length=6,min=6,symbols=10,count=400", "task:sort,length=6");
  const lost = (await ran(sft, { data, steps: 4, lr: 0.01, batchSize: 16 })).saved.at(-1)!.tensors.weights;
  const how = { data, lr: 0.01, batchSize: 8, weights: lost, every: 99 };
  const options = { group: 8, beta: 0, heldOut: 32 };
  const sparse = await ran(rloo, { ...how, steps: 4, options });
  expect(sparse.metrics.every(({ reward, noSignal }) => reward === 0 && noSignal === 1)).toBe(true);
  expect(sparse.saved.at(-1)!.tensors.weights).toEqual(lost);
  const dense = await ran(rloo, { ...how, steps: 45, options: { ...options, reward: ["places"] } });
  expect(meanReward(dense.metrics.slice(-5))).toBeGreaterThan(meanReward(dense.metrics.slice(0, 5)) + 0.05);
});

test.each([1, 0.7])(
  "sampler and trainer give the same log-probabilities at temperature %f, whatever the prompts' lengths",
  async (temperature) => {
    const dialogue = dialogueOf(sorting.spec);
    const asked = promptsOf(sorting, 0);
    const room = roomOf(asked, dialogue, { context: 16 });
    const module = new Gpt({ ...gptOptions, vocabSize: dialogue.vocabSize }).initialize(Key.seed(1));
    const drawing = { dialogue, room, temperature };
    const [draws, reads] = [sampler(module, 12, engine, drawing), reader(module, engine, temperature)];
    const prompts = asked.train.slice(0, 12);
    expect(new Set(prompts.map(({ prompt }) => prompt.length)).size).toBeGreaterThan(1);
    const rollout = await draws.draw(prompts, fastRandom([1]), temperature);
    const { logProbs } = await reads.read(rollout);
    for (const [k, m] of rollout.mask.entries())
      if (m === 1) expect(Math.abs(rollout.logProbs[k]! - logProbs[k]!)).toBeLessThan(1e-4);
      else expect(rollout.logProbs[k]).toBe(0);
    // The prompt is in front of it, the ending is its last token, and nothing stands behind.
    for (const [n, { prompt }] of prompts.entries()) {
      const row = rollout.tokens.subarray(n * (rollout.positions + 1), (n + 1) * (rollout.positions + 1));
      expect([...row.subarray(0, rollout.starts[n])]).toEqual([...dialogue.prompt(prompt)]);
      const own = [...completionOf(rollout, n)];
      expect(own.indexOf(dialogue.ending)).toBe(rollout.ended[n] === 1 ? own.length - 1 : -1);
      expect([...row.subarray(rollout.starts[n]! + own.length)].every((token) => token === -1)).toBe(true);
      const counted = rollout.mask.subarray(n * rollout.positions, (n + 1) * rollout.positions);
      expect(counted.reduce((a, b) => a + b, 0)).toBe(own.length);
      expect(counted.indexOf(1)).toBe(rollout.starts[n]! - 1);
    }
    await draws.dispose();
    await reads.dispose();
  },
);

const gptOptions = {
  layers: 1,
  heads: 2,
  width: 16,
  context: 16,
  feedForward: 32,
  activation: "gelu_tanh",
  attention: true,
  gated: false,
  norm: "pre",
  normKind: "layer",
  residual: true,
  dropout: 0,
  bias: true,
  positions: "rotary",
  causal: true,
  tied: true,
} as const;

test("a score begins at 0 on a GPT's weights, and leaves its logits as they were", async () => {
  const gpt = new Gpt({ ...gptOptions, vocabSize: 7 }).initialize(Key.seed(1));
  const scored = new ScoredGpt({ ...gptOptions, vocabSize: 7 }).loadStateDict(await gpt.stateDict());
  const program = compile((x: Tensor) => ({ plain: gpt.forward(x), ...scored.read(x) }), { engine });
  const { plain, logits, scores } = await program(ndarray(Int32Array.of(1, 2, 3, 4), [2, 2]));
  expect(logits.data).toEqual(plain.data);
  expect(Array.from(scores.data, Number)).toEqual([0, 0, 0, 0]);
  await program.dispose();
});

test("pairs are by rank or by drawn labels, and no completion is in two", () => {
  const best = pairsOf([0, 3, 1, 1, 5, 5, 5, 5], 4, "best", []);
  expect(best.map(({ chosen, rejected, weight }) => [chosen, rejected, weight])).toEqual([
    [1, 0, 1],
    [2, 3, 0],
    [4, 7, 0],
    [5, 6, 0],
  ]);
  const drawn = pairsOf([2, 0, 0, 0], 4, "drawn", [0.85, 0.6]);
  expect(drawn.map(({ chosen }) => chosen)).toEqual([0, 3]);
});

test("pairs with one tokenizer that has a line break need no more tokens than it has", () => {
  const lines = lineData("lines:x", Array.from({ length: 20 }, () => "ab").join("\n"));
  const pairs = pairData("pairs:x", Array.from({ length: 20 }, () => "a\tb").join("\n"), {
    like: lines.spec,
  });
  const dialogue = dialogueOf(pairs.spec);
  expect(dialogue.vocabSize).toBe(3);
  const [prompt, answer] = [[...dialogue.prompt("a")], [...dialogue.answer("b")]];
  expect([prompt, answer]).toEqual([
    [0, 1, 0],
    [2, 0],
  ]);
  expect(dialogue.text(Int32Array.from([2, 1, 0, 2]))).toBe("ba");
  const own = dialogueOf(sorting.spec);
  expect([own.vocabSize, own.ending]).toEqual([4, 3]);
});

test("Dr. GRPO divides by the most tokens of a completion, whether they are given or those of the longest answer", async () => {
  const options = { group: 4, beta: 0.5, aggregation: "dr_grpo" };
  const how = { steps: 3, lr: 0.01, weights: base, every: 99 };
  const [unsaid, said] = [
    await ran(grpo, { ...how, options }),
    await ran(grpo, { ...how, options: { ...options, maxNewTokens: 4 } }),
  ];
  expect(unsaid.metrics.at(-1)!.loss).not.toBe(0);
  expect(unsaid.metrics).toEqual(said.metrics);
});

test("the best of n is never worse than the first, and is chosen by what is said", async () => {
  const { module } = begin(sft, {
    options: TINY,
    data: sorting,
    training: { batchSize: 4 },
    weights: { dict: weak, source: "the test" },
  }).task;
  // All strings there are, since few were held out.
  const world = nodeWorld(async () => ({ ...sorting, test: sorting.train }));
  const best = (how: object) =>
    withModel(
      { module, options: {}, spec: sorting.spec, engine, key: Key.seed(0), world },
      async (context) => {
        const { numbers } = await evaluateCompletions(context as never, Evaluate.parse(how));
        return numbers!;
      },
    );
  const [one, eight] = [await best({}), await best({ bestOf: 8 })];
  expect(eight.reward).toBeGreaterThan(one.reward!);
  expect(eight.kl_at_most).toBeCloseTo(Math.log(8) - 7 / 8, 10);
  // What the choice is by does not change what is told: long completions are not the right ones.
  const long = await best({ bestOf: 8, chooseBy: ["length:9"] });
  expect(long.length).toBeGreaterThan(one.length!);
  expect(long.reward).toBeLessThan(eight.reward!);
});

const thrown = async (model: AnyModel, how: How): Promise<string> => {
  try {
    await ran(model, how);
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was thrown";
};

test("bad input is told in a sentence", async () => {
  const options = { group: 4 };
  expect(await thrown(grpo, { options, steps: 1 })).toMatch(/grpo goes on from a model that can write already: name its run \(option `from`\)/); // biome-ignore format: one thing
  expect(await thrown(rloo, { options: { group: 1 }, steps: 1, weights: base })).toMatch(/needs at least 2 of them: option `group` is 1/); // biome-ignore format: one thing
  expect(await thrown(rloo, { options: { ...options, maxNewTokens: 20 }, steps: 1, weights: base })).toMatch(/a prompt of 5 tokens and a completion of 20 \(option `maxNewTokens`\) are more than the model's context of 16/); // biome-ignore format: one thing
  expect(() => requireOneProcess(rloo, { size: 2 } as never)).toThrow(/rloo trains in one process/);
  expect(() => requireOneProcess(sft, { size: 2 } as never)).not.toThrow();
  const other = taskData("sort,length=3,symbols=8,count=100", "other");
  expect(await thrown(grpo, { options, data: other, steps: 1, weights: base })).toMatch(/the weights have 4 tokens and the data's tokenizer has 9/); // biome-ignore format: one thing
  expect(await thrown(grpo, { options: { ...options, reward: ["exakt"] }, steps: 1, weights: base })).toMatch(/unknown reward "exakt".*exact/); // biome-ignore format: one thing
  expect(await thrown(grpo, { options: { ...options, reward: ["length:0"] }, steps: 1, weights: base })).toMatch(/needs a number above 0/); // biome-ignore format: one thing
});

test("what goes wrong in a training is said: hacking, collapse, and too far away", () => {
  const first = { reward: 0.3, kl: 0, reference: -0.5, distinct: 0.9, entropy: 0.4 };
  expect(warningsOf(first, first, 50)).toEqual([]);
  expect(warningsOf(first, { ...first, reward: 0.6, distinct: 0.2 }, 50)[0]).toMatch(/reward hacking\?.*distinct completions fell from 0.90 to 0.20/); // biome-ignore format: one thing
  expect(warningsOf(first, { ...first, reward: 0.6, reference: -3 }, 50)[0]).toMatch(/reward hacking\?.*fell from -0.50 to -3.00/); // biome-ignore format: one thing
  expect(warningsOf(first, { ...first, entropy: 0.001 }, 50)[0]).toMatch(/the entropy has collapsed from 0.400 to 0.0010/); // biome-ignore format: one thing
  expect(warningsOf(first, { ...first, kl: 60 }, 50)[0]).toMatch(/60.0 nats from the reference model, and option `klLimit` is 50/); // biome-ignore format: one thing
});
