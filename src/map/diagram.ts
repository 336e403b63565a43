import type { Language, MapEdge, MapNode } from "./map.ts";

/** What stands in a box: the title, the section of the book, and the option that switches it on or the file of a paper. */
function label({ title, source, command = "", file }: MapNode, language: Language): string {
  const below = /--.*/.exec(command)?.[0] ?? ("paper" in source ? file.replace(/.*\//, "") : undefined);
  const section = "section" in source ? ` (${source.section})` : "";
  return `${title[language]}${section}${below ? `<br/>${below}` : ""}`;
}

/** Straight lines and narrow texts, so that labels do not cover one another. */
const STYLE = '%%{init: {"flowchart": {"curve": "linear", "nodeSpacing": 60, "wrappingWidth": 130}}}%%';

/** A Mermaid flowchart of these nodes and the edges that lead to them; where an edge begins elsewhere, that node, too. */
export function diagram<Id extends string>(
  ids: readonly Id[],
  nodes: Readonly<Record<Id, MapNode>>,
  edges: readonly MapEdge<Id>[],
  language: Language,
): string {
  const inside = edges.filter(({ to }) => ids.includes(to));
  const shown = new Set([...inside.map(({ from }) => from), ...ids]);
  const boxes = [...shown].map((id) => `  ${id}["${label(nodes[id], language)}"]`);
  const arrows = inside.map(
    ({ from, to, change, limit }) => `  ${from} ${limit ? "-.->" : "-->"}|"${change[language]}"| ${to}`,
  );
  return [STYLE, "flowchart TD", ...boxes, ...arrows].join("\n");
}
