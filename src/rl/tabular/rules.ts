import { UserError } from "../../errors.ts";
import type { Rng } from "../random.ts";
import type { TabularTask } from "./task.ts";

/**
 * A policy given by action values, which changes with Q. Methods take the behaviour policy b and the target
 * policy π as arguments.
 */
export interface Rule {
  readonly name: string;
  /** A ~ π(· | s). */
  choose(task: TabularTask, Q: Float64Array, state: number, rng: Rng): number;
  /** Σ_a π(a | s) Q(s, a); 0 at the end. */
  expected(task: TabularTask, Q: Float64Array, state: number): number;
  /** π(a | s). */
  probability(task: TabularTask, Q: Float64Array, state: number, action: number): number;
}

/** max_a Q(s, a) over the actions of s; 0 at the end. */
export function maxValue(task: TabularTask, Q: Float64Array, state: number): number {
  const { optionPtr, options } = task;
  const row = state * task.actions;
  let k = optionPtr[state]!;
  const end = optionPtr[state + 1]!;
  if (k === end) return 0;
  let best = Q[row + options[k]!]!;
  for (k++; k < end; k++) {
    const x = Q[row + options[k]!]!;
    if (x > best) best = x;
  }
  return best;
}

/** argmax_a Q(s, a), ties broken uniformly at random. */
export function greedyAction(task: TabularTask, Q: Float64Array, state: number, rng: Rng): number {
  const { optionPtr, options } = task;
  const row = state * task.actions;
  const end = optionPtr[state + 1]!;
  let best = -Infinity;
  let action = -1;
  let ties = 0;
  for (let k = optionPtr[state]!; k < end; k++) {
    const a = options[k]!;
    const x = Q[row + a]!;
    if (x > best) {
      best = x;
      action = a;
      ties = 1;
    } else if (x === best && rng.random() * ++ties < 1) {
      action = a;
    }
  }
  return action;
}

/** An action of s, uniformly at random. */
export function randomAction(task: TabularTask, state: number, rng: Rng): number {
  const first = task.optionPtr[state]!;
  const n = task.optionPtr[state + 1]! - first;
  return task.options[first + Math.floor(rng.random() * n)]!;
}

/** ε-greedy: with probability ε any action, else a greedy one. */
export function epsilonGreedy(epsilon: number): Rule {
  if (!(epsilon >= 0 && epsilon <= 1)) throw new UserError(`epsilon must lie in 0 … 1, not ${epsilon}`);
  return {
    name: epsilon === 0 ? "greedy" : `${epsilon}-greedy`,
    choose: (task, Q, s, rng) =>
      epsilon > 0 && rng.random() < epsilon ? randomAction(task, s, rng) : greedyAction(task, Q, s, rng),
    expected: (task, Q, s) => {
      const max = maxValue(task, Q, s);
      return epsilon === 0 ? max : epsilon * mean(task, Q, s) + (1 - epsilon) * max;
    },
    probability: (task, Q, s, a) => {
      const max = maxValue(task, Q, s);
      const first = task.optionPtr[s]!;
      const end = task.optionPtr[s + 1]!;
      let ties = 0;
      for (let k = first; k < end; k++) if (Q[s * task.actions + task.options[k]!] === max) ties++;
      return epsilon / (end - first) + (Q[s * task.actions + a] === max ? (1 - epsilon) / ties : 0);
    },
  };
}

/** The greedy rule. */
export const greedy: Rule = epsilonGreedy(0);

/** Every action with the same probability. */
export const equiprobable: Rule = { ...epsilonGreedy(1), name: "equiprobable" };

function mean(task: TabularTask, Q: Float64Array, state: number): number {
  const first = task.optionPtr[state]!;
  const end = task.optionPtr[state + 1]!;
  if (first === end) return 0;
  let sum = 0;
  for (let k = first; k < end; k++) sum += Q[state * task.actions + task.options[k]!]!;
  return sum / (end - first);
}

/** π(a | s) ∝ exp(Q(s, a) / temperature). */
export function softmax(temperature: number): Rule {
  if (!(temperature > 0)) throw new UserError(`the temperature must be > 0, not ${temperature}`);
  const weight = (Q: Float64Array, index: number, max: number): number =>
    Math.exp((Q[index]! - max) / temperature);
  const total = (task: TabularTask, Q: Float64Array, s: number, max: number): number => {
    let sum = 0;
    for (let k = task.optionPtr[s]!; k < task.optionPtr[s + 1]!; k++) {
      sum += weight(Q, s * task.actions + task.options[k]!, max);
    }
    return sum;
  };
  return {
    name: `softmax(${temperature})`,
    choose: (task, Q, s, rng) => {
      const max = maxValue(task, Q, s);
      let u = rng.random() * total(task, Q, s, max);
      const last = task.optionPtr[s + 1]! - 1;
      for (let k = task.optionPtr[s]!; k < last; k++) {
        u -= weight(Q, s * task.actions + task.options[k]!, max);
        if (u < 0) return task.options[k]!;
      }
      return task.options[last]!;
    },
    expected: (task, Q, s) => {
      const max = maxValue(task, Q, s);
      let sum = 0;
      for (let k = task.optionPtr[s]!; k < task.optionPtr[s + 1]!; k++) {
        const index = s * task.actions + task.options[k]!;
        sum += weight(Q, index, max) * Q[index]!;
      }
      return sum === 0 ? 0 : sum / total(task, Q, s, max);
    },
    probability: (task, Q, s, a) => {
      const max = maxValue(task, Q, s);
      return weight(Q, s * task.actions + a, max) / total(task, Q, s, max);
    },
  };
}

/** A given policy π(a | s) (states × actions), independent of Q. */
export function fixedPolicy(policy: Float64Array): Rule {
  return {
    name: "fixed policy",
    choose: (task, _Q, s, rng) => {
      const last = task.optionPtr[s + 1]! - 1;
      let k = task.optionPtr[s]!;
      if (k === last) return task.options[k]!;
      let u = rng.random();
      for (; k < last; k++) {
        u -= policy[s * task.actions + task.options[k]!]!;
        if (u < 0) return task.options[k]!;
      }
      // Rounding may leave u ≥ 0 at the end: take the last action with positive probability.
      while (k > task.optionPtr[s]! && policy[s * task.actions + task.options[k]!] === 0) k--;
      return task.options[k]!;
    },
    expected: (task, Q, s) => {
      let sum = 0;
      for (let k = task.optionPtr[s]!; k < task.optionPtr[s + 1]!; k++) {
        const index = s * task.actions + task.options[k]!;
        sum += policy[index]! * Q[index]!;
      }
      return sum;
    },
    probability: (task, _Q, s, a) => policy[s * task.actions + a]!,
  };
}
