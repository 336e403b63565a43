import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { appendLine } from "../../files/jsonl.node.ts";
import { lineChart } from "../../plot/index.ts";
import { saveChart } from "../../plot/node.ts";
import { timeLimitOf } from "../../rl/make.ts";
import { deterministicPolicy, greedyActions } from "../../rl/mdp/policy.ts";
import { valueIteration } from "../../rl/mdp/value-iteration.ts";
import { policyReturn } from "../../rl/mdp/values.ts";
import { fastRandom } from "../../rl/random.ts";
import { type Algorithm, algorithms, type Settings } from "../../rl/tabular/algorithms.ts";
import { ModelTask } from "../../rl/tabular/task.ts";
import { VERSION } from "../../version.ts";
import { Cli } from "../command.ts";
import { Family } from "../family.ts";
import { Interrupted, type Io, Printer, table } from "../io.ts";
import { addOptions, pickOptions } from "../options.ts";
import { short } from "../progress.ts";
import { createFolder, freeFolder, saveValues, type TabularRun } from "./run-folder.ts";
import {
  EnvOptions,
  type Finite,
  Gamma,
  openFinite,
  parseEnvOptions,
  policyText,
  requireEnv,
  save,
  savePolicy,
  startValue,
  valuesCsv,
} from "./shared.ts";

const share = z.number().min(0).max(1);

/** Every setting of every algorithm; an algorithm takes the ones it uses. */
const SETTINGS: Record<string, z.ZodType> = {
  alpha: z.number().positive().max(1).default(0.1).describe("step size α"),
  epsilon: share.default(0.1).describe("the behaviour policy's share of random actions ε"),
  n: z.int().min(0).default(4).describe("n: rewards before bootstrapping, or planning steps of Dyna"),
  lambda: share.default(0.9).describe("trace decay λ"),
  kappa: z
    .number()
    .min(0)
    .default(0.001)
    .describe("how much Dyna-Q+ believes in what it has not tried lately, κ"),
  traces: z
    .enum(["accumulating", "replacing", "dutch"])
    .default("replacing")
    .describe("kind of eligibility traces; dutch is true online"),
};

const schemaOf = ({ uses, defaults = {} }: Algorithm) =>
  EnvOptions.extend({
    episodes: z.int().min(1).default(5000).describe("episodes to learn from"),
    gamma: Gamma.default(0.99).describe("discount of later rewards"),
    maxSteps: z
      .int()
      .min(1)
      .optional()
      .describe("steps after which an episode is cut (default: the environment's, else 10000)"),
    seed: z.int().min(0).default(0).describe("everything random follows from it"),
    logEvery: z
      .int()
      .min(1)
      .optional()
      .describe("episodes averaged in a line of metrics.jsonl (default: a hundredth)"),
    out: z.string().optional().describe("folder of the run (default: runs/ALGORITHM-ENV)"),
    json: z.boolean().default(false).describe("one JSON object a line instead of words"),
    ...Object.fromEntries(
      Object.entries(SETTINGS)
        .filter(([key]) => uses.includes(key as keyof Settings))
        .map(([key, schema]) => [
          key,
          key in defaults ? schema.default(defaults[key as keyof Settings] as never) : schema,
        ]),
    ),
  });

export function trainCommand(io: Io): Cli {
  const train = new Family("train").chooses("algorithm", Object.keys(algorithms));
  train
    .summary("learn from samples of an environment")
    .description(
      "Learn action values from episodes. A run folder keeps config.json, metrics.jsonl, values.json, values.csv,\n" +
        "learning.png and policy.png. Ctrl-C saves what has been learnt and stops.",
    );
  for (const [name, algorithm] of Object.entries(algorithms)) {
    const command = new Cli(name)
      .summary(algorithm.about)
      .description(
        `${algorithm.about} (Sutton & Barto, section ${algorithm.section}; ${algorithm.onPolicy ? "on" : "off"}-policy).`,
      );
    addOptions(command, schemaOf(algorithm), "Options:");
    command.action((parsed: Record<string, unknown>) => run(name, algorithm, parsed, io));
    train.addCommand(
      command.examples(
        [`galatea rl train ${name} --env CliffWalking-v1 --episodes 500`, "learn to walk along the cliff"],
        [
          `galatea rl train ${name} --env FrozenLake-v1 --env-options is_slippery=false`,
          "an environment with options",
        ],
        [
          `galatea rl train ${name} --env Taxi-v4 --seed 1 --out runs/taxi`,
          "another seed, a folder of your choice",
        ],
      ),
    );
  }
  return train.examples(
    ["galatea rl train q-learning --env CliffWalking-v1", "off-policy: the values of the shortest way"],
    ["galatea rl train sarsa --env CliffWalking-v1", "on-policy: the way that is safe for an explorer"],
    ["galatea rl play runs/q-learning-CliffWalking-v1", "then watch it"],
  );
}

/** The mean of the last episodes, which becomes a line of metrics.jsonl. */
class Window {
  episodes = 0;
  private returns = 0;
  private steps = 0;

  add(episode: { return: number; steps: number }): void {
    this.episodes++;
    this.returns += episode.return;
    this.steps += episode.steps;
  }

  take(): { return: number; steps: number } {
    const mean = { return: this.returns / this.episodes, steps: this.steps / this.episodes };
    this.episodes = this.returns = this.steps = 0;
    return mean;
  }
}

async function run(
  name: string,
  algorithm: Algorithm,
  parsed: Record<string, unknown>,
  io: Io,
): Promise<void> {
  const picked = pickOptions(schemaOf(algorithm), parsed);
  const { env, envOptions, episodes, seed, json, maxSteps: limit, logEvery: every, out, ...rest } = picked;
  const id = requireEnv(env);
  const settings = { ...rest, episodes } as unknown as Settings;
  const printer = new Printer(io, json);
  const options = parseEnvOptions(envOptions);
  const finite = openFinite(id, options);
  const maxSteps = limit ?? (timeLimitOf(id, {}) || 10_000);
  const logEvery = every ?? Math.max(1, Math.floor(episodes / 100));
  const path = out ?? (await freeFolder(`${name}-${id}`));
  const config: TabularRun = {
    kind: "tabular",
    galatea: VERSION,
    algorithm: name,
    env: id,
    envOptions: options,
    maxSteps,
    seed,
    settings: { ...settings },
  };
  const task = new ModelTask(finite.model, fastRandom([seed, 0]), { maxSteps });
  const { learning, Q } = algorithm.learn(task, { ...settings }, fastRandom([seed, 1]));
  await createFolder(path, config);
  printer.note(
    `${name} on ${id}: ${finite.model.states} states, ${finite.model.actions} actions; everything goes to ${path}`,
  );
  const bar = printer.progress(name, episodes, { unit: "episode" });
  const lines: { episode: number; return: number; steps: number }[] = [];
  const window = new Window();
  let done = 0;
  let steps = 0;
  let breath = performance.now();
  let saved = breath;
  const log = async (): Promise<void> => {
    const line = { episode: done, ...window.take() };
    lines.push(line);
    await appendLine(join(path, "metrics.jsonl"), JSON.stringify(line));
    printer.object({ event: "episodes", ...line });
    bar.update(done, { return: line.return, steps: line.steps });
  };
  try {
    for (const episode of learning) {
      done++;
      steps += episode.steps;
      window.add(episode);
      if (window.episodes === logEvery) await log();
      if (performance.now() - breath < 50) continue;
      // Let Ctrl-C be heard.
      await setImmediate();
      bar.update(done);
      if (io.signal.aborted) break;
      breath = performance.now();
      // What a sudden death can cost.
      if (breath - saved > 10_000) {
        await saveValues(path, finite, Q, done);
        saved = performance.now();
      }
    }
    if (window.episodes > 0) await log();
  } finally {
    bar.stop();
    await saveValues(path, finite, Q, done);
  }
  await report(printer, path, name, id, settings.gamma, finite, Q, {
    done,
    steps,
    lines,
    stopped: io.signal.aborted,
  });
  if (io.signal.aborted) throw new Interrupted();
}

async function report(
  printer: Printer,
  path: string,
  name: string,
  id: string,
  gamma: number,
  finite: Finite,
  Q: Float64Array,
  course: {
    done: number;
    steps: number;
    lines: readonly { episode: number; return: number }[];
    stopped: boolean;
  },
): Promise<void> {
  const { model } = finite;
  const actions = greedyActions(model, Q);
  const v = Float64Array.from(actions, (a, s) => (a === -1 ? 0 : Q[s * model.actions + a]!));
  const optimal = startValue(model, valueIteration(model, { gamma, theta: 1e-9 }).v);
  const greedy = policyReturn(model, deterministicPolicy(model, actions), gamma);
  await save(path, "values.csv", valuesCsv(model, v, actions, Q));
  await savePolicy(path, `${id}: ${name} after ${course.done} episodes`, finite, v, actions);
  const x = course.lines.map((line) => line.episode);
  const y = course.lines.map((line) => line.return);
  if (y.length > 0) {
    await saveChart(
      join(path, "learning.png"),
      lineChart({ title: `${name} on ${id}`, x: "episodes", y: "return per episode" }, [{ name, x, y }]),
    );
  }
  printer.object({
    event: course.stopped ? "stopped" : "done",
    run: path,
    episodes: course.done,
    steps: course.steps,
    startValue: greedy ?? null,
    optimum: optimal,
  });
  printer.line(policyText(finite, v, actions));
  printer.line(
    table([
      ["episodes, steps", `${course.done}, ${course.steps}${course.stopped ? " (stopped by Ctrl-C)" : ""}`],
      ["return lately", y.length > 0 ? short(y.at(-1)!) : "none"],
      [
        "greedy policy from the start",
        greedy === undefined ? "may go on for ever" : `${short(greedy)} (exact, γ = ${gamma})`,
      ],
      ["best possible", `${short(optimal)} (exact, γ = ${gamma})`],
      ["run", path],
      ["watch it", `galatea rl play ${path}`],
    ]),
  );
}
