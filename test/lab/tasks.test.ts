/** The tasks of the lab's pages are true: settings that break what they say, and the usual ones, which do not. */
import { expect, test } from "vitest";
import { someNames } from "../../lab/build/names.ts";
import { type AlignKinds, Alignment } from "../../lab/src/alignment/alignment.ts";
import { type AlignSetting, USUAL } from "../../lab/src/alignment/setup.ts";
import { ALIGNMENT_LESSON } from "../../lab/src/alignment/tasks.ts";
import { PIXELS } from "../../lab/src/digits/chain.ts";
import { type LatentKinds, type LatentSetting, TRAINING } from "../../lab/src/digits/latent.ts";
import { LatentExperiment } from "../../lab/src/digits/latent-experiment.ts";
import { LIMIT } from "../../lab/src/digits/limit.ts";
import { LATENT_LESSON } from "../../lab/src/digits/tasks.ts";
import type { Kinds } from "../../lab/src/experiment/protocol.ts";
import type { Live } from "../../lab/src/experiment/serve.ts";
import { type Standing, standing } from "../../lab/src/experiment/tasks.ts";
import { type MethodName, Recorder, sweeps } from "../../lab/src/grids/replay.ts";
import { GRIDS_LESSON, type GridSeen } from "../../lab/src/grids/tasks.ts";
import { processOf, WORLDS } from "../../lab/src/grids/world.ts";
import { type GptKinds, type GptSetting, NameWriter } from "../../lab/src/sequence/gpt.ts";
import { type PairKinds, type PairSetting, Pairs } from "../../lab/src/sequence/pairs.ts";
import { GPT_LESSON, PAIRS_LESSON } from "../../lab/src/sequence/tasks.ts";
import { SOURCE } from "../../lab/src/sequence/variants.ts";
import { imageData } from "../../src/data/data.ts";
import { dataset, type Split, split } from "../../src/data/dataset.ts";
import { openMnist } from "../../src/data/images.node.ts";
import { DIGITS } from "../../src/data/names.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";

const engine = await nodeEngine({ threads: 1 });

/** How an experiment stands after so many steps. */
async function after<K extends Kinds>(
  live: Live<K>,
  steps: number,
  { setting, how }: { readonly setting: K["setting"]; readonly how: K["how"] },
): Promise<Standing<K>> {
  const values: Record<string, number[]> = {};
  let step = 0;
  while (step < steps) {
    const stepped = await live.next();
    ({ step } = stepped);
    for (const [name, value] of Object.entries(stepped.metrics)) values[name] = [value];
  }
  const look = (await live.look(how)) as K["look"];
  return standing({ step, setting, look, drawn: 0, series: { values } });
}

const pairsAfter = async (steps: number, part: Partial<PairSetting>) => {
  const setting = { variant: "transformer", task: "reverse", seed: 0, options: {}, ...part } as const;
  return after<PairKinds>(await Pairs.open(setting, engine), steps, { setting, how: { source: SOURCE } });
};

test("pairs: attention runs away from a fixed code", async () => {
  const [dot, code] = [await pairsAfter(50, { variant: "dot" }), await pairsAfter(50, { variant: "code" })];
  const [task] = PAIRS_LESSON.tasks;
  expect(task!.done({ ...dot, twin: code })).toBe(true);
  expect(task!.done({ ...dot, twin: dot })).toBe(false);
});

test("pairs: without residual connections a Transformer learns nothing; the usual one does", async () => {
  const [, , task] = PAIRS_LESSON.tasks;
  const none = await pairsAfter(100, { variant: "no-residual" });
  expect(task!.done({ ...none, twin: undefined })).toBe(true);
  expect(task!.done({ ...(await pairsAfter(100, {})), twin: undefined })).toBe(false);
});

test("pairs: without positions reversing stays at half, and sorting does not", {
  timeout: 180_000,
}, async () => {
  const [, task] = PAIRS_LESSON.tasks;
  const lost = await pairsAfter(300, { variant: "no-positions" });
  expect(task!.done({ ...lost, twin: undefined })).toBe(true);
  const sorting = await pairsAfter(100, { variant: "no-positions", task: "sort" });
  expect(sorting.look!.numbers["heldOut/accuracy"]).toBeGreaterThan(0.85);
});

test("a GPT overfits few names, and is behind counting without residual connections", {
  timeout: 180_000,
}, async () => {
  const { names } = await someNames();
  const writer = async (steps: readonly number[], part: Partial<GptSetting>) => {
    const setting: GptSetting = { seed: 0, names: "all", options: {}, ...part };
    const live = await NameWriter.open(setting, engine, names);
    const pairs = live.opened.counts.find(({ order }) => order === 2)!.loss;
    const all = [];
    for (const step of steps) all.push(await after<GptKinds>(live, step, { setting, how: undefined }));
    await live.dispose();
    const losses = all.map(({ look }) => look!.numbers["heldOut/loss"]!);
    return { ...all.at(-1)!, lowest: Math.min(...losses), pairs, names: [] };
  };
  const [overfit, behind] = GPT_LESSON.tasks;
  expect(overfit!.done(await writer([50, 150], { names: "200" }))).toBe(true);
  expect(overfit!.done(await writer([50, 150], {}))).toBe(false);
  expect(behind!.done(await writer([300], { options: { residual: false, layers: 4 } }))).toBe(true);
});

const alignedAfter = async (steps: number, part: Partial<AlignSetting>) => {
  const setting = { ...USUAL, ...part };
  const live = await Alignment.open(setting, engine, () => undefined);
  return after<AlignKinds>(live, steps, { setting, how: { prompt: 0 } });
};

test.each([
  ["sure of what is wrong", 0, 40, { beta: 0, lr: 0.01 }],
  ["without a signal", 1, 10, { method: "grpo", group: 2 }],
  ["paid for what is not meant", 2, 40, { reward: "places" }],
] as const)("RL for GPT, %s: it is, and with the usual settings it is not", async (_, at, steps, part) => {
  const task = ALIGNMENT_LESSON.tasks[at]!;
  expect(task.done(await alignedAfter(steps, part))).toBe(true);
  expect(task.done(await alignedAfter(steps, {}))).toBe(false);
});

const { train, test: held } = await openMnist();
const some = ({ imageShape, images, labels }: Split, count: number): Split =>
  split(imageShape, images.subarray(0, count * PIXELS), labels?.subarray(0, count));
const digits = imageData(dataset("mnist", DIGITS, some(train, LIMIT.train), some(held, LIMIT.test)));

const coderAfter = async (steps: number, options: LatentSetting["options"]) => {
  const setting = { model: "vae", seed: 0, lr: TRAINING.lr, options, data: "" } as const;
  return after<LatentKinds>(await LatentExperiment.open(setting, digits, engine), steps, {
    setting,
    how: undefined,
  });
};

test.each([
  ["the map becomes one digit", 0, 100, { beta: 30 }, {}],
  ["codes forget their prior", 1, 100, { beta: 0 }, {}],
  ["free bits keep the code", 2, 300, { beta: 10, freeBits: 2 }, { beta: 10 }],
] as const)(
  "digits, %s: so it is, and otherwise not",
  { timeout: 120_000 },
  async (_, at, steps, broken, not) => {
    const task = LATENT_LESSON.tasks[at]!;
    expect(task.done(await coderAfter(steps, broken))).toBe(true);
    expect(task.done(await coderAfter(steps, not))).toBe(false);
  },
);

/** A grid after so many episodes of both. */
function gridAfter(episodes: number, epsilon: number, method: MethodName, seed = 0): GridSeen {
  const model = processOf({ rows: WORLDS.cliff, slip: 0 });
  const start = model.initial.indexOf(1);
  const learned = (name: MethodName): GridSeen["td"] => {
    const recorder = new Recorder(model, name, { alpha: 0.5, gamma: 1, epsilon, seed });
    const Q = new Float64Array((model.states + 1) * 4);
    const returns = Array.from({ length: episodes }, () => {
      let sum = 0;
      for (const { R, updates } of recorder.episode()) {
        sum += R;
        for (const { at, after: now } of updates) Q[at] = now;
      }
      return sum;
    });
    return { start: Math.max(...Q.subarray(4 * start, 4 * start + 4)), returns };
  };
  const best = sweeps(model, 1).at(-1)![start]!;
  return { method, gamma: 1, epsilon, best, td: learned(method), monteCarlo: learned("monte-carlo") };
}

test("grids: each task is done by its ε, and not by the usual one", () => {
  const [best, stranded, falling] = GRIDS_LESSON.tasks;
  const greedy = gridAfter(300, 0, "q-learning");
  expect(greedy.td.returns.at(-1)).toBe(-13);
  expect([best!.done(greedy), stranded!.done(greedy), falling!.done(greedy)]).toEqual([true, true, false]);
  const wild = gridAfter(300, 0.5, "q-learning");
  expect([best!.done(wild), stranded!.done(wild), falling!.done(wild)]).toEqual([false, false, true]);
  const usual = gridAfter(300, 0.1, "q-learning");
  expect(GRIDS_LESSON.tasks.map(({ done }) => done(usual))).toEqual([false, false, false]);
});

test("grids: what the questions say", () => {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  expect(gridAfter(500, 1, "q-learning").td.start).toBeCloseTo(-13, 1);
  expect(gridAfter(500, 1, "sarsa").td.start).toBeLessThan(-1000);
  const returns = (method: MethodName): number =>
    mean([0, 1, 2, 3, 4].map((seed) => mean(gridAfter(300, 0.1, method, seed).td.returns.slice(100))));
  expect(returns("sarsa")).toBeGreaterThan(returns("q-learning") + 5);
  const all = sweeps(processOf({ rows: WORLDS.cliff, slip: 0 }), 1);
  expect([12, 13, 14].map((sweep) => all[sweep]![36])).toEqual([-12, -13, -13]);
});

test.each([
  ["pairs", PAIRS_LESSON],
  ["GPT", GPT_LESSON],
  ["RL for GPT", ALIGNMENT_LESSON],
  ["digits", LATENT_LESSON],
  ["grids", GRIDS_LESSON],
])("%s: two or three tasks, and questions with an answer that there is, in both languages", (_, lesson) => {
  expect(lesson.tasks.length).toBeGreaterThanOrEqual(2);
  for (const { right, answers } of lesson.questions) expect(answers[right]).toBeDefined();
  const texts = [
    ...lesson.tasks.flatMap(({ say, why }) => [say, why]),
    ...lesson.questions.flatMap(({ ask, answers, why }) => [ask, ...answers, why]),
  ];
  for (const { en, zh } of texts) if (/[a-z]{4}/.test(en) && en !== zh) expect(zh).toMatch(/\p{Script=Han}/u);
});
