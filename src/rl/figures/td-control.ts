import { lineChart } from "../../plot/index.ts";
import type { Rng } from "../random.ts";
import { doubleQLearning } from "../tabular/double-q-learning.ts";
import { expectedSarsa } from "../tabular/expected-sarsa.ts";
import { finish, type Learning } from "../tabular/learning.ts";
import { type ControlOptions, qLearning } from "../tabular/q-learning.ts";
import { epsilonGreedy } from "../tabular/rules.ts";
import { sarsa } from "../tabular/sarsa.ts";
import { ModelTask, optionsOf, type TabularTask } from "../tabular/task.ts";
import { curvesTable, type Figure, mean, modelById, range, runRandom } from "./figure.ts";

type Control = (task: TabularTask, options: ControlOptions) => Learning<unknown>;

const CONTROLS: readonly { name: string; method: Control }[] = [
  { name: "Sarsa", method: sarsa },
  { name: "Q-learning", method: qLearning },
  { name: "Expected Sarsa", method: expectedSarsa },
];

const example6_5: Figure = {
  id: "example-6.5",
  title: "Sarsa on the windy gridworld",
  runs: 100,
  draw({ runs, seed, progress }) {
    const m = modelById("WindyGridworld-v0");
    const STEPS = 8000;
    const episodesAt = new Float64Array(STEPS + 1);
    for (let run = 0; run < runs; run++) {
      const rng = runRandom(seed, 0, run);
      const learning = sarsa(new ModelTask(m, rng), {
        episodes: STEPS,
        gamma: 1,
        alpha: 0.5,
        behaviour: epsilonGreedy(0.1),
        rng,
      });
      let time = 0;
      for (const { steps, episode } of learning) {
        for (let t = time; t < Math.min(time + steps, STEPS + 1); t++) episodesAt[t]! += episode / runs;
        time += steps;
        if (time > STEPS) break;
      }
      progress(run + 1, runs);
    }
    const x = range(0, STEPS / 10).map((i) => i * 10);
    const y = x.map((t) => episodesAt[t]!);
    return {
      table: curvesTable("time step", x, [{ name: "episodes completed", y }]),
      chart: lineChart(
        {
          title: `Example 6.5: ${this.title}, α = 0.5, ε = 0.1`,
          x: "time steps",
          y: `episodes completed, mean of ${runs} runs`,
        },
        [{ name: "Sarsa", x, y }],
        { width: 520, height: 320 },
      ),
      values: { "episodes by step 8000": episodesAt[STEPS]! },
    };
  },
};

const figure6_4: Figure = {
  id: "6.4",
  title: "Sarsa, Q-learning and Expected Sarsa on the cliff",
  runs: 200,
  draw({ runs, seed, progress }) {
    const m = modelById("CliffWalking-v1");
    const EPISODES = 500;
    const curves = CONTROLS.map(({ name, method }, part) => {
      const y = new Float64Array(EPISODES);
      for (let run = 0; run < runs; run++) {
        const rng = runRandom(seed, part, run);
        const options = { episodes: EPISODES, gamma: 1, alpha: 0.5, behaviour: epsilonGreedy(0.1), rng };
        finish(method(new ModelTask(m, rng), options), (e) => {
          y[e.episode]! += e.return / runs;
        });
        if (run % 20 === 0) progress(part * runs + run, CONTROLS.length * runs);
      }
      return { name, y };
    });
    const x = range(1, EPISODES);
    return {
      table: curvesTable("episode", x, curves),
      chart: lineChart(
        {
          title: "Example 6.6 (cliff walking): on-policy and off-policy",
          subtitle: `α = 0.5, ε = 0.1, mean of ${runs} runs; returns below −100 are cut off, as in the book`,
          x: "episodes",
          y: "sum of rewards during the episode",
        },
        curves.map(({ name, y }) => ({ name, x, y: Array.from(y, (r) => (r < -100 ? null : r)) })),
        { width: 560, height: 340 },
      ),
      values: Object.fromEntries(
        curves.map(({ name, y }) => [`return, episodes 401–500, ${name}`, mean(y, 400, 500)]),
      ),
    };
  },
};

const figure6_3: Figure = {
  id: "6.3",
  title: "interim and asymptotic performance on the cliff, by α",
  runs: 10,
  draw({ runs, seed, progress }) {
    const m = modelById("CliffWalking-v1");
    const alphas = range(2, 20).map((i) => i / 20);
    const INTERIM = 100;
    // The book's asymptote uses 100,000 episodes; 2,000 differ by less than the width of the line.
    const EPISODES = 2000;
    const total = CONTROLS.length * alphas.length;
    let done = 0;
    const lines = CONTROLS.flatMap(({ name, method }, part) => {
      const interim: number[] = [];
      const asymptotic: number[] = [];
      for (const alpha of alphas) {
        const returns = new Float64Array(EPISODES);
        for (let run = 0; run < runs; run++) {
          const rng = runRandom(seed, part, run);
          const options = { episodes: EPISODES, gamma: 1, alpha, behaviour: epsilonGreedy(0.1), rng };
          // Sarsa's last policies at α = 1 may take very long: no episode needs more steps than this.
          finish(method(new ModelTask(m, rng, { maxSteps: 20_000 }), options), (e) => {
            returns[e.episode]! += e.return / runs;
          });
        }
        interim.push(mean(returns, 0, INTERIM));
        asymptotic.push(mean(returns));
        progress(++done, total);
      }
      return [
        { name: `${name}, interim`, x: alphas, y: interim, dashed: true },
        { name: `${name}, asymptotic`, x: alphas, y: asymptotic, dashed: false },
      ];
    });
    return {
      table: curvesTable("α", alphas, lines),
      chart: lineChart(
        {
          title: `Figure 6.3: ${this.title}`,
          subtitle: `interim: the first ${INTERIM} episodes; asymptotic: all ${EPISODES}`,
          x: "α",
          y: `return per episode, mean of ${runs} runs (cut off at −160)`,
        },
        lines.map((line) => ({ ...line, y: line.y.map((r) => (r < -160 ? null : r)) })),
        { width: 620, height: 400 },
      ),
      values: Object.fromEntries(
        lines.map(({ name, y }) => [`at α = 0.5, ${name}`, y[alphas.indexOf(0.5)]!]),
      ),
    };
  },
};

const A = 0;
const B = 1;
const LEFT = 0;

/** Example 6.7: from A left leads to B and right ends; ten actions in B end with a reward N(−0.1, 1). */
class MaximizationBias implements TabularTask {
  readonly states = 2;
  readonly actions = 10;
  readonly optionPtr: Int32Array;
  readonly options: Int32Array;
  reward = 0;
  terminated = false;
  readonly truncated = false;
  /** Whether left was taken from A in this episode. */
  left = false;
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng;
    const { optionPtr, options } = optionsOf(2, 10, (s, a) => s === B || a < 2);
    this.optionPtr = optionPtr;
    this.options = options;
  }

  #state = A;

  reset(): number {
    this.terminated = false;
    this.#state = A;
    return A;
  }

  step(action: number): number {
    if (this.#state === A) {
      this.reward = 0;
      this.left = action === LEFT;
      this.terminated = !this.left;
      this.#state = this.left ? B : this.states;
    } else {
      this.reward = this.#rng.normal(-0.1, 1);
      this.terminated = true;
      this.#state = this.states;
    }
    return this.#state;
  }
}

const figure6_5: Figure = {
  id: "6.5",
  title: "maximisation bias: Q-learning and Double Q-learning",
  runs: 10_000,
  draw({ runs, seed, progress }) {
    const EPISODES = 300;
    const methods: readonly {
      name: string;
      method: (task: TabularTask, options: ControlOptions) => Learning<unknown>;
    }[] = [
      { name: "Q-learning", method: qLearning },
      { name: "Double Q-learning", method: doubleQLearning },
    ];
    const curves = methods.map(({ name, method }, part) => {
      const y = new Float64Array(EPISODES);
      for (let run = 0; run < runs; run++) {
        const rng = runRandom(seed, part, run);
        const task = new MaximizationBias(rng);
        const options = { episodes: EPISODES, gamma: 1, alpha: 0.1, behaviour: epsilonGreedy(0.1), rng };
        finish(method(task, options), ({ episode }) => {
          if (task.left) y[episode]! += 100 / runs;
        });
        if (run % 200 === 0) progress(part * runs + run, methods.length * runs);
      }
      return { name, y };
    });
    const x = range(1, EPISODES);
    const q = curves[0]!.y;
    const peak = q.indexOf(Math.max(...q));
    return {
      table: curvesTable("episode", x, curves),
      chart: lineChart(
        { title: `Figure 6.5: ${this.title}`, x: "episodes", y: `% left actions from A, ${runs} runs` },
        [...curves.map((c) => ({ ...c, x })), { name: "optimal (5%)", x, y: x.map(() => 5), dashed: true }],
        { width: 560, height: 340, yZero: true },
      ),
      values: {
        "peak % left, Q-learning": q[peak]!,
        "episode of the peak": peak + 1,
        "% left, episodes 291–300, Q-learning": mean(q, 290, 300),
        "% left, episodes 291–300, Double Q-learning": mean(curves[1]!.y, 290, 300),
      },
    };
  },
};

export const controlFigures = [example6_5, figure6_3, figure6_4, figure6_5];
