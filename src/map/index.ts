/**
 * The map: every algorithm of the project and the one change that leads from each to the next, in both languages. It is
 * data; the lab, the diagrams of the guides and their tables of changes are made from it.
 */
import { alignmentEdges, alignmentNodes } from "./alignment.ts";
import { autoencoderEdges, autoencoderNodes } from "./autoencoders.ts";
import { bridgeEdges, bridgeNodes } from "./bridge.ts";
import { deepEdges, deepNodes } from "./deep.ts";
import { diffusionEdges, diffusionNodes } from "./diffusion.ts";
import { gameEdges, gameNodes } from "./games.ts";
import { ganEdges, ganNodes } from "./gans.ts";
import type { Family, MapEdge, MapNode } from "./map.ts";
import { measureEdges, measureNodes } from "./measures.ts";
import { sequenceNodes } from "./sequence.ts";
import { sequenceEdges } from "./sequence-edges.ts";
import { tabularNodes } from "./tabular.ts";
import { tabularEdges } from "./tabular-edges.ts";

const FAMILY_NODES = {
  bridge: bridgeNodes,
  autoencoders: autoencoderNodes,
  gans: ganNodes,
  diffusion: diffusionNodes,
  measures: measureNodes,
  sequence: sequenceNodes,
  rl: tabularNodes,
  "deep-rl": deepNodes,
  games: gameNodes,
  alignment: alignmentNodes,
} as const satisfies Record<Family, Readonly<Record<string, MapNode>>>;

type Ids<F extends Family> = F extends Family ? keyof (typeof FAMILY_NODES)[F] : never;
export type NodeId = Ids<Family>;

/** The ids of a family's nodes, in the order of the subject. */
export const idsOf = (family: Family): NodeId[] => Object.keys(FAMILY_NODES[family]) as NodeId[];

export const NODES: Readonly<Record<NodeId, MapNode>> = Object.assign({}, ...Object.values(FAMILY_NODES));

/** A family's edges are those that lead to its nodes. */
export const EDGES: readonly MapEdge<NodeId>[] = [
  ...bridgeEdges,
  ...autoencoderEdges,
  ...ganEdges,
  ...diffusionEdges,
  ...measureEdges,
  ...sequenceEdges,
  ...tabularEdges,
  ...deepEdges,
  ...gameEdges,
  ...alignmentEdges,
];

export * from "./diagram.ts";
export * from "./map.ts";
