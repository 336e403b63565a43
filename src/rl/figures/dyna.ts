import { lineChart } from "../../plot/index.ts";
import { blockingMaze, type ChangingMaze, shortcutMaze } from "../envs/maze.ts";
import { type Mdp, mdpFromTable } from "../mdp/model.ts";
import type { Rng } from "../random.ts";
import { dynaQ } from "../tabular/dyna-q.ts";
import { finish } from "../tabular/learning.ts";
import { epsilonGreedy } from "../tabular/rules.ts";
import { ModelTask, type TabularTask } from "../tabular/task.ts";
import {
  curvesTable,
  type Figure,
  type FigureOptions,
  type FigureResult,
  modelById,
  range,
  runRandom,
} from "./figure.ts";

const figure8_2: Figure = {
  id: "8.2",
  title: "Dyna-Q on the maze: planning steps n",
  runs: 100,
  draw({ runs, seed, progress }) {
    const m = modelById("DynaMaze-v0");
    const EPISODES = 50;
    const ns = [0, 5, 50];
    const curves = ns.map((n, part) => {
      const y = new Float64Array(EPISODES);
      for (let run = 0; run < runs; run++) {
        const rng = runRandom(seed, part, run);
        const options = {
          episodes: EPISODES,
          gamma: 0.95,
          alpha: 0.1,
          behaviour: epsilonGreedy(0.1),
          rng,
          n,
        };
        finish(dynaQ(new ModelTask(m, rng), options), (e) => {
          y[e.episode]! += e.steps / runs;
        });
        progress(part * runs + run + 1, ns.length * runs);
      }
      return { name: `n = ${n}`, y };
    });
    // The first episode, the same for all, is off the scale of the book's figure.
    const x = range(2, EPISODES);
    return {
      table: curvesTable("episode", range(1, EPISODES), curves),
      chart: lineChart(
        {
          title: `Figure 8.2: ${this.title}, α = 0.1, ε = 0.1, γ = 0.95`,
          x: "episodes",
          y: `steps per episode, mean of ${runs} runs`,
        },
        curves.map(({ name, y }) => ({ name, x, y: y.subarray(1) })),
        { width: 520, height: 340, yZero: true },
      ),
      values: Object.fromEntries(curves.map(({ name, y }) => [`steps in episode 5, ${name}`, y[4]!])),
    };
  },
};

/** A maze that changes at a given step, counted over all episodes. */
class ChangingTask implements TabularTask {
  readonly states: number;
  readonly actions: number;
  readonly optionPtr: Int32Array;
  readonly options: Int32Array;
  readonly #stages: readonly [ModelTask, ModelTask];
  readonly #changeAt: number;
  #elapsed = 0;
  #now: ModelTask;

  constructor([before, after]: readonly [Mdp, Mdp], changeAt: number, rng: Rng) {
    this.#stages = [new ModelTask(before, rng), new ModelTask(after, rng)];
    this.#changeAt = changeAt;
    this.#now = this.#stages[0];
    this.states = before.states;
    this.actions = before.actions;
    this.optionPtr = this.#now.optionPtr;
    this.options = this.#now.options;
  }

  get reward(): number {
    return this.#now.reward;
  }

  get terminated(): boolean {
    return this.#now.terminated;
  }

  get truncated(): boolean {
    return this.#now.truncated;
  }

  reset(): number {
    return this.#now.reset();
  }

  step(action: number): number {
    const next = this.#now.step(action);
    if (++this.#elapsed === this.#changeAt) {
      const { terminated } = this.#now;
      const reward = this.#now.reward;
      this.#now = this.#stages[1];
      if (!terminated) this.#now.resetTo(next);
      this.#now.reward = reward;
      this.#now.terminated = terminated;
    }
    return next;
  }
}

/** Cumulative reward of Dyna-Q and Dyna-Q+ in a maze that changes. */
function changing(
  title: string,
  maze: ChangingMaze,
  settings: { changeAt: number; steps: number; n: number; alpha: number; kappa: number },
  { runs, seed, progress }: FigureOptions,
): FigureResult {
  const { changeAt, steps: STEPS, n, alpha, kappa } = settings;
  const models = maze.stages.map((stage) => mdpFromTable(stage.table)) as [Mdp, Mdp];
  const methods = [
    { name: "Dyna-Q+", kappa },
    { name: "Dyna-Q", kappa: 0 },
  ];
  const curves = methods.map(({ name, kappa: bonus }, part) => {
    const y = new Float64Array(STEPS + 1);
    for (let run = 0; run < runs; run++) {
      const rng = runRandom(seed, part, run);
      const task = new ChangingTask(models, changeAt, rng);
      const options = {
        episodes: Infinity,
        gamma: 0.95,
        alpha,
        behaviour: epsilonGreedy(0.1),
        rng,
        n,
        kappa: bonus,
      };
      let time = 0;
      let won = 0;
      for (const episode of dynaQ(task, options)) {
        for (let t = time; t < Math.min(time + episode.steps, STEPS + 1); t++) y[t]! += won / runs;
        time += episode.steps;
        won += episode.return;
        if (time > STEPS) break;
      }
      progress(part * runs + run + 1, methods.length * runs);
    }
    return { name, y };
  });
  const x = range(0, STEPS / 10).map((i) => i * 10);
  const thin = curves.map(({ name, y }) => ({ name, y: x.map((t) => y[t]!) }));
  return {
    table: curvesTable("time step", x, thin),
    chart: lineChart(
      {
        title,
        subtitle: `n = ${n}, α = ${alpha}, κ = ${kappa}, ε = 0.1, γ = 0.95; the maze changes at step ${changeAt}`,
        x: "time steps",
        y: `cumulative reward, mean of ${runs} runs`,
      },
      thin.map((c) => ({ ...c, x })),
      { width: 520, height: 340 },
    ),
    values: Object.fromEntries(
      curves.flatMap(({ name, y }) => [
        [`reward at step ${changeAt}, ${name}`, y[changeAt]!],
        [`reward at step ${STEPS}, ${name}`, y[STEPS]!],
      ]),
    ),
  };
}

const figure8_4: Figure = {
  id: "8.4",
  title: "Dyna-Q and Dyna-Q+ when the path is blocked",
  runs: 30,
  draw(options) {
    const settings = { changeAt: 1000, steps: 3000, n: 10, alpha: 1, kappa: 1e-4 };
    return changing(`Figure 8.4: ${this.title}`, blockingMaze(), settings, options);
  },
};

const figure8_5: Figure = {
  id: "8.5",
  title: "Dyna-Q and Dyna-Q+ when a shortcut opens",
  runs: 30,
  draw(options) {
    const settings = { changeAt: 3000, steps: 6000, n: 50, alpha: 1, kappa: 1e-3 };
    return changing(`Figure 8.5: ${this.title}`, shortcutMaze(), settings, options);
  },
};

export const dynaFigures = [figure8_2, figure8_4, figure8_5];
