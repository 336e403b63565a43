import { UserError } from "../../errors.ts";
import { actionTable, checkLearning, type Learning, type Watch } from "./learning.ts";
import { Memory } from "./memory.ts";
import type { ControlOptions } from "./q-learning.ts";
import { epsilonGreedy, maxValue } from "./rules.ts";
import type { TabularTask } from "./task.ts";

/**
 * Dyna-Q (Sutton & Barto, section 8.2): Q-learning from real steps, and after each of them from `n`
 * transitions of a learned, deterministic model. With `kappa` > 0 it is Dyna-Q+ (section 8.3): planning uses the
 * reward r + κ √τ for a pair not tried for τ steps; actions never tried in a visited state count as leading back
 * to it with reward 0.
 */
export function* dynaQ(
  task: TabularTask,
  options: Omit<ControlOptions, "alpha"> & Watch & { alpha: number; n: number; kappa?: number },
): Learning<{ Q: Float64Array }> {
  const { episodes, gamma, alpha, rng, n, kappa = 0, watch } = options;
  const { behaviour = epsilonGreedy(0.1), Q = actionTable(task), memory = new Memory() } = options;
  checkLearning(options, task);
  if (!(Number.isInteger(n) && n >= 0)) throw new UserError(`n, the planning steps, must be ≥ 0, not ${n}`);
  const model = {
    next: memory.ints("next", () => new Int32Array(Q.length).fill(-1)),
    reward: memory.floats("reward", () => new Float64Array(Q.length)),
    lastTried: memory.floats("lastTried", () => new Float64Array(Q.length)),
    /** The pairs that planning draws from: the first `count` of these. */
    known: memory.ints("known", () => new Int32Array(Q.length)),
  };
  /** Steps so far, and pairs known. */
  const clock = memory.floats("clock", () => new Float64Array(2));
  let [time, count] = clock as unknown as [number, number];
  const learn = (i: number, R: number, next: number): number => {
    const delta = R + gamma * maxValue(task, Q, next) - Q[i]!;
    Q[i]! += alpha * delta;
    return delta;
  };
  const remember = (S: number, A: number, R: number, next: number): void => {
    const i = S * task.actions + A;
    if (model.next[i] === -1) {
      // On a first visit Dyna-Q+ adds all actions of S to the model, Dyna-Q only this one.
      for (let k = task.optionPtr[S]!; k < task.optionPtr[S + 1]!; k++) {
        const j = S * task.actions + task.options[k]!;
        if (j !== i && kappa === 0) continue;
        model.next[j] = S;
        model.known[count++] = j;
      }
    }
    model.next[i] = next;
    model.reward[i] = R;
    model.lastTried[i] = time;
  };
  for (let episode = 0; episode < episodes; episode++) {
    let S = task.reset();
    let G = 0;
    let steps = 0;
    do {
      const A = behaviour.choose(task, Q, S, rng);
      const next = task.step(A);
      const R = task.reward;
      time++;
      const delta = learn(S * task.actions + A, R, next);
      remember(S, A, R, next);
      for (let p = 0; p < n; p++) {
        const j = model.known[Math.floor(rng.random() * count)]!;
        const bonus = kappa === 0 ? 0 : kappa * Math.sqrt(time - model.lastTried[j]!);
        learn(j, model.reward[j]! + bonus, model.next[j]!);
      }
      G += R;
      steps++;
      if (watch) yield { episode, steps, return: G, update: { S, A, R, next, delta } };
      S = next;
    } while (!task.terminated && !task.truncated);
    clock.set([time, count]);
    yield { episode, steps, return: G };
  }
  return { Q };
}
