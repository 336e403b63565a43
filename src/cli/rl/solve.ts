import { z } from "zod";
import { linearProgramming } from "../../rl/mdp/linear-programming.ts";
import type { Mdp } from "../../rl/mdp/model.ts";
import { policyIteration } from "../../rl/mdp/policy-iteration.ts";
import { prioritizedSweeping } from "../../rl/mdp/prioritized-sweeping.ts";
import { valueIteration } from "../../rl/mdp/value-iteration.ts";
import { actionValues } from "../../rl/mdp/values.ts";
import { Cli } from "../command.ts";
import { Family } from "../family.ts";
import { type Io, Printer, table } from "../io.ts";
import { addLineage } from "../lineage.ts";
import { addOptions, pickOptions } from "../options.ts";
import {
  EnvOptions,
  Gamma,
  openFinite,
  parseEnvOptions,
  policyText,
  requireEnv,
  save,
  savePolicy,
  startValue,
  uninterrupted,
  valuesCsv,
} from "./shared.ts";

interface Solution {
  readonly v: Float64Array;
  readonly actions: Int32Array;
  readonly work: Readonly<Record<string, number>>;
}

interface Solver {
  readonly about: string;
  readonly section: string;
  readonly solve: (m: Mdp, gamma: number, theta: number) => Solution | Promise<Solution>;
}

export const SOLVERS: Readonly<Record<string, Solver>> = {
  "value-iteration": {
    about: "sweeps of the Bellman optimality equation",
    section: "4.4",
    solve: (m, gamma, theta) => {
      const { v, actions, sweeps } = valueIteration(m, { gamma, theta });
      return { v, actions, work: { sweeps } };
    },
  },
  "policy-iteration": {
    about: "evaluate, improve, repeat",
    section: "4.3",
    solve: (m, gamma, theta) => {
      const { v, actions, improvements, sweeps } = policyIteration(m, { gamma, theta });
      return { v, actions, work: { improvements, sweeps } };
    },
  },
  "prioritized-sweeping": {
    about: "backups in order of the largest change",
    section: "8.4",
    solve: (m, gamma, theta) => {
      const { v, actions, backups } = prioritizedSweeping(m, { gamma, theta });
      return { v, actions, work: { backups } };
    },
  },
  "linear-programming": {
    about: "the discounted visits of the optimal policy, by a linear program; for small models",
    section: "4.4, in passing",
    solve: async (m, gamma) => {
      const { v, actions, objective } = await linearProgramming(m, { gamma });
      return { v, actions, work: { objective } };
    },
  },
};

const SolveOptions = EnvOptions.extend({
  gamma: Gamma.default(0.99).describe("discount factor; 1 for none, where every episode ends"),
  theta: z.number().positive().default(1e-10).describe("stop when no value changes by this much"),
  out: z.string().optional().describe("folder for values.csv and policy.png"),
  json: z.boolean().default(false).describe("print one JSON object instead of text"),
});

export function solveCommand(io: Io): Cli {
  const solve = new Family("solve").chooses("solver", Object.keys(SOLVERS));
  solve
    .summary("the exact optimum of an environment whose model is known")
    .description("Solve an environment exactly, from its model: optimal values and an optimal policy.");
  for (const [name, solver] of Object.entries(SOLVERS)) {
    const command = new Cli(name)
      .summary(solver.about)
      .description(`${solver.about} (Sutton & Barto, section ${solver.section}).`);
    addOptions(command, SolveOptions, "Options:");
    command.action((parsed: Record<string, unknown>) => run(name, solver, parsed, io));
    addLineage(command, `galatea rl solve ${name}`);
    solve.addCommand(
      command.examples(
        [`galatea rl solve ${name} --env FrozenLake-v1`, "γ = 0.99"],
        [
          `galatea rl solve ${name} --env FrozenLake-v1 --env-options map_name=8x8 --out lake`,
          "a larger lake, with files",
        ],
        [`galatea rl solve ${name} --env CliffWalking-v1 --gamma 1 --json`, "for programs"],
      ),
    );
  }
  return solve.examples(
    ["galatea rl solve value-iteration --env FrozenLake-v1", "optimal values and arrows"],
    ["galatea rl solve policy-iteration --env CarRental-v0 --gamma 0.9", "Figure 4.2 in numbers"],
  );
}

async function run(name: string, solver: Solver, parsed: Record<string, unknown>, io: Io): Promise<void> {
  const { env, envOptions, gamma, theta, out, json } = pickOptions(SolveOptions, parsed);
  const id = requireEnv(env);
  const printer = new Printer(io, json);
  const finite = openFinite(id, parseEnvOptions(envOptions));
  const { model } = finite;
  const began = performance.now();
  const { v, actions, work } = await uninterrupted(() => solver.solve(model, gamma, theta));
  const ms = performance.now() - began;
  const value = startValue(model, v);
  const files: string[] = [];
  if (out !== undefined) {
    files.push(await save(out, "values.csv", valuesCsv(model, v, actions, actionValues(model, v, gamma))));
    files.push(await savePolicy(out, `${id}: ${name}, γ = ${gamma}`, finite, v, actions));
  }
  printer.object({
    solver: name,
    env: id,
    gamma,
    startValue: value,
    ...work,
    ms,
    values: Array.from(v.subarray(0, model.states)),
    actions: Array.from(actions),
    files,
  });
  printer.line(
    `${id}: ${model.states} states, ${model.actions} actions, ${model.next.length} outcomes; ${name}, γ = ${gamma}`,
  );
  printer.line(policyText(finite, v, actions));
  printer.line(
    table([
      ["value of the start", value.toFixed(5)],
      ...Object.entries(work).map(([what, n]) => [what, String(Number(n.toFixed(5)))] as const),
      ["time", `${ms.toFixed(1)} ms`],
      ...files.map((path) => ["written", path] as const),
    ]),
  );
}
