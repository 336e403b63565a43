import { heatMap, lineChart, sideBySide } from "../../plot/index.ts";
import { linearSarsa, linearSarsaLambda, linearValue } from "../linear/linear-sarsa.ts";
import { type TileCoding, tileCoding } from "../linear/tile-coding.ts";
import { make } from "../make.ts";
import { type Mdp, mdp } from "../mdp/model.ts";
import { uniformPolicy } from "../mdp/policy.ts";
import { policyEvaluation } from "../mdp/policy-evaluation.ts";
import { finish } from "../tabular/learning.ts";
import { monteCarloPrediction } from "../tabular/monte-carlo.ts";
import { equiprobable } from "../tabular/rules.ts";
import { ModelTask, optionsOf, type TabularTask } from "../tabular/task.ts";
import { tdPrediction } from "../tabular/td-prediction.ts";
import { curvesTable, type Figure, mean, range, runRandom } from "./figure.ts";

const WALK = 1000;

/** Example 9.1: starts in the middle, jumps to one of 100 states on either side, uniformly; −1 and +1 at the ends. */
export function walk1000(): Mdp {
  return mdp({
    states: WALK,
    actions: 1,
    initial: WALK / 2 - 1,
    outcomes: (s) => {
      const all = range(1, 100).flatMap((d) => [s - d, s + d]);
      const inside = all.filter((t) => t >= 0 && t < WALK);
      const left = all.filter((t) => t < 0).length / 200;
      const right = all.filter((t) => t >= WALK).length / 200;
      return [
        ...inside.map((next) => ({ probability: 1 / 200, next, reward: 0 })),
        ...(left > 0 ? [{ probability: left, next: WALK, reward: -1 }] : []),
        ...(right > 0 ? [{ probability: right, next: WALK, reward: 1 }] : []),
      ];
    },
  });
}

/**
 * State aggregation (section 9.3): a task whose states are groups of states. Tabular methods on it are the
 * gradient methods of chapter 9 with one feature per group.
 */
class Aggregated implements TabularTask {
  readonly states: number;
  readonly actions: number;
  readonly optionPtr: Int32Array;
  readonly options: Int32Array;
  readonly #task: TabularTask;
  readonly #size: number;

  constructor(task: TabularTask, groups: number) {
    this.#task = task;
    this.#size = task.states / groups;
    this.states = groups;
    this.actions = task.actions;
    const { optionPtr, options } = optionsOf(groups, task.actions, () => true);
    this.optionPtr = optionPtr;
    this.options = options;
  }

  get reward(): number {
    return this.#task.reward;
  }

  get terminated(): boolean {
    return this.#task.terminated;
  }

  get truncated(): boolean {
    return this.#task.truncated;
  }

  reset(): number {
    return Math.floor(this.#task.reset() / this.#size);
  }

  step(action: number): number {
    return Math.floor(this.#task.step(action) / this.#size);
  }
}

const figure9_1 = aggregation(
  "9.1",
  "gradient Monte Carlo with state aggregation, 1000-state walk",
  (task, rng, V, episodes) =>
    monteCarloPrediction(task, {
      policy: equiprobable,
      episodes,
      gamma: 1,
      alpha: 2e-5,
      rng,
      V,
      visits: "every",
    }),
);

const figure9_2 = aggregation(
  "9.2",
  "semi-gradient TD(0) with state aggregation, 1000-state walk",
  (task, rng, V, episodes) =>
    tdPrediction(task, { policy: equiprobable, episodes, gamma: 1, alpha: 2e-4, rng, V }),
);

function aggregation(
  id: string,
  title: string,
  method: (
    task: TabularTask,
    rng: ReturnType<typeof runRandom>,
    V: Float64Array,
    episodes: number,
  ) => ReturnType<typeof tdPrediction>,
): Figure {
  return {
    id,
    title,
    runs: 1,
    draw({ seed, progress }) {
      const m = walk1000();
      const GROUPS = 10;
      const EPISODES = 100_000;
      const truth = policyEvaluation(m, uniformPolicy(m), { gamma: 1, theta: 1e-8 }).v;
      const rng = runRandom(seed, 0, 0);
      const V = new Float64Array(GROUPS + 1);
      finish(method(new Aggregated(new ModelTask(m, rng), GROUPS), rng, V, EPISODES), ({ episode }) => {
        if (episode % 1000 === 0) progress(episode, EPISODES);
      });
      const x = range(1, WALK);
      const learnt = x.map((s) => V[Math.floor((s - 1) / (WALK / GROUPS))]!);
      const exact = x.map((s) => truth[s - 1]!);
      const curves = [
        { name: "approximate value", y: learnt },
        { name: "true value", y: exact },
      ];
      return {
        table: curvesTable("state", x, curves),
        chart: lineChart(
          {
            title: `Figure ${id}: ${title}`,
            subtitle: `${EPISODES} episodes, 10 groups of 100 states`,
            x: "state",
            y: "value",
          },
          curves.map((c) => ({ ...c, x })),
          { width: 560, height: 340 },
        ),
        values: {
          "value of the first group": V[0]!,
          "value of the last group": V[GROUPS - 1]!,
          "true mean of the first group": mean(exact, 0, 100),
          "true mean of the last group": mean(exact, 900, 1000),
        },
      };
    },
  };
}

/** The book's features: 8 tilings of 8 × 8 tiles over position and velocity. */
export const mountainCarTiles = (): TileCoding =>
  tileCoding({ low: [-1.2, -0.07], high: [0.5, 0.07], tiles: 8, tilings: 8 });

const car = () => make("MountainCar-v0", { max_episode_steps: 0 });

const figure10_1: Figure = {
  id: "10.1",
  title: "Mountain Car: the cost-to-go function learned by Sarsa with tile coding",
  runs: 1,
  draw({ seed, progress }) {
    const coding = mountainCarTiles();
    const w = new Float64Array(3 * coding.size);
    const SHOWN = [12, 104, 1000];
    const SIDE = 36;
    const xs = range(0, SIDE - 1).map((i) => -1.2 + ((i + 0.5) / SIDE) * 1.7);
    const vs = range(0, SIDE - 1).map((i) => 0.07 - ((i + 0.5) / SIDE) * 0.14);
    const maps: { episode: number; cost: number[][] }[] = [];
    const learning = linearSarsa(car(), {
      coding,
      actions: 3,
      episodes: SHOWN.at(-1)!,
      gamma: 1,
      alpha: 0.3,
      epsilon: 0,
      rng: runRandom(seed, 0, 0),
      seed,
      w,
    });
    const lengths: number[] = [];
    finish(learning, ({ episode, steps }) => {
      lengths.push(steps);
      progress(episode + 1, SHOWN.at(-1)!);
      if (!SHOWN.includes(episode + 1)) return;
      const cost = vs.map((v) =>
        xs.map((x) => {
          const features = coding.encode([x, v]);
          return -Math.max(...range(0, 2).map((a) => linearValue(w, coding, features, a)));
        }),
      );
      maps.push({ episode: episode + 1, cost });
    });
    const few = (list: number[], digits: number): string[] =>
      list.map((x, i) => (i % 9 === 0 ? x.toFixed(digits) : ""));
    return {
      table: {
        columns: ["episode", "position", "velocity", "cost to go"],
        rows: maps.flatMap(({ episode, cost }) =>
          vs.flatMap((v, i) => xs.map((x, j) => [episode, x, v, cost[i]![j]!])),
        ),
      },
      chart: sideBySide(
        `Figure 10.1: ${this.title}`,
        maps.map(({ episode, cost }) =>
          heatMap({ title: `after episode ${episode}`, x: "position", y: "velocity" }, cost, {
            columns: few(xs, 1),
            rows: few(vs, 2),
            legend: "steps",
            cell: 7,
          }),
        ),
      ),
      values: {
        "steps of episode 1": lengths[0]!,
        "mean steps, episodes 901–1000": mean(lengths, 900, 1000),
        "largest cost to go": Math.max(...maps.at(-1)!.cost.flat()),
      },
    };
  },
};

const figure10_2: Figure = {
  id: "10.2",
  title: "Mountain Car: Sarsa with tile coding, by step size",
  runs: 10,
  draw({ runs, seed, progress }) {
    const EPISODES = 500;
    const alphas = [0.1, 0.2, 0.5];
    const curves = alphas.map((alpha, part) => {
      const y = new Float64Array(EPISODES);
      for (let run = 0; run < runs; run++) {
        const options = {
          coding: mountainCarTiles(),
          actions: 3,
          episodes: EPISODES,
          gamma: 1,
          alpha,
          epsilon: 0,
        };
        finish(
          linearSarsa(car(), { ...options, rng: runRandom(seed, part, run), seed: [seed, run] }),
          (e) => {
            y[e.episode]! += e.steps / runs;
          },
        );
        progress(part * runs + run + 1, alphas.length * runs);
      }
      return { name: `α = ${alpha}/8`, y };
    });
    const x = range(1, EPISODES);
    return {
      table: curvesTable("episode", x, curves),
      chart: lineChart(
        {
          title: `Figure 10.2: ${this.title}`,
          x: "episode",
          y: `steps per episode (log), mean of ${runs} runs`,
        },
        curves.map((c) => ({ ...c, x })),
        { yScale: "log", width: 560, height: 340 },
      ),
      values: Object.fromEntries(
        curves.map(({ name, y }) => [`steps, episodes 401–500, ${name}`, mean(y, 400, 500)]),
      ),
    };
  },
};

const figure12_10: Figure = {
  id: "12.10",
  title: "Mountain Car: Sarsa(λ) with replacing traces, early performance",
  runs: 5,
  draw({ runs, seed, progress }) {
    const EPISODES = 50;
    const lambdas = [0, 0.68, 0.84, 0.92, 0.98];
    const alphas = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4];
    let done = 0;
    const lines = lambdas.map((lambda) => {
      const y = alphas.map((alpha) => {
        let steps = 0;
        for (let run = 0; run < runs; run++) {
          const learning = linearSarsaLambda(make("MountainCar-v0", { max_episode_steps: 5000 }), {
            coding: mountainCarTiles(),
            actions: 3,
            episodes: EPISODES,
            gamma: 1,
            alpha,
            epsilon: 0,
            lambda,
            rng: runRandom(seed, 0, run),
            seed: [seed, run],
          });
          finish(learning, (e) => {
            steps += e.steps / (runs * EPISODES);
          });
        }
        progress(++done, lambdas.length * alphas.length);
        return steps;
      });
      return { name: `λ = ${lambda}`, x: alphas, y };
    });
    return {
      table: curvesTable("α × 8", alphas, lines),
      chart: lineChart(
        {
          title: `Figure 12.10: ${this.title}`,
          x: "α × number of tilings (8)",
          y: `steps per episode, first ${EPISODES} episodes, ${runs} runs`,
        },
        lines.map((line) => ({ ...line, y: line.y.map((n) => (n > 400 ? null : n)) })),
        { width: 560, height: 340 },
      ),
      values: Object.fromEntries(lines.map(({ name, y }) => [`best steps, ${name}`, Math.min(...y)])),
    };
  },
};

export const approximationFigures = [figure9_1, figure9_2, figure10_1, figure10_2, figure12_10];
