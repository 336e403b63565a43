/**
 * What is known of the rewards of a rollout: `steps` steps of `envs` environments, step t of environment i at
 * t · envs + i.
 */
export interface Rewards {
  readonly steps: number;
  readonly envs: number;
  readonly rewards: ArrayLike<number>;
  /** V(s) of the state acted in. */
  readonly values: ArrayLike<number>;
  /** V(s′) of the state that the step led to: of an episode's last one, where it was cut by the clock. */
  readonly nextValues: ArrayLike<number>;
  /** 1 where the episode terminated: nothing follows. With both flags set, it has terminated. */
  readonly terminated: ArrayLike<number>;
  /** 1 where the clock cut the episode. */
  readonly truncated: ArrayLike<number>;
  /** 0 for rows that are no transitions, such as steps that only reset. */
  readonly valid: ArrayLike<number>;
}

/**
 * Generalised advantage estimation (Schulman et al. 2016, eq. 16):
 *   δ = r + γ V(s′) − V(s), with V(s′) = 0 after the end;   A = δ + γλ A′, with A′ = 0 after the end and after a cut.
 * λ = 1 gives returns minus values, λ = 0 the one-step error.
 */
export function advantages(of: Rewards, gamma: number, lambda: number): Float32Array {
  const { steps, envs, rewards, values, nextValues, terminated, truncated, valid } = of;
  const A = new Float32Array(steps * envs);
  for (let i = 0; i < envs; i++) {
    let next = 0;
    for (let t = steps - 1; t >= 0; t--) {
      const k = t * envs + i;
      if (valid[k] === 0) {
        next = 0;
        continue;
      }
      const goesOn = terminated[k] === 1 ? 0 : 1;
      const delta = rewards[k]! + gamma * goesOn * nextValues[k]! - values[k]!;
      next = delta + (goesOn === 1 && truncated[k] === 0 ? gamma * lambda * next : 0);
      A[k] = next;
    }
  }
  return A;
}
