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
import { type Change, changesOf } from "./changes.ts";
import { formula, withTerms } from "./formulas.ts";
import { linesOf, linesWith } from "./source.ts";
import { TERMS } from "./terms/index.ts";
import { exporting, virtual } from "./virtual.ts";

/** What changes in the code: its lines, or the options by which one program is both. */
export type CodeChange =
  | { readonly kind: "lines"; readonly from: Part; readonly to: Part; readonly lines: readonly Change[] }
  | { readonly kind: "commands"; readonly from: string; readonly to: string };

export interface Step {
  readonly id: NodeId;
  readonly title: Text;
  readonly change: Text;
  readonly before: string;
  readonly after: string;
  readonly limit: boolean;
  readonly code?: CodeChange;
}

/** What a file declares under a name. */
export interface Part {
  readonly file: string;
  readonly symbol: string;
  readonly lines: readonly [first: number, last: number];
}

export interface LinkedTerm {
  readonly name: Text;
  readonly code: readonly string[];
  readonly lines: readonly number[];
}

export interface Algorithm {
  readonly id: NodeId;
  readonly family: Family;
  readonly familyTitle: Text;
  readonly title: Text;
  readonly formula: string;
  readonly source: (typeof NODES)[NodeId]["source"];
  readonly command?: string;
  /** What the map names. */
  readonly part: Part;
  /** Terms of the formula and the code that computes it: that part, or another. */
  readonly linked?: { readonly part: Part; readonly terms: readonly LinkedTerm[] };
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

async function partOf(root: string, { file, symbol }: Omit<Part, "lines">): Promise<Part> {
  return { file, symbol, lines: linesOf(await readFile(join(root, file), "utf8"), symbol) };
}

/** The code that computes a node's formula. */
const codeOf = (id: NodeId): Omit<Part, "lines"> => TERMS[id]?.at ?? NODES[id];

/** What of a command comes before its options. */
const program = (command: string): string => command.split(" --")[0]!;

/** An option of one program is told by the commands; other programs by their lines, where these have something in common. */
async function codeChange(root: string, from: NodeId, to: NodeId): Promise<CodeChange | undefined> {
  const [a, b] = [await partOf(root, codeOf(from)), await partOf(root, codeOf(to))];
  const [before, after] = [NODES[from].command, NODES[to].command];
  if (before && after && before !== after && (sameSymbol(a, b) || program(before) === program(after)))
    return { kind: "commands", from: before, to: after };
  if (sameSymbol(a, b)) return undefined;
  const text = async ({ file, lines: [first, last] }: Part): Promise<string> =>
    (await readFile(join(root, file), "utf8"))
      .split("\n")
      .slice(first - 1, last)
      .join("\n");
  const lines = changesOf(await text(a), await text(b));
  return lines && { kind: "lines", from: a, to: b, lines };
}

const sameSymbol = (a: Part, b: Part): boolean => a.file === b.file && a.symbol === b.symbol;

/** @throws Error where a term is not in the formula, or not in the code. */
async function linkedOf(root: string, id: NodeId): Promise<Algorithm["linked"]> {
  const linked = TERMS[id];
  if (!linked) return undefined;
  const part = await partOf(root, codeOf(id));
  const code = await readFile(join(root, part.file), "utf8");
  const terms = linked.terms.map(({ name, code: parts }) => {
    const lines = parts.map((of) => linesWith(code, part.lines, [of]));
    const missing = lines.findIndex((of) => of.length === 0);
    if (missing >= 0) throw new Error(`${id}: ${part.symbol} of ${part.file} has no ${parts[missing]}`);
    return { name, code: parts, lines: [...new Set(lines.flat())] };
  });
  return { part, terms };
}

export async function algorithmOf(root: string, id: NodeId): Promise<Algorithm> {
  const { title, file, symbol, source, command, ...node } = NODES[id];
  const linked = await linkedOf(root, id);
  const family = families.find((family) => idsOf(family).includes(id))!;
  return {
    id,
    family,
    familyTitle: FAMILIES[family],
    title,
    formula: formula(withTerms(node.formula, TERMS[id]?.terms ?? [])),
    source,
    ...(command !== undefined && { command }),
    part: await partOf(root, { file, symbol }),
    ...(linked && { linked }),
    parents: await Promise.all(
      EDGES.filter(({ to }) => to === id).map(async (edge) => {
        const code = await codeChange(root, edge.from, id);
        return { ...stepOf(edge, edge.from), ...(code && { code }) };
      }),
    ),
    children: EDGES.filter(({ from }) => from === id).map((edge) => stepOf(edge, edge.to)),
  };
}

/** The files that a page shows. */
const filesOf = (id: NodeId): string[] => [NODES[id].file, codeOf(id).file];

/** `virtual:algorithms` loads the page of an id; each is a chunk of its own, and so is each source file. */
export const algorithms = (root: string) =>
  virtual("algorithms", async (id) => {
    if (id) {
      const algorithm = await algorithmOf(root, id as NodeId);
      return { code: exporting(algorithm), from: filesOf(id as NodeId).map((file) => join(root, file)) };
    }
    const pages = ids.map((id) => `${JSON.stringify(id)}: () => import("virtual:algorithms/${id}")`);
    const files = [...new Set(ids.flatMap(filesOf))].map(
      (file) => `${JSON.stringify(file)}: () => import("virtual:source/${file}")`,
    );
    return {
      code: `export default { pages: { ${pages.join(",\n")} }, sources: { ${files.join(",\n")} } };`,
    };
  });
