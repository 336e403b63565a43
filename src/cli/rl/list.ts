import { figures } from "../../rl/figures/index.ts";
import { make, registeredEnvs } from "../../rl/make.ts";
import { Cli } from "../command.ts";
import { type Io, Printer, table } from "../io.ts";
import { SOLVERS } from "./solve.ts";
import { type Agents, sourceOf } from "./train.ts";

export function listCommand(agents: Agents, io: Io): Cli {
  const command = new Cli("list")
    .summary("environments, solvers, algorithms and figures")
    .description(
      "List the environments, solvers, algorithms and figures of `galatea rl`, each with a line about it.",
    )
    .option("--json", "one JSON object")
    .action(({ json = false }: { json?: boolean }) => {
      const printer = new Printer(io, json);
      const envs = registeredEnvs().map(({ id, about = "", maxEpisodeSteps = 0 }) => ({
        id,
        about,
        maxEpisodeSteps,
        finite: make(id).unwrapped.functional?.model !== undefined,
      }));
      const solvers = Object.entries(SOLVERS).map(([name, { about, section }]) => ({ name, about, section }));
      const methods = Object.values(agents).map((agent) => {
        const { name, about, kind, onPolicy, source } = agent;
        return { name, about, kind, ...source, onPolicy, from: sourceOf(agent) };
      });
      printer.object({
        environments: envs,
        solvers,
        algorithms: methods,
        figures: figures.map(({ id, title, runs }) => ({ id, title, runs })),
      });
      printer.line("Environments (* without an exact model: not for tabular methods)");
      printer.line(
        table(
          envs.map(({ id, about, finite }) => [`${id}${finite ? "" : " *"}`, about]),
          "  ",
        ),
      );
      printer.line("\nSolvers, which need the model: galatea rl solve NAME");
      printer.line(
        table(
          solvers.map((s) => [s.name, `${s.about} (section ${s.section})`]),
          "  ",
        ),
      );
      printer.line("\nAlgorithms, which learn from experience: galatea rl train NAME");
      printer.line(
        table(
          methods.map((m) => [m.name, `${m.about} (${m.from}, ${m.onPolicy ? "on" : "off"}-policy)`]),
          "  ",
        ),
      );
      printer.line("\nFigures of Sutton & Barto, 2nd edition: galatea rl figure ID");
      printer.line(
        table(
          figures.map((f) => [f.id, f.title]),
          "  ",
        ),
      );
    }) as Cli;
  return command.examples(["galatea rl list --json", "the same for programs"]);
}
