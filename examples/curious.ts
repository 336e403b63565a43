/**
 * An agent of one's own: Q-learning that explores by upper confidence bounds instead of at random (Sutton & Barto,
 * section 2.7, eq. 2.10, for each state). It serves like the agents that come with galatea:
 *
 *   npx galatea --with ./curious.ts rl train curious --env CliffWalking-v1 --episodes 500
 *   npx galatea --with ./curious.ts rl play curious-CliffWalking-v1
 */
import { type Learning, tabularAgent } from "galatea/rl";
import { z } from "zod";

const Options = z.strictObject({
  gamma: z.number().min(0).max(1).default(1).describe("discount factor γ"),
  alpha: z.number().positive().max(1).default(0.5).describe("step size α"),
  c: z.number().min(0).default(2).describe("how much an action is believed that was seldom tried"),
});

const curious = tabularAgent(
  {
    name: "curious",
    about: "Q-learning that tries what it knows least",
    section: "2.7",
    onPolicy: false,
    options: Options,
  },
  function* ({ task, options, episodes, Q, memory }): Learning<void> {
    const { gamma, alpha, c } = options;
    // N(s, a): what is in the memory is part of a checkpoint, so a resumed run continues bit for bit.
    const N = memory.ints("N", () => new Int32Array(Q.length));
    const actionsOf = (s: number): Int32Array =>
      task.options.subarray(task.optionPtr[s], task.optionPtr[s + 1]);
    const best = (s: number, score: (i: number) => number): number => {
      let [at, most] = [-1, -Infinity];
      for (const a of actionsOf(s)) {
        const value = score(s * task.actions + a);
        if (value > most) [at, most] = [a, value];
      }
      return at;
    };
    for (let episode = 0; episode < episodes; episode++) {
      let S = task.reset();
      let [G, steps] = [0, 0];
      do {
        let t = 1;
        for (const a of actionsOf(S)) t += N[S * task.actions + a]!;
        const A = best(S, (i) => (N[i] === 0 ? Infinity : Q[i]! + c * Math.sqrt(Math.log(t) / N[i]!)));
        const next = task.step(A);
        const R = task.reward;
        const i = S * task.actions + A;
        const bootstrap = task.terminated ? 0 : Q[next * task.actions + best(next, (j) => Q[j]!)]!;
        Q[i]! += alpha * (R + gamma * bootstrap - Q[i]!);
        N[i]!++;
        S = next;
        G += R;
        steps++;
      } while (!task.terminated && !task.truncated);
      yield { episode, steps, return: G };
    }
  },
);

export default { agents: [curious] };
