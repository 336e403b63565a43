import { EDGES, type MapNode, NODES, type NodeId } from "../map/index.ts";
import type { Cli } from "./command.ts";

/** Adds what the map knows of a command to its help: what it grew from, and what grew from it, by which change. */
export function addLineage(command: Cli, run: string): Cli {
  const { from, to } = lineage(run);
  const list = (title: string, lines: readonly [string, string][]): string =>
    lines.length > 0
      ? `\n${title}:\n${lines.map(([name, change]) => `  ${name}\n      ${change}\n`).join("")}`
      : "";
  return command.addHelpText("after", (list("Grew from", from) + list("What grew from it", to)).trimEnd());
}

/** The edges that lead to the nodes of a command and away from them, each with the node at its other end. */
function lineage(run: string): Record<"from" | "to", [string, string][]> {
  const ids = (Object.keys(NODES) as NodeId[]).filter((id) => `${NODES[id].command} `.startsWith(`${run} `));
  // What the command does without an option; the others are reached from it.
  const own = ids.filter((id) => NODES[id].command === run);
  const from = EDGES.filter(({ from, to }) => ids.includes(to) && !ids.includes(from));
  const to = EDGES.filter(({ from }) => (own.length > 0 ? own : ids).includes(from));
  return {
    from: from.map(({ from, change }) => [named(NODES[from], run), change.en]),
    to: to.map(({ to, change }) => [named(NODES[to], run), change.en]),
  };
}

/** A node's title and how it is run: by an option of the same command, or by another. */
const named = ({ title, command }: MapNode, run: string): string => {
  const how = command?.startsWith(`${run} `) ? command.slice(run.length + 1) : command;
  return how ? `${title.en} (${how})` : title.en;
};
