/** Advantages of completions by their group: those of the same prompt, K of them one after the other. On the host. */
import { UserError } from "../../errors.ts";

/** @throws UserError where a group is of one, so that there is nothing to compare with. */
export function requireGroups(rows: number, K: number, method: string): void {
  if (!(Number.isInteger(K) && K >= 2))
    throw new UserError(
      `${method} compares the completions of a prompt with each other, so it needs at least 2 of them: option \`group\` is ${K}`,
    );
  if (rows % K !== 0)
    throw new UserError(`${method}: ${rows} completions are not whole groups of ${K} (option \`group\`)`);
}

const inGroups = (
  rewards: ArrayLike<number>,
  K: number,
  of: (group: readonly number[]) => readonly number[],
): Float32Array => {
  const out = new Float32Array(rewards.length);
  for (let at = 0; at < rewards.length; at += K)
    out.set(of(Array.from({ length: K }, (_, i) => rewards[at + i]!)), at);
  return out;
};

const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
const equal = (x: readonly number[]): boolean => x.every((v) => v === x[0]);

/** RLOO (Ahmadian et al. 2024, eq. 8): A_i = r_i − mean of the others. Exactly 0 where all are equal. */
export const leaveOneOut = (rewards: ArrayLike<number>, K: number): Float32Array =>
  inGroups(rewards, K, (r) => {
    if (equal(r)) return r.map(() => 0);
    const total = mean(r) * K;
    return r.map((x) => x - (total - x) / (K - 1));
  });

/** Added to the deviation, as in TRL. */
export const SD_EPSILON = 1e-4;

/**
 * GRPO (Shao et al. 2024, section 4.1.2): A_i = (r_i − mean) / (sd + 10⁻⁴), with the sample's deviation; without `scale`
 * r_i − mean alone (Dr. GRPO, Liu et al. 2025), which is (K − 1)/K of RLOO's. Exactly 0 where all are equal.
 */
export const groupAdvantages = (rewards: ArrayLike<number>, K: number, { scale = true } = {}): Float32Array =>
  inGroups(rewards, K, (r) => {
    if (equal(r)) return r.map(() => 0);
    const m = mean(r);
    const sd = Math.sqrt(r.reduce((sum, x) => sum + (x - m) ** 2, 0) / (K - 1));
    return r.map((x) => (x - m) / (scale ? sd + SD_EPSILON : 1));
  });

/** Which groups tell anything: those whose rewards are not all equal. */
export const withSignal = (rewards: ArrayLike<number>, K: number): boolean[] =>
  Array.from({ length: rewards.length / K }, (_, g) => {
    for (let i = 1; i < K; i++) if (rewards[g * K + i] !== rewards[g * K]) return true;
    return false;
  });

/** Best-of-n: the index of the row with the highest reward in each group; among equals, the first. */
export const bestOf = (rewards: ArrayLike<number>, n: number): Int32Array =>
  Int32Array.from({ length: rewards.length / n }, (_, g) => {
    let best = g * n;
    for (let i = best; i < (g + 1) * n; i++) if (rewards[i]! > rewards[best]!) best = i;
    return best;
  });

/** How far best-of-n is from its policy at most: KL = ln n − (n − 1)/n (Beirami et al. 2024), exact without ties. */
export const bestOfKl = (n: number): number => Math.log(n) - (n - 1) / n;
