/** The loop around every method: prompts → completions → rewards → updates. Who learns and how is the method's. */
import { batchIndices, type Position, START } from "../../data/batches.ts";
import type { HostBatch } from "../../data/data.ts";
import { compile } from "../../engine/compile.ts";
import type { LearnSetting } from "../../model/contract.ts";
import { Gpt } from "../../sequence/gpt.ts";
import { constant } from "../../tensor/ops.ts";
import { hostPermutation, Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { holding } from "../../tensor/trace.ts";
import { type Metrics, PositionSchema, type TrainEvent } from "../../train/checkpoint.ts";
import { Learners } from "../../train/learners.ts";
import { epochOf, requireFinite } from "../../train/loop.ts";
import type { Batch } from "../../train/task.ts";
import { fastRandom } from "../random.ts";
import { adaptedBeta } from "./adaptive-beta.ts";
import { type Asked, dialogueOf, promptsOf } from "./dialogue.ts";
import { withSignal } from "./group.ts";
import { judge, mean, type Part } from "./judge.ts";
import { type LookPrograms, lookAt, shownBy } from "./look.ts";
import { logRatios, type Material, type Method } from "./method.ts";
import { takeRows } from "./pairs.ts";
import { partsOf } from "./parts.ts";
import type { AlignmentOptions, PolicyOptions } from "./policy-options.ts";
import { joined, type Rollout, rowsAt } from "./rollout.ts";
import { type ScoredGpt, withoutScore } from "./scored-gpt.ts";
import { reader, roomOf, sampler, valuer } from "./studio.ts";
import { type Look, warningsOf } from "./warnings.ts";

/** Apart from what training draws by. */
const HELD_OUT = 1_000_004;

/** What a checkpoint has beside tensors. */
interface Progress {
  readonly position: unknown;
  readonly beta: number;
  readonly best: number | null;
  readonly first: Look | null;
}

export async function* align<O extends AlignmentOptions>(
  method: Method<O>,
  setting: LearnSetting<O, Gpt>,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { options, task, plan, engine, seed, from, store, signal, spec, world, weights } = setting;
  const { checkpointEvery = epochOf(plan), sampleEvery = epochOf(plan) } = setting;
  const { group: K, temperature, missingEnd } = options;
  const policy = options as unknown as Partial<PolicyOptions>;
  const module = task.module as Gpt;
  const B = plan.batchSize;
  const startDict = from?.tensors.reference ?? withoutScore(weights!.dict);
  const reference = new Gpt(module.options).loadStateDict(startDict, { source: "the reference model" });
  const data = await world.data();
  const dialogue = dialogueOf(spec);
  const asked = promptsOf(data, options.promptLength);
  const room = roomOf(asked, dialogue, { ...options, context: module.options.context });
  const root = Key.seed(seed);
  const parts: readonly Part[] = await partsOf(options.reward, { data, world, engine });
  const drawing = { dialogue, room, temperature };

  const learners = new Learners(task, engine);
  if (from) learners.restore(from);
  const rows = B * K;
  const own = sampler(module, rows, engine, drawing);
  const drawn = method.draws === "policy" ? own : sampler(reference, rows, engine, drawing, true);
  const refers = reader(reference, engine, temperature, true);
  const trained = reader(module, engine, temperature);
  const [player] = task.players;
  const measure = compile(
    (batch: Batch): Record<string, Tensor> =>
      holding(
        module.variables().map(([, variable]) => variable),
        () => player!.loss(batch, root, constant(0)),
      ),
    { engine, name: `measuring ${method.name}` },
  );
  const values = method.scored && method.policy ? valuer(module as ScoredGpt, engine) : undefined;
  let shown: Promise<string[]> | undefined;
  const held = asked.test.slice(0, Math.min(options.heldOut, asked.test.length));
  const looks: LookPrograms = {
    own,
    refers,
    trained,
    // Once a training: neither the reference model nor the prompts change.
    shown: () =>
      (shown ??= disposing(sampler(reference, rows, engine, drawing, true), (by) =>
        shownBy(by, held, { drawing, seed }),
      )),
  };

  const progress = from?.progress as Progress | undefined;
  let { step, seconds } = from ?? { step: 0, seconds: 0 };
  let position = progress ? PositionSchema.parse(progress.position) : START;
  let beta = progress?.beta ?? policy.beta ?? 0;
  let best = progress?.best ?? null;
  let first = progress?.first ?? null;
  let savedAt = from ? step : -1;
  let lastGood = from ? `the last good checkpoint is that of step ${step}` : "there is no checkpoint yet";
  const order = batchIndices(asked.train.length, { batchSize: B, key: root.split("data") }, position);

  async function* save(): AsyncGenerator<TrainEvent> {
    if (!store || savedAt === step) return;
    const tensors = { ...(await learners.capture()), reference: startDict! } as never;
    const saved: Progress = { position, beta, best, first };
    const where = await store.save({ step, seed, seconds, tensors, progress: { ...saved } });
    savedAt = step;
    lastGood = `the last good checkpoint is ${where}`;
    yield { kind: "checkpoint", step, where };
  }

  async function* look(): AsyncGenerator<TrainEvent> {
    const found = method.policy ? await lookAt(looks, held, { drawing, parts, missingEnd, seed }) : undefined;
    const pairs = method.draws === "reference" ? await measured() : {};
    if (found) first ??= found.look;
    const score = found ? found.look.reward : pairs["heldOut/accuracy"]!;
    const better = step > 0 && (best === null || score > best);
    if (better) best = score;
    const metrics = { ...found?.metrics, ...pairs };
    yield { kind: "validation", step, metrics, best: better };
    if (found)
      yield {
        kind: "sample",
        step,
        text: [...found.text, ...warningsOf(first!, found.look, policy.klLimit ?? 50)],
      };
    if (!better || !store) return;
    yield* save();
    await store.markBest?.(step, metrics);
  }

  const completed = async (prompts: readonly Asked[], seeds: readonly number[]) => {
    const each = prompts.flatMap((prompt) => Array.from({ length: K }, () => prompt));
    const rollout = await drawn.draw(each, fastRandom([seed, ...seeds]), temperature);
    return { rollout, ...(await judge(rollout, each, { dialogue, parts, missingEnd })) };
  };

  /** What the loss says of pairs of held-out prompts. */
  const measured = async (): Promise<Metrics> => {
    const all: Record<string, number[]> = {};
    for (let at = 0; at < held.length; at += B) {
      const prompts = Array.from({ length: B }, (_, i) => held[(at + i) % held.length]!);
      const { rollout, rewards } = await completed(prompts, [HELD_OUT, at]);
      const { maxNewTokens } = room;
      const key = root.split("held out").split(at);
      const material = { rollout, rewards, beta, maxNewTokens, key };
      const batch = method.batch({ ...material, reference: undefined, values: undefined }, options);
      for (const [name, { data }] of Object.entries(await measure(batch)))
        (all[`heldOut/${name}`] ??= []).push(Number(data[0]));
    }
    return Object.fromEntries(Object.entries(all).map(([name, values]) => [name, mean(values)]));
  };

  /** Completions of the next prompts, and what they are paid. */
  const complete = async (round: number) => {
    const { indices, next } = order.next().value as { indices: Int32Array; next: Position };
    position = next;
    return completed(
      Array.from(indices, (i) => asked.train[i]!),
      [step, round],
    );
  };

  /** Groups that tell nothing give their place to others, for some rounds. */
  const gathered = async (): Promise<Gathered> => {
    let now: Gathered = await complete(0);
    for (let round = 1; round <= (policy.resample ?? 0); round++) {
      const signal = withSignal(now.rewards, K);
      if (!signal.includes(false)) break;
      now = merged(now, await complete(round), K);
    }
    return now;
  };

  const once = async (): Promise<Metrics> => {
    const { rollout, rewards, parts: paidParts } = await gathered();
    const asks = method.usesReference(options);
    const material: Material = {
      rollout,
      rewards,
      reference: asks ? (await refers.read(rollout)).logProbs : undefined,
      values: await values?.read(rollout),
      beta,
      maxNewTokens: room.maxNewTokens,
      key: root.split(step),
    };
    const kl = asks ? mean(logRatios(material)) : undefined;
    const batch = method.batch(material, options);
    let metrics: Metrics = {};
    for (const [i, part] of updates(batch, policy, root.split(step)).entries())
      metrics = await learners.step([part], root.split(step).split(i), step);
    if (kl !== undefined && policy.klTarget !== undefined)
      beta = adaptedBeta(beta, kl, rows, { target: policy.klTarget, horizon: policy.klHorizon! });
    return {
      reward: mean(rewards),
      ...paidParts,
      ...(kl !== undefined && { kl }),
      ...(policy.klTarget !== undefined && { beta }),
      length: mean(rollout.lengths),
      truncated: 1 - mean(rollout.ended),
      ...(K > 1 && { noSignal: 1 - mean(withSignal(rewards, K).map(Number)) }),
      ...metrics,
    };
  };

  try {
    if (step === 0) yield* look();
    while (step < Math.min(plan.steps, setting.until ?? plan.steps) && !signal?.aborted) {
      const started = performance.now();
      const metrics = await once();
      requireFinite(metrics, step + 1, task, lastGood);
      step++;
      seconds += (performance.now() - started) / 1000;
      yield { kind: "step", step, epoch: step / plan.stepsPerEpoch, metrics };
      const last = step === plan.steps;
      if ((last || step % sampleEvery === 0) && !signal?.aborted) yield* look();
      if (last || step % checkpointEvery === 0) yield* save();
    }
    yield* save();
    yield { kind: "done", step, finished: step >= plan.steps, seconds };
  } finally {
    await learners.dispose();
    for (const program of [
      own,
      refers,
      trained,
      measure,
      ...(drawn === own ? [] : [drawn]),
      ...(values ? [values] : []),
    ])
      await program.dispose();
  }
}

async function disposing<P extends { dispose(): Promise<void> }, T>(
  program: P,
  job: (program: P) => Promise<T>,
): Promise<T> {
  try {
    return await job(program);
  } finally {
    await program.dispose();
  }
}

interface Gathered {
  readonly rollout: Rollout;
  readonly rewards: Float64Array;
  readonly parts: Metrics;
}

/** Groups of `now` that have a signal, then those of `more`, then the others, as many as there were. */
function merged(now: Gathered, more: Gathered, K: number): Gathered {
  const groups = [now, more].flatMap(({ rewards }, from) =>
    withSignal(rewards, K).map((signal, g) => ({ from, g, signal })),
  );
  const kept = [...groups.filter(({ signal }) => signal), ...groups.filter(({ signal }) => !signal)];
  const rows = kept
    .slice(0, now.rewards.length / K)
    .flatMap(({ from, g }) => Array.from({ length: K }, (_, i) => from * now.rewards.length + g * K + i));
  const rewards = [...now.rewards, ...more.rewards];
  return {
    rollout: rowsAt(joined(now.rollout, more.rollout), rows),
    rewards: Float64Array.from(rows, (n) => rewards[n]!),
    parts: now.parts,
  };
}

/** What is learned from in each update: parts of the batch in a random order, pass after pass. */
function updates(
  batch: HostBatch,
  { innerEpochs = 1, minibatches = 1 }: Partial<PolicyOptions>,
  key: Key,
): HostBatch[] {
  if (innerEpochs * minibatches === 1) return [batch];
  const N = batch.tokens!.shape[0]!;
  const size = Math.floor(N / minibatches);
  return Array.from({ length: innerEpochs }, (_, epoch) => {
    const order = hostPermutation(key.split("passes").split(epoch), N);
    return Array.from({ length: minibatches }, (_, i) => {
      const rows = order.subarray(i * size, (i + 1) * size);
      return Object.fromEntries(
        Object.entries(batch).map(([name, array]) => [
          name,
          array.shape.length === 0 ? array : takeRows(array, rows),
        ]),
      );
    });
  }).flat();
}
