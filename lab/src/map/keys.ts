import type { NodeId } from "galatea/map/index.ts";
import type { Layout, PlacedNode } from "../../build/map-layout.ts";

const middle = ({ x, y, width, height }: PlacedNode) => ({ x: x + width / 2, y: y + height / 2 });

const DIRECTIONS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/** Where an arrow key leads: of the boxes that an arrow of the map joins to this one, the one that lies most that way. */
export function step(
  { nodes, edges }: Pick<Layout, "nodes" | "edges">,
  id: NodeId,
  key: string,
): NodeId | undefined {
  const direction = DIRECTIONS[key];
  const here = nodes.find((node) => node.id === id);
  if (!direction || !here) return undefined;
  const joined = edges.flatMap(({ from, to }) => (from === id ? [to] : to === id ? [from] : []));
  const [dx, dy] = direction;
  const from = middle(here);
  return nodes
    .filter((node) => joined.includes(node.id))
    .map((node) => {
      const { x, y } = middle(node);
      const length = Math.hypot(x - from.x, y - from.y);
      return { id: node.id, along: ((x - from.x) * dx + (y - from.y) * dy) / length };
    })
    .filter(({ along }) => along > 0.05)
    .toSorted((a, b) => b.along - a.along)[0]?.id;
}
