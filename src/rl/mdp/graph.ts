import { isTerminal, type Mdp } from "./model.ts";

/** Marks the chosen pairs s · actions + a. */
export type Chosen = (pair: number) => boolean;

/** The graph of possible transitions between states; node `states` is the end, and stands for all terminal states. */
export interface Graph {
  /** The successors of node s are to[ptr[s]] … to[ptr[s + 1] − 1]. */
  readonly ptr: Int32Array;
  readonly to: Int32Array;
}

/** The successors of each state by chosen pairs. */
export function successors(m: Mdp, chosen: Chosen): Graph {
  const ptr = new Int32Array(m.states + 2);
  const to: number[] = [];
  const seen = new Int32Array(m.states + 1).fill(-1);
  for (let s = 0; s < m.states; s++) {
    for (let i = s * m.actions; i < (s + 1) * m.actions; i++) {
      if (m.rowPtr[i] === m.rowPtr[i + 1] || !chosen(i)) continue;
      for (let k = m.rowPtr[i]!; k < m.rowPtr[i + 1]!; k++) {
        const t = landing(m, k);
        if (m.probability[k] === 0 || seen[t] === s) continue;
        seen[t] = s;
        to.push(t);
      }
    }
    ptr[s + 1] = to.length;
  }
  ptr[m.states + 1] = to.length;
  return { ptr, to: Int32Array.from(to) };
}

/** The successor in outcome k; terminal states count as the end. */
export function landing(m: Mdp, k: number): number {
  const t = m.next[k]!;
  return t === m.states || isTerminal(m, t) ? m.states : t;
}

/** The chosen pairs that can lead to each node, ascending. */
export function pairsInto(m: Mdp, chosen: Chosen): Graph {
  const ptr = new Int32Array(m.states + 2);
  const each = (visit: (node: number, pair: number) => void): void => {
    for (let i = 0; i < m.states * m.actions; i++) {
      if (m.rowPtr[i] === m.rowPtr[i + 1] || !chosen(i)) continue;
      for (let k = m.rowPtr[i]!; k < m.rowPtr[i + 1]!; k++)
        if (m.probability[k]! > 0) visit(landing(m, k), i);
    }
  };
  each((t) => ptr[t + 1]!++);
  for (let t = 0; t <= m.states; t++) ptr[t + 1]! += ptr[t]!;
  const to = new Int32Array(ptr[m.states + 1]!);
  const at = ptr.slice();
  each((t, i) => {
    to[at[t]!++] = i;
  });
  return { ptr, to };
}

/** Strongly connected components: those of component c are order[start[c]] … order[start[c + 1] − 1]. */
export interface Components {
  readonly count: number;
  readonly order: Int32Array;
  readonly start: Int32Array;
  /** The component of each node. */
  readonly of: Int32Array;
}

/** Tarjan's algorithm (1972) without recursion. A component comes after all those reachable from it. */
export function components({ ptr, to }: Graph): Components {
  const n = ptr.length - 1;
  const of = new Int32Array(n).fill(-1);
  const order = new Int32Array(n);
  const start = [0];
  let placed = 0;
  const number = new Int32Array(n).fill(-1);
  const low = new Int32Array(n);
  const next = ptr.slice();
  const path: number[] = [];
  const open: number[] = [];
  let numbered = 0;
  for (let root = 0; root < n; root++) {
    if (number[root] === -1) path.push(root);
    for (let s = path.at(-1); s !== undefined; s = path.at(-1)) {
      if (number[s] === -1) {
        number[s] = low[s] = numbered++;
        open.push(s);
      }
      let down = -1;
      while (down < 0 && next[s]! < ptr[s + 1]!) {
        const t = to[next[s]!++]!;
        if (number[t] === -1) down = t;
        else if (of[t] === -1) low[s] = Math.min(low[s]!, number[t]!);
      }
      if (down >= 0) {
        path.push(down);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[s]!);
      if (low[s] !== number[s]) continue;
      for (let t = -1; t !== s; ) {
        t = open.pop()!;
        of[t] = start.length - 1;
        order[placed++] = t;
      }
      start.push(placed);
    }
  }
  return { count: start.length - 1, order, start: Int32Array.from(start), of };
}

/** The recurrent classes of chosen pairs, without the end. Every chosen state leads to one of them or to the end. */
export function closedClasses(m: Mdp, chosen: Chosen): number[][] {
  const graph = successors(m, chosen);
  const { count, order, start, of } = components(graph);
  const out: number[][] = [];
  for (let c = 0; c < count; c++) {
    const members = order.subarray(start[c], start[c + 1]);
    let closed = graph.ptr[members[0]!]! < graph.ptr[members[0]! + 1]!;
    for (const s of members) {
      for (let k = graph.ptr[s]!; k < graph.ptr[s + 1]!; k++) if (of[graph.to[k]!] !== c) closed = false;
    }
    if (closed) out.push(Array.from(members).sort((a, b) => a - b));
  }
  return out;
}
