import { UserError } from "../../errors.ts";
import type { Rng } from "../random.ts";
import { actionTable, checkLearning, type Learning, stateTable } from "./learning.ts";
import { Memory } from "./memory.ts";
import { firstVisits, generateEpisode, told } from "./monte-carlo.ts";
import { equiprobable, maxValue, type Rule } from "./rules.ts";
import type { TabularTask } from "./task.ts";
import { NO_Q } from "./td-prediction.ts";

/**
 * Off-policy Monte Carlo prediction of v_π from episodes of b (Sutton & Barto, section 5.5), first-visit.
 *   ordinary: V(s) = Σ ρ G / number of visits (eq. 5.5), unbiased, its variance may be infinite;
 *   weighted: V(s) = Σ ρ G / Σ ρ (eq. 5.6), biased at first, of bounded variance.
 */
export function* offPolicyPrediction(
  task: TabularTask,
  options: {
    /** π, the target policy. */
    target: Rule;
    /** b, the behaviour policy; it must take every action that π may take. */
    behaviour: Rule;
    sampling: "ordinary" | "weighted";
    episodes: number;
    gamma: number;
    rng: Rng;
    V?: Float64Array;
  },
): Learning<{ V: Float64Array }> {
  const { target, behaviour, sampling, episodes, gamma, rng, V = stateTable(task) } = options;
  checkLearning(options, task);
  // The divisor of the sum of ρ G.
  const C = new Float64Array(task.states + 1);
  for (let episode = 0; episode < episodes; episode++) {
    const trajectory = generateEpisode(task, behaviour, NO_Q, rng);
    const { S, A, R } = trajectory;
    const first = firstVisits(S, R.length);
    let G = 0;
    let rho = 1;
    for (let t = R.length - 1; t >= 0; t--) {
      const s = S[t]!;
      G = R[t]! + gamma * G;
      rho *= ratio(task, target, behaviour, NO_Q, s, A[t]!);
      if (!first[t]) continue;
      if (sampling === "ordinary") {
        C[s]! += 1;
        V[s]! += (rho * G - V[s]!) / C[s]!;
      } else if (rho > 0) {
        C[s]! += rho;
        V[s]! += (rho / C[s]!) * (G - V[s]!);
      }
    }
    yield told(episode, trajectory);
  }
  return { V };
}

/** Initial value of entries never updated. */
export const PESSIMISTIC = -1e6;

/** π(a | s) / b(a | s). @throws UserError if b cannot have taken a */
function ratio(
  task: TabularTask,
  target: Rule,
  behaviour: Rule,
  Q: Float64Array,
  s: number,
  a: number,
): number {
  const b = behaviour.probability(task, Q, s, a);
  if (!(b > 0)) {
    throw new UserError(
      `state ${s}, action ${a}: the behaviour policy took an action to which it gives probability ${b}`,
    );
  }
  return target.probability(task, Q, s, a) / b;
}

/**
 * Off-policy Monte Carlo control (section 5.7) with weighted importance sampling: the target is greedy with
 * respect to Q, the behaviour any policy that tries everything. It learns only from the tail of an episode, back
 * to the last non-greedy action. So the initial values must lie below all returns (`PESSIMISTIC`): otherwise an
 * action never seen could stay greedy for ever, and there would never be a tail.
 */
export function* offPolicyControl(
  task: TabularTask,
  options: {
    behaviour?: Rule;
    episodes: number;
    gamma: number;
    rng: Rng;
    Q?: Float64Array;
    memory?: Memory;
  },
): Learning<{ Q: Float64Array }> {
  const { behaviour = equiprobable, episodes, gamma, rng, Q = actionTable(task, PESSIMISTIC) } = options;
  const { memory = new Memory() } = options;
  checkLearning(options, task);
  const C = memory.floats("C", () => new Float64Array(Q.length));
  for (let episode = 0; episode < episodes; episode++) {
    // b(A | S) as it was when the episode was played, because Q changes below.
    const trajectory = generateEpisode(task, behaviour, Q, rng);
    const { S, A, R } = trajectory;
    const b = A.map((a, t) => behaviour.probability(task, Q, S[t]!, a));
    let G = 0;
    let W = 1;
    for (let t = R.length - 1; t >= 0; t--) {
      const i = S[t]! * task.actions + A[t]!;
      G = R[t]! + gamma * G;
      C[i]! += W;
      Q[i]! += (W / C[i]!) * (G - Q[i]!);
      if (A[t] !== firstGreedy(task, Q, S[t]!)) break;
      W /= b[t]!;
    }
    yield told(episode, trajectory);
  }
  return { Q };
}

/** The first of the greedy actions: a target policy must break ties consistently. */
function firstGreedy(task: TabularTask, Q: Float64Array, s: number): number {
  const max = maxValue(task, Q, s);
  let k = task.optionPtr[s]!;
  while (Q[s * task.actions + task.options[k]!] !== max) k++;
  return task.options[k]!;
}
