import { type ChartSpec, lineChart, sideBySide } from "../../plot/index.ts";
import type { Rng } from "../random.ts";
import {
  type BanditMethod,
  epsilonGreedyBandit,
  gradientBandit,
  thompsonBandit,
  ucbBandit,
} from "../tabular/bandit.ts";
import {
  curvesTable,
  type Figure,
  type FigureOptions,
  type FigureResult,
  mean,
  range,
  runRandom,
} from "./figure.ts";

const ARMS = 10;

interface Contestant {
  readonly name: string;
  readonly method: (rng: Rng) => BanditMethod;
}

interface Curves {
  readonly reward: Float64Array;
  readonly optimal: Float64Array;
}

/**
 * The ten-armed testbed (section 2.3): q*(a) ~ N(centre, 1), rewards N(q*(A), 1). Average reward and percentage of
 * optimal actions at each step, over `runs` bandit problems. Every method gets the same problems.
 */
export function testbed(
  contestants: readonly Contestant[],
  { runs, seed, progress }: FigureOptions,
  { steps = 1000, centre = 0 } = {},
): Curves[] {
  return contestants.map(({ method }, part) => {
    const reward = new Float64Array(steps);
    const optimal = new Float64Array(steps);
    for (let run = 0; run < runs; run++) {
      const problem = runRandom(seed, 1000, run);
      const q = Float64Array.from({ length: ARMS }, () => problem.normal(centre, 1));
      const best = q.indexOf(Math.max(...q));
      const rng = runRandom(seed, part, run);
      const learner = method(rng);
      for (let t = 0; t < steps; t++) {
        const A = learner.choose();
        const R = rng.normal(q[A]!, 1);
        learner.learn(A, R);
        reward[t]! += R / runs;
        if (A === best) optimal[t]! += 100 / runs;
      }
      if (run % 50 === 0) progress(part * runs + run, contestants.length * runs);
    }
    return { reward, optimal };
  });
}

const REWARD = { x: "steps", y: "average reward" };
const OPTIMAL = { x: "steps", y: "% optimal action" };

function chartOf(
  labels: { title: string; x: string; y: string },
  contestants: readonly Contestant[],
  curves: readonly Float64Array[],
): ChartSpec {
  const x = range(1, curves[0]!.length);
  return lineChart(
    labels,
    contestants.map(({ name }, i) => ({ name, x, y: curves[i]! })),
    { width: 420, height: 260 },
  );
}

/** Two panels, as in Figure 2.2: average reward and percentage of optimal actions. */
function race(
  title: string,
  contestants: readonly Contestant[],
  options: FigureOptions,
  panels: { reward: boolean; optimal: boolean },
  settings: { centre?: number } = {},
): FigureResult {
  const curves = testbed(contestants, options, settings);
  const steps = range(1, curves[0]!.reward.length);
  const charts = [
    ...(panels.reward
      ? [
          chartOf(
            { title: "Reward", ...REWARD },
            contestants,
            curves.map((c) => c.reward),
          ),
        ]
      : []),
    ...(panels.optimal
      ? [
          chartOf(
            { title: "Optimal choices", ...OPTIMAL },
            contestants,
            curves.map((c) => c.optimal),
          ),
        ]
      : []),
  ];
  return {
    table: curvesTable("step", steps, [
      ...contestants.map(({ name }, i) => ({ name: `reward ${name}`, y: curves[i]!.reward })),
      ...contestants.map(({ name }, i) => ({ name: `% optimal ${name}`, y: curves[i]!.optimal })),
    ]),
    chart: sideBySide(title, charts),
    values: Object.fromEntries(
      contestants.flatMap(({ name }, i) => [
        [`% optimal, steps 951–1000, ${name}`, mean(curves[i]!.optimal, 950, 1000)],
        [`reward, steps 951–1000, ${name}`, mean(curves[i]!.reward, 950, 1000)],
      ]),
    ),
  };
}

const egreedy = (epsilon: number): Contestant => ({
  name: epsilon === 0 ? "greedy" : `ε = ${epsilon}`,
  method: (rng) => epsilonGreedyBandit(ARMS, { epsilon }, rng),
});

const figure2_2: Figure = {
  id: "2.2",
  title: "ε-greedy methods on the ten-armed testbed",
  runs: 2000,
  draw(options) {
    return race(`Figure 2.2: ${this.title}`, [egreedy(0), egreedy(0.01), egreedy(0.1)], options, {
      reward: true,
      optimal: true,
    });
  },
};

const figure2_3: Figure = {
  id: "2.3",
  title: "optimistic initial values",
  runs: 2000,
  draw(options) {
    const contestants = [
      {
        name: "optimistic, greedy: Q₁ = 5, ε = 0",
        method: (rng: Rng) => epsilonGreedyBandit(ARMS, { epsilon: 0, alpha: 0.1, initial: 5 }, rng),
      },
      {
        name: "realistic, ε-greedy: Q₁ = 0, ε = 0.1",
        method: (rng: Rng) => epsilonGreedyBandit(ARMS, { epsilon: 0.1, alpha: 0.1 }, rng),
      },
    ];
    return race(`Figure 2.3: ${this.title}, α = 0.1`, contestants, options, { reward: false, optimal: true });
  },
};

const figure2_4: Figure = {
  id: "2.4",
  title: "upper confidence bounds (and Thompson sampling)",
  runs: 2000,
  draw(options) {
    const contestants = [
      { name: "UCB, c = 2", method: (rng: Rng) => ucbBandit(ARMS, { c: 2 }, rng) },
      egreedy(0.1),
      { name: "Thompson", method: (rng: Rng) => thompsonBandit(ARMS, {}, rng) },
    ];
    return race(`Figure 2.4: ${this.title}`, contestants, options, { reward: true, optimal: false });
  },
};

const figure2_5: Figure = {
  id: "2.5",
  title: "gradient bandits with and without a baseline, q* near +4",
  runs: 2000,
  draw(options) {
    const contestants = [true, false].flatMap((baseline) =>
      [0.1, 0.4].map((alpha) => ({
        name: `α = ${alpha}, ${baseline ? "with" : "without"} baseline`,
        method: (rng: Rng) => gradientBandit(ARMS, { alpha, baseline }, rng),
      })),
    );
    return race(
      `Figure 2.5: ${this.title}`,
      contestants,
      options,
      { reward: false, optimal: true },
      { centre: 4 },
    );
  },
};

const figure2_6: Figure = {
  id: "2.6",
  title: "a parameter study of the bandit methods",
  runs: 500,
  draw(options) {
    const powers = (from: number, to: number): number[] => range(from, to).map((e) => 2 ** e);
    const families = [
      {
        name: "ε-greedy (ε)",
        xs: powers(-7, -2),
        make: (epsilon: number, rng: Rng) => epsilonGreedyBandit(ARMS, { epsilon }, rng),
      },
      {
        name: "gradient (α)",
        xs: powers(-5, 1),
        make: (alpha: number, rng: Rng) => gradientBandit(ARMS, { alpha }, rng),
      },
      { name: "UCB (c)", xs: powers(-4, 2), make: (c: number, rng: Rng) => ucbBandit(ARMS, { c }, rng) },
      {
        name: "optimistic greedy (Q₁)",
        xs: powers(-2, 2),
        make: (initial: number, rng: Rng) =>
          epsilonGreedyBandit(ARMS, { epsilon: 0, alpha: 0.1, initial }, rng),
      },
      {
        name: "Thompson (prior σ)",
        xs: powers(-2, 2),
        make: (prior: number, rng: Rng) => thompsonBandit(ARMS, { prior }, rng),
      },
    ];
    const entries = families.flatMap(({ name, xs, make }) =>
      xs.map((x) => ({ family: name, x, name: `${name} ${x}`, method: (rng: Rng) => make(x, rng) })),
    );
    const averages = testbed(entries, options).map((c) => mean(c.reward));
    const line = (name: string) => {
      const mine = entries.flatMap((e, i) => (e.family === name ? [{ x: e.x, y: averages[i]! }] : []));
      return { name, x: mine.map((p) => p.x), y: mine.map((p) => p.y) };
    };
    const lines = families.map(({ name }) => line(name));
    return {
      table: {
        columns: ["method", "parameter", "average reward of the first 1000 steps"],
        rows: entries.map((e, i) => [e.family, e.x, averages[i]!]),
      },
      chart: lineChart(
        {
          title: `Figure 2.6: ${this.title}`,
          x: "parameter (in brackets)",
          y: "average reward, first 1000 steps",
        },
        lines,
        { xScale: "log", width: 620, height: 360 },
      ),
      values: Object.fromEntries(lines.map(({ name, y }) => [`best reward, ${name}`, Math.max(...y)])),
    };
  },
};

export const banditFigures = [figure2_2, figure2_3, figure2_4, figure2_5, figure2_6];
