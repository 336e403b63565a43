/** The most reward that a divergence buys: π* ∝ π_ref e^{r/β} for every β, on average over prompts. */
import { divergence, expectation, optimum } from "galatea/rl/alignment/exact.ts";

export interface Point {
  readonly kl: number;
  readonly reward: number;
}

type Numbers = readonly Float64Array[];

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Where a policy stands, exactly. */
export const placeOf = (policy: Numbers, reference: Numbers, rewards: Numbers): Point => ({
  kl: mean(policy.map((p, i) => divergence(p, reference[i]!))),
  reward: mean(policy.map((p, i) => expectation(p, rewards[i]!))),
});

/** π* of each prompt, and where it stands. Without a price nothing holds it: β = 0 stands for a very small one. */
export function best(reference: Numbers, rewards: Numbers, beta: number) {
  const policy = reference.map((ref, i) => optimum(ref, rewards[i]!, Math.max(beta, 1e-3)).policy);
  return { policy, point: placeOf(policy, reference, rewards) };
}

const [POINTS, HIGH, LOW] = [60, 20, 0.02] as const;

/** From the reference, where β is large, to the most that there is to get. */
export const frontier = (reference: Numbers, rewards: Numbers): readonly Point[] => [
  placeOf(reference, reference, rewards),
  ...Array.from(
    { length: POINTS },
    (_, i) => best(reference, rewards, HIGH * (LOW / HIGH) ** (i / (POINTS - 1))).point,
  ),
];

/** The most reward at a divergence, between the points of the curve. */
export function rewardAt(curve: readonly Point[], kl: number): number {
  const after = curve.findIndex((point) => point.kl >= kl);
  if (after <= 0) return after === 0 ? curve[0]!.reward : curve.at(-1)!.reward;
  const [a, b] = [curve[after - 1]!, curve[after]!];
  return a.reward + ((kl - a.kl) / (b.kl - a.kl)) * (b.reward - a.reward);
}
