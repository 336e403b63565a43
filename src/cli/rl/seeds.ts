import { join } from "node:path";
import { makeFolder } from "../../files/node.ts";
import { lineChart } from "../../plot/index.ts";
import { saveChart } from "../../plot/node.ts";
import type { AnyAgent } from "../../rl/agent.ts";
import { type Curve, meanCurve } from "../../rl/deep/curves.ts";
import { csv } from "../../rl/figures/index.ts";
import { createRun } from "../../train/node.ts";
import type { AgentRun } from "../../train/run-config.ts";
import { type Printer, table } from "../io.ts";
import { short } from "../progress.ts";
import { curveOf, EVALUATION, RETURN } from "./report-agent.ts";
import { runAgent } from "./session.ts";
import { save } from "./shared.ts";

interface Seeds {
  readonly agent: AnyAgent;
  /** Of the first seed; the others count on from it. */
  readonly config: AgentRun;
  readonly printer: Printer;
  readonly path: string;
  readonly seeds: number;
}

/** Runs from several seeds, each in a folder of its own, and the mean of their learning curves. */
export async function runSeeds({ agent, config, printer, path, seeds }: Seeds): Promise<void> {
  await makeFolder(path);
  const metric = config.evaluationEpisodes > 0 ? EVALUATION : RETURN;
  const curves: Curve[] = [];
  for (let i = 0; i < seeds; i++) {
    const seed = config.seed + i;
    const run = await createRun(join(path, `seed-${seed}`), { ...config, seed });
    printer.note(`${agent.name} on ${config.env}, seed ${seed} (${i + 1} of ${seeds}): ${run.path}`);
    await runAgent({ run, agent, printer, from: undefined });
    curves.push(await curveOf(run, metric));
  }
  const { steps, mean, low, high } = meanCurve(curves);
  const title = `${agent.name} on ${config.env}, ${seeds} seeds`;
  await saveChart(
    join(path, "learning.png"),
    lineChart({ title, x: "step", y: `${metric}, mean and 95% interval` }, [
      { name: agent.name, x: steps, y: mean, low, high },
    ]),
  );
  const rows = steps.map((step, i) => [
    step,
    mean[i]!,
    low[i]!,
    high[i]!,
    ...curves.map(({ values }) => values[i]!),
  ]);
  const names = curves.map((_, i) => `seed-${config.seed + i}`);
  await save(path, "learning.csv", csv({ columns: ["step", "mean", "low", "high", ...names], rows }));
  const last = { mean: mean.at(-1)!, low: low.at(-1)!, high: high.at(-1)! };
  printer.object({
    event: "seeds",
    path,
    metric,
    seeds,
    ...last,
    values: curves.map(({ values }) => values.at(-1)!),
  });
  printer.line(
    table([
      [`${metric} at the end`, `${short(last.mean)} (95% interval ${short(last.low)} … ${short(last.high)})`],
      ["of each seed", curves.map(({ values }) => short(values.at(-1)!)).join(", ")],
      ["written", `${join(path, "learning.png")}, ${join(path, "learning.csv")}`],
    ]),
  );
}
