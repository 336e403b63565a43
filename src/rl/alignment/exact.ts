/**
 * What a policy that is paid r and fined β·KL must become, on sets so small that all completions can be listed. `ref`: π_ref of each
 * completion; `r`: its reward.
 */

type Numbers = ArrayLike<number>;

const sumOf = (n: number, of: (i: number) => number): number => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += of(i);
  return sum;
};

const normalized = (weights: Float64Array): Float64Array => {
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
};

/** max_π E r − β KL(π ‖ π_ref): π* ∝ π_ref e^{r/β}, and its value J* = β ln E_ref e^{r/β}. */
export function optimum(ref: Numbers, r: Numbers, beta: number): { policy: Float64Array; value: number } {
  const top = Math.max(...Array.from(r));
  const weights = Float64Array.from(
    { length: ref.length },
    (_, i) => ref[i]! * Math.exp((r[i]! - top) / beta),
  );
  const value = top + beta * Math.log(weights.reduce((a, b) => a + b, 0));
  return { policy: normalized(weights), value };
}

/**
 * max_π E r − β KL(π_ref ‖ π), which k3 in the loss leads to: π ∝ π_ref / (λ − r), with the λ > max r by which it sums to 1
 * (Grill et al. 2020, eq. 8).
 */
export function reverseOptimum(ref: Numbers, r: Numbers, beta: number): Float64Array {
  const total = (lambda: number): number => sumOf(ref.length, (i) => (beta * ref[i]!) / (lambda - r[i]!));
  const top = Math.max(...Array.from(r));
  const lambda = root((x) => 1 - total(x), top, top + beta);
  return normalized(Float64Array.from({ length: ref.length }, (_, i) => (beta * ref[i]!) / (lambda - r[i]!)));
}

/**
 * Where a penalty that each token pays by itself leads (level "token" of `penalty.ts`): the policy of a token weighs rewards
 * alone, π(a | s) ∝ π_ref(a | s) e^{Q(s, a)/β}, as if the divergence that is still to come did not depend on it. Of one token it
 * is π*, of several it is not.
 * @param ref of all strings of one length over `symbols` symbols, in their order as numbers
 */
export function tokenOptimum(ref: Numbers, r: Numbers, beta: number, symbols: number): Float64Array {
  // Of each prefix: what π_ref gives it, what follows it is worth, and the policy so far behind it.
  let mass = Float64Array.from(ref);
  let Q = Float64Array.from(r);
  const policy = new Float64Array(ref.length).fill(1);
  while (mass.length > 1) {
    const n = mass.length / symbols;
    const [before, worth] = [new Float64Array(n), new Float64Array(n)];
    for (let i = 0; i < n; i++) {
      const at = i * symbols;
      const own = optimum(mass.subarray(at, at + symbols), Q.subarray(at, at + symbols), beta).policy;
      before[i] = sumOf(symbols, (a) => mass[at + a]!);
      worth[i] = sumOf(symbols, (a) => own[a]! * Q[at + a]!);
      const leaves = ref.length / mass.length;
      for (let a = 0; a < symbols; a++)
        for (let leaf = (at + a) * leaves; leaf < (at + a + 1) * leaves; leaf++) policy[leaf]! *= own[a]!;
    }
    [mass, Q] = [before, worth];
  }
  return policy;
}

/** KL(p ‖ q), in nats. */
export const divergence = (p: Numbers, q: Numbers): number =>
  sumOf(p.length, (i) => (p[i]! > 0 ? p[i]! * Math.log(p[i]! / q[i]!) : 0));

export const expectation = (p: Numbers, r: Numbers): number => sumOf(p.length, (i) => p[i]! * r[i]!);

/** With reward 0 or 1 and base rate p0, success of π*: p0 e^{1/β} / (1 − p0 + p0 e^{1/β}). */
export const optimalSuccess = (p0: number, beta: number): number =>
  optimum([p0, 1 - p0], [1, 0], beta).policy[0]!;

/**
 * What division by the group's deviation multiplies the gradient of success by, at success p with rewards 0 and 1 in groups
 * of K: more on prompts that are hard or easy.
 */
export function deviationWeight(p: number, K: number, epsilon = 1e-4): number {
  let [sum, choose] = [0, 1];
  for (let m = 0; m <= K; m++) {
    const sd = Math.sqrt((m * (K - m)) / (K * (K - 1)));
    sum += (choose * p ** m * (1 - p) ** (K - m) * m * (K - m)) / (K * K * (sd + epsilon));
    choose = (choose * (K - m)) / (m + 1);
  }
  return sum / (p * (1 - p));
}

/** Where GRPO with the deviation ends for rewards 0 and 1: p at which p is what `success` gives for β over its weight. */
export const deviationSuccess = (K: number, beta: number, success: (beta: number) => number): number =>
  root((p) => p - success(beta / deviationWeight(p, K)), 1e-6, 1 - 1e-6);

/** Where f goes from below 0 to above, by bisection. */
function root(f: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  for (let i = 0; i < 200 && a < b; i++) {
    const middle = (a + b) / 2;
    if (f(middle) < 0) a = middle;
    else b = middle;
  }
  return (a + b) / 2;
}
