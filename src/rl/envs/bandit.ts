import type { FunctionalEnv } from "../env.ts";
import { Discrete } from "../spaces.ts";
import { checkOptions, numberOption, wholeOption } from "./options.ts";

export interface BanditOptions {
  /** The number of arms. */
  readonly k?: number;
  /** The mean of the arms' true values (4 in Figure 2.5). */
  readonly mean?: number;
  /** At every step each true value changes by N(0, drift²) (Exercise 2.5). */
  readonly drift?: number;
  /** Start with equal true values, all `mean` (Exercise 2.5). */
  readonly equal?: boolean;
}

export interface BanditState {
  /** q*(a), the true values. */
  readonly qStar: Float64Array;
  /** The reward of the last pull. */
  readonly reward: number;
}

/** The best arm; among equals the first. */
export function optimalArm(qStar: Float64Array): number {
  let best = 0;
  for (let a = 1; a < qStar.length; a++) if (qStar[a]! > qStar[best]!) best = a;
  return best;
}

/**
 * The k-armed testbed of Sutton & Barto, Section 2.3: q*(a) ~ N(mean, 1) drawn at every reset, rewards
 * N(q*(a), 1). One state, observation 0. `info.optimal` is the best arm.
 */
export function bandit(
  options: BanditOptions = {},
  id = "Bandit-v0",
): FunctionalEnv<BanditState, number, number> {
  checkOptions(id, options, ["k", "mean", "drift", "equal"]);
  const k = wholeOption(id, "k", options.k ?? 10, 1, 1e6);
  const mean = numberOption(id, "mean", options.mean ?? 0, -1e9, 1e9);
  const drift = numberOption(id, "drift", options.drift ?? 0, 0, 1e9);
  return {
    id,
    observationSpace: new Discrete(1),
    actionSpace: new Discrete(k),
    initial: (rng) => ({
      qStar: Float64Array.from({ length: k }, () => (options.equal === true ? mean : rng.normal(mean, 1))),
      reward: 0,
    }),
    transition: ({ qStar }, action, rng) => {
      const reward = rng.normal(qStar[action], 1);
      return { reward, qStar: drift === 0 ? qStar : qStar.map((q) => q + rng.normal(0, drift)) };
    },
    observation: () => 0,
    reward: (_state, _action, next) => next.reward,
    terminal: () => false,
    info: ({ qStar }) => ({ optimal: optimalArm(qStar) }),
    render: ({ qStar, reward }, action) => {
      const best = optimalArm(qStar);
      const arms = Array.from(
        qStar,
        (q, a) =>
          `arm ${a} ${q.toFixed(2).padStart(6)}${a === best ? " *" : ""}${a === action ? ` <- ${reward.toFixed(2)}` : ""}`,
      );
      return `${arms.join("\n")}\n`;
    },
  };
}
