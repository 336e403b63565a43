/**
 * The undiscounted optimum of a small model from its definition, without a line of the solvers: every deterministic
 * policy is looked at.
 */
import type { Mdp } from "../../../src/rl/mdp/model.ts";

export interface Truth {
  /** Some policy goes round for ever and is paid more than nothing a step. */
  readonly gains: boolean;
  /** Some policy goes round for ever, is paid, and gains nothing: its sums never settle. */
  readonly swings: boolean;
  /** By state: the best value of the policies that have one there; undefined where none has. */
  readonly v: readonly (number | undefined)[];
}

type Row = readonly { readonly p: number; readonly to: number }[];

/** P and r under one action a state; the end is node `states`, which stays where it is. */
function chainOf(m: Mdp, actions: ArrayLike<number>): { rows: Row[]; r: number[] } {
  const end: Row = [{ p: 1, to: m.states }];
  const r = [...Array(m.states + 1).keys()].map(() => 0);
  const rows = [...Array(m.states + 1).keys()].map((s): Row => {
    if (s === m.states || actions[s] === -1) return end;
    const i = s * m.actions + (actions[s] as number);
    r[s] = m.expectedReward[i]!;
    return Array.from(m.next.subarray(m.rowPtr[i], m.rowPtr[i + 1]), (to, k) => ({
      p: m.probability[m.rowPtr[i]! + k]!,
      to,
    }));
  });
  return { rows, r };
}

/** A · x = b by elimination with the largest pivot. */
function eliminate(A: number[][], b: number[]): number[] {
  const n = b.length;
  const M = A.map((row, i) => [...row, b[i]!]);
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let i = c; i < n; i++) if (Math.abs(M[i]![c]!) > Math.abs(M[pivot]![c]!)) pivot = i;
    [M[c], M[pivot]] = [M[pivot]!, M[c]!];
    for (let i = 0; i < n; i++) {
      if (i === c) continue;
      const f = M[i]![c]! / M[c]![c]!;
      for (let j = c; j <= n; j++) M[i]![j]! -= f * M[c]![j]!;
    }
  }
  return M.map((row, i) => row[n]! / row[i]!);
}

/** The values of one policy: a number, or what its sum does instead. */
export function policyTruth(m: Mdp, actions: ArrayLike<number>): (number | "gains" | "loses" | "swings")[] {
  const { rows, r } = chainOf(m, actions);
  const nodes = [...rows.keys()];
  const reach = nodes.map((s) =>
    nodes.map((t) => s === t || rows[s]!.some(({ p, to }) => p > 0 && to === t)),
  );
  for (const k of nodes)
    for (const i of nodes) for (const j of nodes) reach[i]![j] ||= reach[i]![k]! && reach[k]![j]!;
  const recurrent = nodes.filter((s) => nodes.every((t) => !reach[s]![t] || reach[t]![s]));
  // What each recurrent class does: nothing (0), or gain, lose, swing.
  const does = new Map<number, 0 | "gains" | "loses" | "swings">();
  for (const s of recurrent) {
    const members = recurrent.filter((t) => reach[s]![t]);
    if (members.every((t) => Math.abs(r[t]!) < 1e-12)) {
      does.set(s, 0);
      continue;
    }
    const A = members.map((to) =>
      members.map((from) => rows[from]!.reduce((x, e) => x + (e.to === to ? e.p : 0), from === to ? -1 : 0)),
    );
    A[0] = members.map(() => 1);
    const mu = eliminate(
      A,
      members.map((_, i) => (i === 0 ? 1 : 0)),
    );
    const gain = mu.reduce((x, w, i) => x + w * r[members[i]!]!, 0);
    does.set(s, gain > 1e-9 ? "gains" : gain < -1e-9 ? "loses" : "swings");
  }
  const fate = nodes.map((s) => {
    const fates = recurrent.filter((t) => reach[s]![t]).map((t) => does.get(t)!);
    return (["gains", "loses", "swings"] as const).find((x) => fates.includes(x)) ?? 0;
  });
  const open = nodes.filter((s) => fate[s] === 0 && !recurrent.includes(s));
  const x = eliminate(
    open.map((s) => open.map((t) => rows[s]!.reduce((d, e) => d - (e.to === t ? e.p : 0), s === t ? 1 : 0))),
    open.map((s) => r[s]!),
  );
  return nodes.map((s) => (fate[s] !== 0 ? fate[s]! : recurrent.includes(s) ? 0 : x[open.indexOf(s)]!));
}

/** Every deterministic policy of a model, −1 in terminal states. */
function* policies(m: Mdp, s = 0): Generator<number[]> {
  if (s === m.states) {
    yield [];
    return;
  }
  const options = [...Array(m.actions).keys()].filter((a) => {
    const i = s * m.actions + a;
    return m.rowPtr[i]! < m.rowPtr[i + 1]!;
  });
  for (const a of options.length > 0 ? options : [-1])
    for (const rest of policies(m, s + 1)) yield [a, ...rest];
}

export function truth(m: Mdp): Truth {
  let [gains, swings] = [false, false];
  const v: (number | undefined)[] = Array.from({ length: m.states + 1 }, () => undefined);
  for (const actions of policies(m)) {
    policyTruth(m, actions).forEach((x, s) => {
      if (x === "gains") gains = true;
      else if (x === "swings") swings = true;
      else if (x !== "loses" && (v[s] === undefined || x > v[s]!)) v[s] = x;
    });
  }
  return { gains, swings, v };
}
