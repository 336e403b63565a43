import { type Graph, nodesOf, rootsOf } from "../tensor/graph.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import type { Peers } from "../tensor/primitive.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Engine, Program } from "./engine.ts";

/** Whether a graph has means over processes, which no engine computes: between them it runs in stages. */
export const isStaged = (graph: Graph): boolean => nodesOf(rootsOf(graph)).some((t) => t.is("acrossPeers"));

/** A part of a graph that runs without the other processes, and the means that follow it. */
interface Stage {
  readonly graph: Graph;
  /** What its feeds are, and its outputs, in the whole graph. */
  readonly fed: readonly Tensor[];
  readonly made: readonly Tensor[];
  /** Means of what was made so far, one message together. */
  readonly means: readonly Tensor<"acrossPeers">[];
}

const isLeaf = (t: Tensor): boolean => t.inputs.length === 0;

/**
 * Cut a graph at its means over processes. Stage k has what k means in a row come before. All state is written in the last
 * stage, so that every stage sees the values from before the step.
 */
export function stagesOf(graph: Graph): Stage[] {
  const nodes = nodesOf(rootsOf(graph));
  const level = new Map<Tensor, number>();
  for (const t of nodes)
    level.set(t, Math.max(0, ...t.inputs.map((input) => level.get(input)!)) + (t.is("acrossPeers") ? 1 : 0));
  const last = Math.max(...level.values());
  const means = nodes.filter((t): t is Tensor<"acrossPeers"> => t.is("acrossPeers"));
  const outputs = new Set(graph.outputs);
  const updated = new Set(graph.updates.map(({ value }) => value));
  // What is made in a stage: results, what means are taken of, and what later stages use.
  const wanted = new Set<Tensor>(graph.outputs);
  for (const t of nodes)
    for (const input of t.inputs)
      if (t.is("acrossPeers") || level.get(input)! < level.get(t)!) wanted.add(input);
  for (const value of updated) if (level.get(value)! < last) wanted.add(value);

  return Array.from({ length: last + 1 }, (_, k): Stage => {
    const entered = new Map<Tensor, Tensor>();
    const rebuilt = new Map<Tensor, Tensor>();
    const enter = (t: Tensor): Tensor => {
      const name = `from stage ${level.get(t)}`;
      const known =
        entered.get(t) ?? new Tensor("input", [], { name, index: entered.size }, t.shape, t.dtype);
      entered.set(t, known);
      return known;
    };
    /** A tensor as this stage sees it. */
    const here = (t: Tensor): Tensor =>
      isLeaf(t) ? t : t.is("acrossPeers") || level.get(t)! < k ? enter(t) : (rebuilt.get(t) ?? t);
    const own = nodes.filter((t) => level.get(t) === k && !isLeaf(t) && !t.is("acrossPeers"));
    // Placeholders first: a graph's order is that of the making of its nodes.
    for (const t of own) t.inputs.forEach(here);
    for (const t of own) {
      const inputs = t.inputs.map(here);
      if (inputs.some((input, i) => input !== t.inputs[i]))
        rebuilt.set(t, new Tensor(t.op, inputs, t.attrs, t.shape, t.dtype));
    }
    const made = [...own, ...(k === last ? graph.outputs.filter(isLeaf) : [])].filter(
      (t) => wanted.has(t) && (outputs.has(t) || !isLeaf(t)),
    );
    const updates =
      k === last ? graph.updates.map(({ variable, value }) => ({ variable, value: here(value) })) : [];
    const results = made.map(here);
    const alive = new Set(nodesOf([...results, ...updates.map(({ value }) => value)]));
    const feeds = graph.feeds.filter((t) => alive.has(t));
    const crossing = [...entered].filter(([, placeholder]) => alive.has(placeholder));
    return {
      graph: {
        feeds: [...feeds, ...crossing.map(([, placeholder]) => placeholder)],
        outputs: results,
        updates,
        reads: graph.reads.filter((t) => alive.has(t)),
      },
      fed: [...feeds, ...crossing.map(([t]) => t)],
      made,
      means: means.filter((t) => level.get(t) === k + 1),
    };
  });
}

/** A program in stages, between which processes exchange means. All of them run the same one at the same time. */
export async function stagedProgram(engine: Engine, graph: Graph): Promise<Program> {
  const stages = stagesOf(graph);
  // A stage may have nothing to compute: a mean of a mean.
  const programs: (Program | undefined)[] = [];
  for (const { graph: part } of stages)
    programs.push(rootsOf(part).length > 0 ? await engine.compile(part) : undefined);
  return {
    async run(feeds) {
      const values = new Map(graph.feeds.map((t, i) => [t, feeds[i]!]));
      for (const [k, { fed, made, means }] of stages.entries()) {
        const results = (await programs[k]?.run(fed.map((t) => values.get(t)!))) ?? [];
        made.forEach((t, i) => {
          values.set(t, results[i]!);
        });
        await exchange(means, values);
      }
      return graph.outputs.map((t) => values.get(t)!);
    },
    dispose: async () => {
      for (const program of programs) await program?.dispose();
    },
  };
}

/** Means of one stage, as one message. */
async function exchange(
  means: readonly Tensor<"acrossPeers">[],
  values: Map<Tensor, NdArray>,
): Promise<void> {
  const [first] = means;
  if (!first) return;
  const peers: Peers = first.attrs.peers;
  const flat = new Float32Array(means.reduce((n, t) => n + t.size, 0));
  let at = 0;
  for (const t of means) {
    flat.set(values.get(t.inputs[0]!)!.data as Float32Array, at);
    at += t.size;
  }
  await peers.sum(flat);
  for (let i = 0; i < flat.length; i++) flat[i]! /= peers.size;
  at = 0;
  for (const t of means) values.set(t, ndarray(flat.slice(at, (at += t.size)), t.shape));
}
