import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../../../src/engine/compile.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { nodeEngine } from "../../../src/engine/onnx/node.ts";
import { adam } from "../../../src/optim/adam.ts";
import { dpoLoss } from "../../../src/rl/alignment/dpo-loss.ts";
import { deviationSuccess, deviationWeight, divergence, expectation, optimalSuccess, optimum, reverseOptimum, tokenOptimum } from "../../../src/rl/alignment/exact.ts"; // biome-ignore format: a list of names
import { groupAdvantages, leaveOneOut } from "../../../src/rl/alignment/group.ts";
import { aggregate, grpoLoss } from "../../../src/rl/alignment/grpo-loss.ts";
import { type PenaltyOptions, penalty } from "../../../src/rl/alignment/penalty.ts";
import { ppoLoss, tokenAdvantages } from "../../../src/rl/alignment/ppo-loss.ts";
import { rlooLoss } from "../../../src/rl/alignment/rloo-loss.ts";
import { rowSum, tokenMean } from "../../../src/rl/alignment/tokens.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import { add, constant, gather, mean, mul, narrow, reshape, sub } from "../../../src/tensor/ops.ts";
import { hostUniform, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { drawn, Tabular } from "./tabular.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

test("success, divergence and value of the optimum are the reference's digits", () => {
  for (const [p0, beta, p, kl, J] of [
    [0.1, 0.5, 0.45085, 0.40768, 0.24701],
    [0.1, 0.2, 0.94283, 1.95784, 0.55126],
    [0.02, 0.25, 0.52702, 1.37958, 0.18212],
  ] as const) {
    const { policy, value } = optimum([p0, 1 - p0], [1, 0], beta);
    expect(policy[0]).toBeCloseTo(p, 5);
    expect(divergence(policy, [p0, 1 - p0])).toBeCloseTo(kl, 5);
    expect(value).toBeCloseTo(J, 5);
    // No policy is worth more than J*, and π* is worth it.
    expect(policy[0]! - beta * divergence(policy, [p0, 1 - p0])).toBeCloseTo(value, 10);
  }
});

test("the optimum against the reverse divergence is where its gradient is 0", () => {
  const [ref, r] = [
    [0.5, 0.3, 0.2],
    [0, 1, 0.4],
  ];
  const p = reverseOptimum(ref!, r!, 0.3);
  // r(x) + β π_ref(x)/π(x) is the same number λ for all x.
  const lambdas = Array.from(p, (q, i) => r![i]! + (0.3 * ref![i]!) / q);
  for (const l of lambdas) expect(l).toBeCloseTo(lambdas[0]!, 8);
});

test("the weight of the deviation is (K − 1)/K where the deviation is 1, and more where success is rare", () => {
  // E[m (K − m)]/K² / (p (1 − p)) = (K − 1)/K; a deviation of √(p(1 − p)) divides it.
  const p = 0.5;
  expect(deviationWeight(p, 400)).toBeCloseTo(1 / Math.sqrt(p * (1 - p)), 1);
  expect(deviationWeight(0.05, 8)).toBeGreaterThan(deviationWeight(0.5, 8));
});

const [SYMBOLS, LENGTH, K, BETA] = [4, 3, 8, 0.3];
const ref = new Tabular(SYMBOLS, LENGTH).initialize(Key.seed(1));
const right = (s: number): number => {
  const { tokens } = ref.read(s);
  return Number((3 * tokens[0]! + 5 * tokens[1]! + 7 * tokens[2]!) % 10 === 0);
};
const R = Float64Array.from({ length: ref.strings }, (_, s) => right(s));

type Batch = Record<string, Tensor>;
interface Way {
  /** A string's own numbers, on the host; the loss sees them by the same names. */
  readonly host: (of: Draws) => Record<string, NdArray>;
  readonly loss: (batch: Batch) => Tensor;
}
interface Draws {
  readonly rewards: Float64Array;
  /** ln π and ln π_ref of each token. */
  readonly logProbs: Float32Array;
  readonly refLogProbs: Float32Array;
  readonly values: Float32Array;
}
const N = 512;
const column = (x: ArrayLike<number>): NdArray => ndarray(Float32Array.from(x), [N]);
const grid = (x: Float32Array): NdArray => ndarray(x, [N, LENGTH]);
const ones = ndarray(new Float32Array(N * LENGTH).fill(1), [N, LENGTH]);

/** r − β Σ l: the penalty in the reward, by k1. */
const paid = ({ rewards, logProbs, refLogProbs }: Draws): Float64Array =>
  rewards.map((r, n) => {
    let kl = 0;
    for (let t = 0; t < LENGTH; t++) kl += logProbs[n * LENGTH + t]! - refLogProbs[n * LENGTH + t]!;
    return r - BETA * kl;
  });

const fine = (b: Batch, how: PenaltyOptions, beta = BETA): Tensor =>
  mul(penalty(sub(b.logProbs!, b.ref!), b.mask!, how), beta);

const rloo = (how?: PenaltyOptions, beta = BETA): Way => ({
  host: (d) => ({ advantages: column(leaveOneOut(how ? d.rewards : paid(d), K)) }),
  loss: (b) => {
    const { losses } = rlooLoss(b as never, 0.2);
    return mean(how ? add(losses, rowSum(fine(b, how, beta), b.mask!)) : losses);
  },
});

const grpo = (how: PenaltyOptions, scale: boolean): Way => ({
  host: (d) => ({ advantages: column(groupAdvantages(d.rewards, K, { scale })) }),
  loss: (b) => {
    const { losses } = grpoLoss(b as never, { low: 0.2, high: 0.2, ratio: "token" });
    const total = add(losses, fine(b, how));
    return aggregate(total, b.mask!, {
      aggregation: "dr_grpo",
      maxTokens: LENGTH,
      tokensPerBatch: constant(1),
    });
  },
});

const ppo = (how?: PenaltyOptions): Way => ({
  host: ({ rewards, logProbs, refLogProbs, values }) => {
    const penalties = logProbs.map((l, k) => (how ? 0 : -BETA * (l - refLogProbs[k]!)));
    const mask = ones.data as Float32Array;
    const { A, returns } = tokenAdvantages(
      { rows: N, tokens: LENGTH, mask, penalties, scores: rewards, values },
      { gamma: 1, lambda: 0.95 },
    );
    return { advantages: grid(A), returns: grid(returns), oldValues: grid(values) };
  },
  loss: (b) => {
    const { losses, valueLoss } = ppoLoss(b as never, { clip: 0.2, valueClip: undefined, whiten: false });
    const total = how ? add(losses, fine(b, how)) : losses;
    return add(tokenMean(total, b.mask!), valueLoss);
  },
});

/** Learn from draws of the policy itself; what is left is the mean policy of the last third. */
async function learned(way: Way, steps = 450): Promise<{ p: number; kl: number[]; policy: Float64Array }> {
  const policy = new Tabular(SYMBOLS, LENGTH).initialize(Key.seed(1));
  // A value for every prefix is a table too: its first column.
  const critic = new Tabular(SYMBOLS, LENGTH).initialize(Key.seed(2));
  const parameters = [...policy.parameters(), ...critic.parameters()];
  const optimizer = adam()(parameters);
  const values = (prefixes: Tensor): Tensor =>
    gather(reshape(narrow(critic.logits, 1, 0, 1), [-1]), prefixes);
  const look = compile(
    (b: Batch) => ({ logProbs: policy.logProbs(b.prefixes!, b.tokens!), values: values(b.prefixes!) }),
    { engine },
  );
  const move = compile(
    (b: Batch, lr: Tensor) => {
      const parts = { ...b, logProbs: policy.logProbs(b.prefixes!, b.tokens!), values: values(b.prefixes!) };
      optimizer.step(grad(way.loss(parts), parameters, { unused: "zero" }), lr);
      return constant(0);
    },
    { engine },
  );
  const reference = await ref.policy(engine);
  const all = policy.batch(Int32Array.from({ length: policy.strings }, (_, s) => s));
  const refs = (await compile((b: Batch) => ref.logProbs(b.prefixes!, b.tokens!), { engine })(all as never)).data as Float32Array; // biome-ignore format: one thing
  const best = optimum(reference, R, BETA).policy;
  const sum = new Float64Array(policy.strings);
  const kl: number[] = [];
  for (let step = 0; step < steps; step++) {
    const now = await look(all as never);
    const tokens = (of: ArrayLike<number>, s: number): number[] =>
      Array.from({ length: LENGTH }, (_, t) => of[s * LENGTH + t]!);
    const logs = now.logProbs.data as Float32Array;
    const p = Float64Array.from({ length: policy.strings }, (_, s) =>
      Math.exp(tokens(logs, s).reduce((a, b) => a + b)),
    );
    if (step % 50 === 0) kl.push(divergence(p, best));
    if (step >= (2 * steps) / 3) for (const [s, x] of p.entries()) sum[s]! += x;
    const strings = drawn(p, N, Key.seed(3).split(step));
    const gathered = (of: ArrayLike<number>): Float32Array =>
      Float32Array.from([...strings].flatMap((s) => tokens(of, s)));
    const draws = {
      rewards: Float64Array.from(strings, (s) => R[s]!),
      logProbs: gathered(logs),
      refLogProbs: gathered(refs),
      values: gathered(now.values.data as Float32Array),
    };
    const batch = {
      ...policy.batch(strings),
      mask: ones,
      old: grid(draws.logProbs),
      ref: grid(draws.refLogProbs),
      ...way.host(draws),
    };
    await move(batch as never, 0.05 * (1 - step / steps));
  }
  for (const program of [look, move]) await program.dispose();
  const total = sum.reduce((a, b) => a + b, 0);
  const mean = sum.map((x) => x / total);
  return { p: expectation(mean, R), kl: [...kl, divergence(mean, best)], policy: mean };
}

const rate = async (): Promise<number> => expectation(await ref.policy(engine), R);
const sequence = { estimator: "k2", level: "sequence" } as const;

test.each([
  ["PPO, k1 in the reward", ppo()],
  ["PPO, k2 in the loss", ppo(sequence)],
  ["RLOO, k1 in the reward", rloo()],
  ["RLOO, k2 in the loss", rloo(sequence)],
])("%s ends in π*, and the divergence to it shrinks", async (_, way) => {
  const p0 = await rate();
  expect(Math.abs(p0 - 0.1)).toBeLessThan(0.05);
  const { p, kl } = await learned(way);
  expect(Math.abs(p - optimalSuccess(p0, BETA))).toBeLessThan(0.02);
  expect(kl.at(-1)).toBeLessThan(0.01);
  expect(kl.at(-1)).toBeLessThan(kl[0]! / 50);
});

test("GRPO without the deviation ends in the optimum of β·K/(K − 1)", async () => {
  const p0 = await rate();
  const { p } = await learned(grpo(sequence, false));
  expect(Math.abs(p - optimalSuccess(p0, (BETA * K) / (K - 1)))).toBeLessThan(0.02);
});

test("GRPO with the deviation ends where the theory says, which is elsewhere", async () => {
  const p0 = await rate();
  const { p } = await learned(grpo(sequence, true));
  const expected = deviationSuccess(K, BETA, (beta) => optimalSuccess(p0, beta));
  expect(Math.abs(p - expected)).toBeLessThan(0.02);
  expect(Math.abs(expected - optimalSuccess(p0, BETA))).toBeGreaterThan(0.05);
});

test("k3 in the loss ends in the optimum of the reverse divergence", async () => {
  const [reference, beta] = [await ref.policy(engine), 0.15];
  const { policy, p } = await learned(rloo({ estimator: "k3", level: "sequence" }, beta));
  const expected = reverseOptimum(reference, R, beta);
  expect(Math.abs(p - expectation(expected, R))).toBeLessThan(0.02);
  expect(divergence(policy, expected)).toBeLessThan(0.01);
  expect(Math.abs(p - optimalSuccess(await rate(), beta))).toBeGreaterThan(0.05);
});

test("a penalty of each token by itself ends in its own optimum, and that is not π*", async () => {
  const reference = await ref.policy(engine);
  const { policy } = await learned(rloo({ estimator: "k2", level: "token" }));
  const expected = tokenOptimum(reference, R, BETA, SYMBOLS);
  expect(divergence(policy, expected)).toBeLessThan(0.01);
  expect(divergence(expected, optimum(reference, R, BETA).policy)).toBeGreaterThan(0.02);
});

test("DPO on pairs of π_ref whose labels are drawn by σ(r_w − r_l) ends in π*", async () => {
  const reference = await ref.policy(engine);
  const policy = new Tabular(SYMBOLS, LENGTH).initialize(Key.seed(1));
  const optimizer = adam()(policy.parameters());
  const all = policy.batch(Int32Array.from({ length: policy.strings }, (_, s) => s));
  const refs = constant(ndarray(Float32Array.from(reference, Math.log), [policy.strings]));
  const move = compile(
    (chosen: Tensor, rejected: Tensor, lr: Tensor) => {
      const logs = policy.logProbs(constant(all.prefixes), constant(all.tokens)).sum({ axes: 1 });
      const l = sub(logs, refs);
      const delta = sub(gather(l, chosen), gather(l, rejected));
      const loss = dpoLoss(delta, { beta: BETA, loss: "sigmoid", labelSmoothing: 0 });
      optimizer.step(grad(loss, optimizer.parameters), lr);
      return loss;
    },
    { engine },
  );
  const steps = 500;
  for (let step = 0; step < steps; step++) {
    const key = Key.seed(5).split(step);
    const [a, b] = [drawn(reference, 4096, key.split("a")), drawn(reference, 4096, key.split("b"))];
    const u = hostUniform(key.split("labels"), a.length);
    const aWins = a.map((s, i) => Number(u[i]! < 1 / (1 + Math.exp(R[b[i]!]! - R[s]!))));
    const chosen = a.map((s, i) => (aWins[i] === 1 ? s : b[i]!));
    const rejected = a.map((s, i) => (aWins[i] === 1 ? b[i]! : s));
    await move(ndarray(chosen), ndarray(rejected), 0.05 * (1 - step / steps));
  }
  await move.dispose();
  await move.dispose();
  const found = await policy.policy(engine);
  expect(Math.abs(expectation(found, R) - optimalSuccess(await rate(), BETA))).toBeLessThan(0.03);
  expect(divergence(found, optimum(reference, R, BETA).policy)).toBeLessThan(0.02);
});
