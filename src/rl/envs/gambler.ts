import { checkOptions, numberOption, wholeOption } from "./options.ts";
import { surely, type TabularEnv, tabularEnv } from "./tabular.ts";

export interface GamblerOptions {
  /** The probability of heads. */
  readonly p_h?: number;
  /** The capital that wins. */
  readonly goal?: number;
}

/**
 * Sutton & Barto, Example 4.3: stake 1 … min(s, goal − s) on heads until the goal (+1) or ruin. The state is the
 * capital, the action the stake; a stake of 0, which changes nothing, is not available. Starts with any capital.
 */
export function gambler(options: GamblerOptions = {}, id = "GamblersProblem-v0"): TabularEnv {
  checkOptions(id, options, ["p_h", "goal"]);
  const p = numberOption(id, "p_h", options.p_h ?? 0.4, 0, 1);
  const goal = wholeOption(id, "goal", options.goal ?? 100, 2, 1e6);
  return tabularEnv({
    id,
    nStates: goal + 1,
    actionNames: Array.from({ length: Math.floor(goal / 2) + 1 }, (_, stake) => `stake ${stake}`),
    initial: Float64Array.from({ length: goal + 1 }, (_, s) => (s === 0 || s === goal ? 0 : 1)),
    stateName: (s) => `capital ${s}`,
    outcomes: (s, stake) => {
      if (s === 0 || s === goal) return surely(s, 0, true);
      if (stake === 0 || stake > Math.min(s, goal - s)) return [];
      const won = s + stake;
      const lost = s - stake;
      return [
        { probability: p, next: won, reward: won === goal ? 1 : 0, terminated: won === goal },
        { probability: 1 - p, next: lost, reward: 0, terminated: lost === 0 },
      ];
    },
  });
}
