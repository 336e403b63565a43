import { join } from "node:path";
import { readJsonLines } from "../../files/jsonl.node.ts";
import { lineChart } from "../../plot/index.ts";
import { saveChart } from "../../plot/node.ts";
import type { Curve } from "../../rl/deep/curves.ts";
import { csv } from "../../rl/figures/index.ts";
import type { RunFolder } from "../../train/node.ts";
import type { AgentRun } from "../../train/run-config.ts";
import { type Printer, table } from "../io.ts";
import { short } from "../progress.ts";
import { save } from "./shared.ts";

export const RETURN = "return";
export const EVALUATION = "evaluation/return";
/** Of games that can be solved: the share of positions in which a move loses value. */
const MISTAKES = {
  "network alone": "evaluation/mistakes",
  "with search": "evaluation/mistakes_search",
} as const;

/** What metrics.jsonl of a run says of one metric. */
export async function curveOf({ path }: RunFolder, metric: string): Promise<Curve> {
  const lines = (await readJsonLines(join(path, "metrics.jsonl"))) as Record<string, number>[];
  const known = lines.filter((line) => line[metric] !== undefined);
  return { steps: known.map((line) => line.step!), values: known.map((line) => line[metric]!) };
}

/** Learning curve and last numbers of a deep agent's run: learning.png, learning.csv, and lines of words. */
export async function reportAgent(
  run: RunFolder<AgentRun>,
  printer: Printer,
  stopped: boolean,
): Promise<void> {
  const { path, config } = run;
  const curves: Record<string, Curve> = {
    [RETURN]: await curveOf(run, RETURN),
    [EVALUATION]: await curveOf(run, EVALUATION),
  };
  const mistakes: Record<string, Curve> = {};
  for (const metric of Object.values(MISTAKES)) mistakes[metric] = await curveOf(run, metric);
  const known = Object.entries(curves).filter(([, { steps }]) => steps.length > 0);
  if (known.length > 0) {
    const lines = known.map(([name, { steps, values }]) => ({ name, x: steps, y: values }));
    const title = `${config.agent} on ${config.env}`;
    await saveChart(
      join(path, "learning.png"),
      lineChart({ title, x: "step", y: "return per episode" }, lines),
    );
    // On a log scale, where no mistakes leave a gap.
    const wrong = Object.entries(MISTAKES).flatMap(([name, metric]) => {
      const { steps, values } = mistakes[metric]!;
      const y = values.map((share) => (share > 0 ? 100 * share : null));
      return y.some((share) => share !== null) ? [{ name, x: steps, y }] : [];
    });
    const axes = { title: `${title}: moves that lose value`, x: "step", y: "% of positions" };
    if (wrong.length > 0)
      await saveChart(join(path, "mistakes.png"), lineChart(axes, wrong, { yScale: "log" }));
    const written = [...known, ...Object.entries(mistakes)];
    const rows = written.flatMap(([name, { steps, values }]) =>
      steps.map((step, i) => [name, step, values[i]!]),
    );
    await save(path, "learning.csv", csv({ columns: ["metric", "step", "value"], rows }));
  }
  const last = (name: string): number | undefined => curves[name]!.values.at(-1);
  const evaluations = curves[EVALUATION]!.values;
  const best = evaluations.length > 0 ? Math.max(...evaluations) : undefined;
  printer.object({
    event: stopped ? "stopped" : "done",
    run: path,
    return: last(RETURN) ?? null,
    evaluation: last(EVALUATION) ?? null,
    best: best ?? null,
  });
  const shown = (x: number | undefined): string => (x === undefined ? "none" : short(x));
  const error = ([name, metric]: readonly [string, string]): [string, string][] => {
    const share = mistakes[metric]!.values.at(-1);
    return share === undefined ? [] : [[`mistakes, ${name}`, `${short(100 * share)} % of positions`]];
  };
  printer.line(
    table([
      ["recent return while exploring", shown(last(RETURN))],
      [`last evaluation (${config.evaluationEpisodes} episodes)`, shown(last(EVALUATION))],
      ["best evaluation", shown(best)],
      ...Object.entries(MISTAKES).flatMap(error),
      ["run", path],
      ["watch it", `galatea rl play ${path}`],
    ]),
  );
}
