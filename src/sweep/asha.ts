import type { Asha } from "./plan.ts";

/** A run among others: the values it has shown, by rung, and whether it is on its way to the next one. */
export interface Contender {
  readonly name: string;
  /** Of rung 0, 1, …, as far as it has come. */
  readonly values: readonly number[];
  /** Whether it is running, or was sent on and has not arrived. */
  readonly underWay: boolean;
}

/**
 * Asynchronous successive halving (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", algorithm 2): who goes
 * on next. From the highest rung down, whoever is among the best 1/η of those that have reached it, and was not sent on
 * yet; if nobody is, one that has not begun.
 *
 * @param rungs how many there are, the last one the whole length
 */
export function promotions(
  contenders: readonly Contender[],
  { eta, mode }: Pick<Asha, "eta" | "mode">,
  rungs: number,
): string[] {
  const sign = mode === "min" ? 1 : -1;
  const out: string[] = [];
  for (let rung = rungs - 2; rung >= 0; rung--) {
    const here = contenders.filter(({ values }) => values.length > rung);
    // A run whose number is no number is last.
    const worth = ({ values }: Contender): number =>
      Number.isFinite(values[rung]) ? sign * values[rung]! : Number.POSITIVE_INFINITY;
    const best = [...here].sort((a, b) => worth(a) - worth(b)).slice(0, Math.floor(here.length / eta));
    for (const { name, values, underWay } of best)
      if (values.length === rung + 1 && !underWay) out.push(name);
  }
  const fresh = contenders.filter(({ values, underWay }) => values.length === 0 && !underWay);
  return [...out, ...fresh.map(({ name }) => name)];
}
