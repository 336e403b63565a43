import { checkOptions, numberOption, wholeOption } from "./options.ts";
import { surely, type TabularEnv, tabularEnv } from "./tabular.ts";

export interface RandomWalkOptions {
  /** States between the two ends: 5 or 19 in the book. */
  readonly n_states?: number;
  /** The reward of the left end: 0 (Example 6.2) or −1 (Example 7.1). */
  readonly left_reward?: number;
}

/**
 * Sutton & Barto, Example 6.2: left or right with probability ½ from the centre; +1 at the right end. States 1 … n
 * are inside, 0 and n + 1 are the ends. With one action it is a Markov reward process.
 */
export function randomWalk(options: RandomWalkOptions = {}, id = "RandomWalk-v0"): TabularEnv {
  checkOptions(id, options, ["n_states", "left_reward"]);
  const n = wholeOption(id, "n_states", options.n_states ?? 5, 1, 1e6);
  const left = numberOption(id, "left_reward", options.left_reward ?? 0, -Infinity, Infinity);
  const last = n + 1;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return tabularEnv({
    id,
    nStates: n + 2,
    actionNames: ["walk"],
    initial: (n + 1) >> 1,
    stateName: (s) => (s > 0 && s < last && n <= letters.length ? `${s} (${letters[s - 1]})` : String(s)),
    outcomes: (s) => {
      if (s === 0 || s === last) return surely(s, 0, true);
      return [
        { probability: 0.5, next: s - 1, reward: s === 1 ? left : 0, terminated: s === 1 },
        { probability: 0.5, next: s + 1, reward: s === n ? 1 : 0, terminated: s === n },
      ];
    },
    render: (s) =>
      `${Array.from({ length: n + 2 }, (_, i) => (i === s ? "X" : i % last === 0 ? "#" : ".")).join(" ")}\n`,
  });
}
