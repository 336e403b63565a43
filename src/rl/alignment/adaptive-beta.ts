export interface AdaptiveBeta {
  /** KL of a completion that is aimed at, in nats. */
  readonly target: number;
  /** Completions over which β may grow by a factor of about e^(0.2). */
  readonly horizon: number;
}

/**
 * The next β of the penalty, after a batch of `n` completions whose mean KL was `kl` (Ziegler et al. 2019, section 2.2):
 * β ← β (1 + clip(KL/target − 1, ±0.2) · n/horizon).
 */
export function adaptedBeta(beta: number, kl: number, n: number, { target, horizon }: AdaptiveBeta): number {
  const error = Math.min(Math.max(kl / target - 1, -0.2), 0.2);
  return beta * (1 + (error * n) / horizon);
}
