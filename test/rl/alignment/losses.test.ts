import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../../../src/engine/compile.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { nodeEngine } from "../../../src/engine/onnx/node.ts";
import { adaptedBeta } from "../../../src/rl/alignment/adaptive-beta.ts";
import { dpoLoss } from "../../../src/rl/alignment/dpo-loss.ts";
import { bestOf, bestOfKl, groupAdvantages, leaveOneOut, requireGroups, withSignal } from "../../../src/rl/alignment/group.ts"; // biome-ignore format: a list of names
import { AGGREGATIONS, aggregate, grpoLoss } from "../../../src/rl/alignment/grpo-loss.ts";
import { penalty } from "../../../src/rl/alignment/penalty.ts";
import { ppoLoss, tokenAdvantages } from "../../../src/rl/alignment/ppo-loss.ts";
import { rewardLoss } from "../../../src/rl/alignment/reward-loss.ts";
import { rlooLoss } from "../../../src/rl/alignment/rloo-loss.ts";
import { sftLoss } from "../../../src/rl/alignment/sft-loss.ts";
import { rowSum, tokenMean } from "../../../src/rl/alignment/tokens.ts";
import { ESTIMATORS, type Estimator, KL } from "../../../src/rl/kl.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { add, constant, logSoftmax, mean, mul, sub, sum } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

/** Losses and gradients by PyTorch: make_alignment_goldens.py. */
const golden = JSON.parse(
  readFileSync(new URL("../../goldens/alignment.json", import.meta.url), "utf8"),
) as Record<"grpo" | "dpo", Record<string, Golden>> &
  Record<"rloo" | "sft" | "reward", Golden> & { ppo: Golden & { advantages: number[] }; inputs: Inputs };
interface Golden {
  readonly loss: number;
  readonly gradients: readonly number[][];
}
type Inputs = Record<"N" | "T" | "K", number> & Record<string, number[]>;

const { N, T, K } = golden.inputs;
const floats = (name: string): Float32Array => Float32Array.from(golden.inputs[name]!);
const matrix = (data: Float32Array) => ndarray(data, [N, T]);
const rows = (data: ArrayLike<number>) => ndarray(Float32Array.from(data), [data.length]);
const token = (name: string): Tensor => constant(matrix(floats(name)));

async function expectGolden(
  loss: (...x: Tensor[]) => Tensor,
  inputs: readonly Parameters<typeof constant>[0][],
  { loss: value, gradients }: Golden,
): Promise<void> {
  const program = compile(
    (xs: readonly Tensor[]) => {
      const out = loss(...xs);
      return { out, gradients: grad(out, xs) };
    },
    { engine },
  );
  const found = await program(inputs as never);
  expect(Number(found.out.data[0])).toBeCloseTo(value, 5);
  for (const [i, g] of gradients.entries())
    for (const [j, x] of g.entries()) expect(Number(found.gradients[i]!.data[j])).toBeCloseTo(x, 5);
  await program.dispose();
}

const lp = () => matrix(floats("logProbs"));

test.each(Object.entries(golden.grpo))(
  "GRPO, %s: value and gradient are PyTorch's",
  async (name, expected) => {
    const [ratio, aggregation, estimator] = name.split(" ") as ["token", "grpo", Estimator];
    const advantages = constant(rows(groupAdvantages(golden.inputs.rewards!, K)));
    await expectGolden(
      (logProbs) => {
        const mask = token("mask");
        const { losses } = grpoLoss(
          { logProbs, old: token("old"), mask, advantages },
          { low: 0.2, high: 0.28, ratio },
        );
        const kl = penalty(sub(logProbs, token("ref")), mask, { estimator, level: "token" });
        const how = { aggregation, maxTokens: 7, tokensPerBatch: constant(12) };
        return aggregate(add(losses, mul(kl, 0.1)), mask, how);
      },
      [lp()],
      expected,
    );
  },
);

test("RLOO with k1 in the reward: value and gradient are PyTorch's", async () => {
  const { rewards, logProbs, ref, mask } = golden.inputs;
  const paid = rewards!.map((r, n) => {
    let kl = 0;
    for (let t = 0; t < T; t++) kl += (logProbs![n * T + t]! - ref![n * T + t]!) * mask![n * T + t]!;
    return r - 0.05 * kl;
  });
  const advantages = constant(rows(leaveOneOut(paid, K)));
  await expectGolden(
    (x) => mean(rlooLoss({ logProbs: x, old: token("old"), mask: token("mask"), advantages }, 0.2).losses),
    [lp()],
    golden.rloo,
  );
});

test("PPO: advantages of tokens, value and gradients are PyTorch's", async () => {
  const mask = floats("mask");
  const [logProbs, ref] = [floats("logProbs"), floats("ref")];
  const penalties = logProbs.map((l, k) => -0.05 * (l - ref[k]!));
  const episodes = {
    rows: N,
    tokens: T,
    mask,
    penalties,
    scores: golden.inputs.rewards!,
    values: floats("oldValues"),
  };
  const { A, returns } = tokenAdvantages(episodes, { gamma: 1, lambda: 0.95 });
  for (const [k, a] of golden.ppo.advantages.entries()) expect(A[k]).toBeCloseTo(a, 5);
  await expectGolden(
    (x, values) => {
      const parts = {
        logProbs: x,
        values,
        old: token("old"),
        mask: token("mask"),
        oldValues: token("oldValues"),
        advantages: constant(matrix(A)),
        returns: constant(matrix(returns.map((r, k) => r * mask[k]!))),
      };
      const { losses, valueLoss } = ppoLoss(parts, { clip: 0.2, valueClip: 0.2, whiten: true });
      return add(tokenMean(losses, parts.mask), mul(valueLoss, 0.1));
    },
    [lp(), matrix(floats("values"))],
    golden.ppo,
  );
});

test("SFT, reward model and DPO with its variants: values and gradients are PyTorch's", async () => {
  await expectGolden((x) => sftLoss(x, token("mask")), [lp()], golden.sft);
  const pairs = [rows(golden.inputs.chosen!), rows(golden.inputs.rejected!)];
  await expectGolden((w, l) => rewardLoss(w!, l!, { margin: 0.3, centre: 0.01 }), pairs, golden.reward);
  for (const [name, expected] of Object.entries(golden.dpo)) {
    const [loss, labelSmoothing] = name.split(" ");
    const how = { beta: 0.3, loss: loss as "ipo", labelSmoothing: Number(labelSmoothing) };
    await expectGolden((d) => dpoLoss(d, how), [rows(golden.inputs.delta!)], expected);
  }
});

test("DPO begins where π is π_ref: Δ is exactly 0, and its gradient −β/2", async () => {
  const how = { beta: 0.3, loss: "sigmoid", labelSmoothing: 0 } as const;
  await expectGolden((d) => dpoLoss(d, how), [rows([0, 0])], {
    loss: Math.LN2,
    gradients: [[-0.075, -0.075]],
  });
});

test("a group of four with one right: GRPO 1.4997 and −.4999, RLOO 1 and −1/3", () => {
  expect(groupAdvantages([1, 0, 0, 0], 4)[0]).toBeCloseTo(1.4997, 4);
  expect(groupAdvantages([1, 0, 0, 0], 4)[1]).toBeCloseTo(-0.4999, 4);
  expect([...leaveOneOut([1, 0, 0, 0], 4)].map((x) => Number(x.toFixed(6)))).toEqual([
    1, -0.333333, -0.333333, -0.333333,
  ]);
});

test("before its deviation GRPO's advantage is (K − 1)/K of RLOO's", () => {
  const r = [0.3, -1, 2, 0.7, 0.7, 4, 1, -2];
  const [grpo, rloo] = [groupAdvantages(r, 4, { scale: false }), leaveOneOut(r, 4)];
  for (const [i, a] of grpo.entries()) expect(a).toBeCloseTo(0.75 * rloo[i]!, 6);
});

test("a group of equal rewards has advantages of exactly 0, whatever the rewards, and is counted", () => {
  for (const r of [0, 1, 0.1, 1 / 3, 1e6]) {
    const same = [r, r, r];
    expect([...groupAdvantages(same, 3), ...leaveOneOut(same, 3)].every((a) => a === 0)).toBe(true);
  }
  expect(withSignal([1, 1, 0, 0, 0, 1], 2)).toEqual([false, false, true]);
});

test("where all rewards are equal, the gradient is exactly 0", async () => {
  const mask = token("mask");
  const advantages = constant(
    rows(
      groupAdvantages(
        Array.from({ length: N }, () => 0.1),
        K,
      ),
    ),
  );
  const program = compile(
    (logProbs: Tensor) => {
      const parts = { logProbs, old: token("old"), mask, advantages };
      const { losses } = grpoLoss(parts, { low: 0.2, high: 0.2, ratio: "token" });
      const how = { aggregation: "dapo", maxTokens: T, tokensPerBatch: sum(mask) } as const;
      const total = add(aggregate(losses, mask, how), mean(rlooLoss(parts, 0.2).losses));
      return grad(total, [logProbs])[0]!;
    },
    { engine },
  );
  const { data } = await program(lp());
  expect(Array.from(data, Number).every((g) => g === 0)).toBe(true);
});

test("with one inner step the loss of GRPO reads 0, and its gradient does not", async () => {
  const mask = token("mask");
  const program = compile(
    (logProbs: Tensor) => {
      const advantages = constant(rows(groupAdvantages(golden.inputs.rewards!, K)));
      const parts = { logProbs, old: token("logProbs"), mask, advantages };
      const { losses } = grpoLoss(parts, { low: 0.2, high: 0.2, ratio: "token" });
      const how = { aggregation: "grpo", maxTokens: T, tokensPerBatch: sum(mask) } as const;
      const loss = aggregate(losses, mask, how);
      return { loss, gradient: sum(grad(loss, [logProbs])[0]!.abs()) };
    },
    { engine },
  );
  const { loss, gradient } = await program(lp());
  expect(Math.abs(Number(loss.data[0]))).toBeLessThan(1e-6);
  expect(Number(gradient.data[0])).toBeGreaterThan(0.5);
});

test("each aggregation is its formula", async () => {
  const mask = token("mask");
  const how = { maxTokens: 7, tokensPerBatch: constant(12) };
  const program = compile(
    (x: Tensor) =>
      Object.fromEntries(AGGREGATIONS.map((a) => [a, aggregate(x, mask, { aggregation: a, ...how })])),
    { engine },
  );
  const [lengths, x] = [[5, 3, 4, 1, 5, 2], lp()];
  const sums = lengths.map((n, i) => x.data.subarray(i * T, i * T + n).reduce((a, b) => a + b, 0));
  const total = sums.reduce((a, b) => a + b, 0);
  const found = await program(x);
  expect(Number(found.grpo!.data[0])).toBeCloseTo(
    sums.reduce((a, s, i) => a + s / lengths[i]! / N, 0),
    5,
  );
  expect(Number(found.bnpo!.data[0])).toBeCloseTo(total / 20, 5);
  expect(Number(found.dapo!.data[0])).toBeCloseTo(total / 12, 5);
  expect(Number(found.dr_grpo!.data[0])).toBeCloseTo(total / (N * 7), 5);
});

/** π and π_ref over three tokens, and expectations over π. */
const [P, REF] = [
  [0.7, 0.2, 0.1],
  [0.3, 0.4, 0.3],
];
const EXPECTED = { k1: [0, 0, 0], k2: [0.351876, -0.207553, -0.144323], k3: [0.4, -0.2, -0.2] };

test.each(ESTIMATORS)("%s: mean, variance and expected gradient are the reference's digits", async (name) => {
  const program = compile(
    (logits: Tensor) => {
      const logp = logSoftmax(logits);
      const x = KL[name](sub(logp, constant(rows(REF!.map(Math.log)))));
      // What a loss on own draws has for a gradient on average: the draws' probabilities are numbers.
      const p = constant(rows(P!));
      const average = sum(mul(p, x));
      return {
        average,
        variance: sub(sum(mul(p, mul(x, x))), mul(average, average)),
        gradient: grad(average, [logits])[0]!,
      };
    },
    { engine },
  );
  const { average, variance, gradient } = await program(rows(P!.map(Math.log)));
  expect(Number(average.data[0])).toBeCloseTo(name === "k2" ? 0.359663 : 0.344618, 5);
  if (name !== "k2") expect(Number(variance.data[0])).toBeCloseTo(name === "k1" ? 0.6006 : 0.0346, 4);
  for (const [i, g] of EXPECTED[name].entries()) expect(Number(gradient.data[i])).toBeCloseTo(g, 5);
});

test("the penalty of a sequence is that of its sum, spread over its tokens", async () => {
  const mask = token("mask");
  const program = compile(
    (l: Tensor) => ({
      spread: rowSum(penalty(l, mask, { estimator: "k2", level: "sequence" }), mask),
      whole: KL.k2(rowSum(l, mask)),
    }),
    { engine },
  );
  const { spread, whole } = await program(lp());
  for (let n = 0; n < N; n++) expect(Number(spread.data[n])).toBeCloseTo(Number(whole.data[n]), 5);
});

test("adaptive β moves by at most a fifth of n/horizon", () => {
  const how = { target: 6, horizon: 10_000 };
  expect(adaptedBeta(0.15, 60, 512, how)).toBeCloseTo(0.15 * (1 + (0.2 * 512) / 10_000), 12);
  expect(adaptedBeta(0.15, 0, 512, how)).toBeCloseTo(0.15 * (1 - (0.2 * 512) / 10_000), 12);
  expect(adaptedBeta(0.15, 6.6, 512, how)).toBeCloseTo(0.15 * (1 + (0.1 * 512) / 10_000), 12);
});

test("best of n: the first of the best in each group, and its divergence", () => {
  expect([...bestOf([0, 2, 2, 5, 5, 1], 3)]).toEqual([1, 3]);
  expect(bestOfKl(1)).toBe(0);
  expect(bestOfKl(8)).toBeCloseTo(1.204442, 5);
});

test("a group of one is refused, and rows that are not whole groups", () => {
  expect(() => requireGroups(4, 1, "rloo")).toThrow(/at least 2 of them: option `group` is 1/);
  expect(() => requireGroups(7, 2, "grpo")).toThrow(/7 completions are not whole groups of 2/);
});

test("no token behind the end counts: its log-probability has no gradient", async () => {
  const mask = token("mask");
  const program = compile((l: Tensor) => grad(sftLoss(l, mask), [l])[0]!, { engine });
  const { data } = await program(lp());
  for (const [k, m] of floats("mask").entries()) expect(Number(data[k]) === 0).toBe(m === 0);
});
