/** The map laid out while building: the page gets places and paths, and no layout engine. */
import { Graph, layout as place } from "@dagrejs/dagre";
import type { Plugin } from "vite";
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
import { exporting, virtual } from "./virtual.ts";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedNode extends Box {
  readonly id: NodeId;
  readonly family: Family;
  readonly title: Text;
}

export interface PlacedEdge {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly change: Text;
  readonly path: string;
  readonly limit: boolean;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly families: readonly (Box & { readonly family: Family; readonly title: Text })[];
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

/** Families row by row, and whether each grows to the right or down. */
const ROWS: readonly (readonly (readonly [Family, "LR" | "TB"])[])[] = [
  [["bridge", "LR"], ["autoencoders", "LR"], ["measures", "TB"], ["games", "TB"]], // biome-ignore format: a row
  [["gans", "LR"], ["diffusion", "LR"]], // biome-ignore format: a row
  [["sequence", "TB"], ["alignment", "TB"]], // biome-ignore format: a row
  [["rl", "TB"]],
  [["deep-rl", "LR"]],
];

const NODE_HEIGHT = 30;
const [GAP, PADDING, HEAD] = [18, 16, 34];

type Point = { readonly x: number; readonly y: number };

/** About how wide a title is: Han characters are twice as wide as others. */
const widthOf = (title: Text): number =>
  Math.max(
    64,
    ...Object.values(title).map((text) =>
      Array.from(text as string).reduce((sum, c) => sum + (/\p{Script=Han}|[（）]/u.test(c) ? 13 : 6.9), 26),
    ),
  );

interface Part {
  readonly family: Family;
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<NodeId, Box>;
  readonly paths: ReadonlyMap<MapEdge, readonly Point[]>;
}

/** A family by itself, from (0, 0). */
function partOf(family: Family, rankdir: "LR" | "TB"): Part {
  const ids = idsOf(family);
  const graph = new Graph();
  graph.setGraph({ rankdir, nodesep: 10, ranksep: rankdir === "LR" ? 34 : 30, edgesep: 6 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) graph.setNode(id, { width: widthOf(NODES[id].title), height: NODE_HEIGHT });
  const inside = EDGES.filter(({ from, to, limit }) => !limit && ids.includes(from) && ids.includes(to));
  for (const { from, to } of inside) graph.setEdge(from, to);
  place(graph);
  const nodes = new Map(
    ids.map((id) => {
      const { x, y, width } = graph.node(id);
      return [id, { x: x - width / 2, y: y - NODE_HEIGHT / 2, width, height: NODE_HEIGHT }];
    }),
  );
  const paths = new Map(inside.map((edge) => [edge, graph.edge(edge.from, edge.to).points as Point[]]));
  return { family, width: graph.graph().width!, height: graph.graph().height!, nodes, paths };
}

const at = ({ x, y }: Point): string => `${Math.round(x)},${Math.round(y)}`;

/** A path through points, rounded at its bends. */
function through(points: readonly Point[]): string {
  const bends = points.slice(1, -1).map((p, i) => {
    const next = points[i + 2]!;
    const end = i === points.length - 3 ? next : { x: (p.x + next.x) / 2, y: (p.y + next.y) / 2 };
    return `Q${at(p)} ${at(end)}`;
  });
  return [`M${at(points[0]!)}`, ...(bends.length > 0 ? bends : [`L${at(points.at(-1)!)}`])].join("");
}

/** From one family to another: out of a node's right or lower side and into another's left or upper. */
function across(a: Box, b: Box): string {
  const down = b.y > a.y + a.height;
  const [start, end] = down
    ? [
        { x: a.x + a.width / 2, y: a.y + a.height },
        { x: b.x + b.width / 2, y: b.y },
      ]
    : a.x < b.x
      ? [
          { x: a.x + a.width, y: a.y + a.height / 2 },
          { x: b.x, y: b.y + b.height / 2 },
        ]
      : [
          { x: a.x + a.width / 2, y: a.y },
          { x: b.x + b.width / 2, y: b.y + b.height },
        ];
  const vertical = down || a.x >= b.x;
  const bend = vertical ? { x: 0, y: (end.y - start.y) / 2 } : { x: (end.x - start.x) / 2, y: 0 };
  return `M${at(start)}C${at({ x: start.x + bend.x, y: start.y + bend.y })} ${at({ x: end.x - bend.x, y: end.y - bend.y })} ${at(end)}`;
}

export function layoutOf(): Layout {
  const rows = ROWS.map((row) => row.map(([family, direction]) => partOf(family, direction)));
  const widthOfRow = (row: readonly Part[]): number =>
    row.reduce((sum, { width }) => sum + width + 2 * PADDING, GAP * (row.length - 1));
  const width = Math.max(...rows.map(widthOfRow));
  const families: Layout["families"][number][] = [];
  const boxes = new Map<NodeId, PlacedNode>();
  const paths = new Map<MapEdge, string>();
  let y = 0;
  for (const row of rows) {
    // What a row is narrower than the widest is shared among its families.
    const spare = (width - widthOfRow(row)) / row.length;
    const height = Math.max(...row.map((part) => part.height)) + HEAD + PADDING;
    let x = 0;
    for (const part of row) {
      const frame = { x, y, width: part.width + 2 * PADDING + spare, height };
      const shift = {
        x: x + PADDING + spare / 2,
        y: y + HEAD + (height - HEAD - PADDING - part.height) / 2,
      };
      families.push({ family: part.family, title: FAMILIES[part.family], ...rounded(frame) });
      for (const [id, box] of part.nodes)
        boxes.set(id, {
          id,
          family: part.family,
          title: NODES[id].title,
          ...rounded({ ...box, x: box.x + shift.x, y: box.y + shift.y }),
        });
      for (const [edge, points] of part.paths)
        paths.set(edge, through(points.map((p) => ({ x: p.x + shift.x, y: p.y + shift.y }))));
      x += frame.width + GAP;
    }
    y += height + GAP;
  }
  const edges = EDGES.map((edge) => ({
    from: edge.from,
    to: edge.to,
    change: edge.change,
    path: paths.get(edge) ?? across(boxes.get(edge.from)!, boxes.get(edge.to)!),
    limit: edge.limit === true,
  }));
  return { width: Math.ceil(width), height: Math.ceil(y - GAP), families, nodes: [...boxes.values()], edges };
}

const rounded = ({ x, y, width, height }: Box): Box => ({
  x: Math.round(x),
  y: Math.round(y),
  width: Math.round(width),
  height: Math.round(height),
});

export const mapLayout = (): Plugin => virtual("map", async () => ({ code: exporting(layoutOf()) }));
