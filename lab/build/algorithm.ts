/** The pages of the algorithms: what the map says of each, its formulas rendered, and where its source is. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  EDGES,
  FAMILIES,
  type Family,
  idsOf,
  type MapEdge,
  NODES,
  type NodeId,
  type Text,
} from "../../src/map/index.ts";
import { formula } from "./formulas.ts";
import { linesOf } from "./source.ts";
import { exporting, virtual } from "./virtual.ts";

export interface Step {
  readonly id: NodeId;
  readonly title: Text;
  readonly change: Text;
  readonly before: string;
  readonly after: string;
  readonly limit: boolean;
}

export interface Algorithm {
  readonly id: NodeId;
  readonly family: Family;
  readonly familyTitle: Text;
  readonly title: Text;
  readonly formula: string;
  readonly source: (typeof NODES)[NodeId]["source"];
  readonly command?: string;
  readonly file: string;
  readonly symbol: string;
  readonly lines: readonly [first: number, last: number];
  readonly parents: readonly Step[];
  readonly children: readonly Step[];
}

const ids = Object.keys(NODES) as NodeId[];
const families = Object.keys(FAMILIES) as Family[];

const stepOf = (edge: MapEdge<NodeId>, id: NodeId): Step => ({
  id,
  title: NODES[id].title,
  change: edge.change,
  before: formula(edge.formula[0]),
  after: formula(edge.formula[1]),
  limit: edge.limit === true,
});

export async function algorithmOf(root: string, id: NodeId): Promise<Algorithm> {
  const { title, file, symbol, source, command, ...node } = NODES[id];
  const family = families.find((family) => idsOf(family).includes(id))!;
  return {
    id,
    family,
    familyTitle: FAMILIES[family],
    title,
    formula: formula(node.formula),
    source,
    ...(command !== undefined && { command }),
    file,
    symbol,
    lines: linesOf(await readFile(join(root, file), "utf8"), symbol),
    parents: EDGES.filter(({ to }) => to === id).map((edge) => stepOf(edge, edge.from)),
    children: EDGES.filter(({ from }) => from === id).map((edge) => stepOf(edge, edge.to)),
  };
}

/** `virtual:algorithms` loads the page of an id; each is a chunk of its own, and so is each source file. */
export const algorithms = (root: string) =>
  virtual("algorithms", async (id) => {
    if (id) {
      const algorithm = await algorithmOf(root, id as NodeId);
      return { code: exporting(algorithm), from: [join(root, algorithm.file)] };
    }
    const loaders = ids.map(
      (id) =>
        `${JSON.stringify(id)}: { page: () => import("virtual:algorithms/${id}"), source: () => import("virtual:source/${NODES[id].file}") }`,
    );
    return { code: `export default { ${loaders.join(",\n")} };` };
  });
