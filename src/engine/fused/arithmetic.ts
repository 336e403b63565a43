/**
 * What a kernel can do with float32 numbers, and what it makes of that: one table of ops and two functions in terms of
 * any arithmetic. The kernels' is WebAssembly's, four lanes at a time; another one over plain numbers, each result rounded
 * by Math.fround, gives the same bits.
 */
export interface Arithmetic<V> {
  const(value: number): V;
  /** A value that is used more than once. */
  keep(value: V): V;
  neg(a: V): V;
  abs(a: V): V;
  sqrt(a: V): V;
  floor(a: V): V;
  /** To the nearest integer, halves to the even one. */
  nearest(a: V): V;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  div(a: V, b: V): V;
  /** As Math.max and Math.min: NaN where one is, and -0 is below 0. */
  max(a: V, b: V): V;
  min(a: V, b: V): V;
  /** Masks: all ones, or all zeros. */
  eq(a: V, b: V): V;
  lt(a: V, b: V): V;
  le(a: V, b: V): V;
  not(mask: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  select(mask: V, a: V, b: V): V;
  /** a·2ⁿ for an integer n from -252 to 254, in two exact steps. */
  scale(a: V, n: V): V;
}

/** Elementwise ops by the names they have in graphs; masks are what graphs call bool. */
export const OPS = {
  neg: (m, a) => m.neg(a),
  abs: (m, a) => m.abs(a),
  sqrt: (m, a) => m.sqrt(a),
  floor: (m, a) => m.floor(a),
  exp: (m, a) => exp(m, a),
  tanh: (m, a) => tanh(m, a),
  sigmoid: (m, a) => sigmoid(m, a),
  silu: (m, a) => {
    const x = m.keep(a);
    return m.mul(x, sigmoid(m, x));
  },
  relu: (m, a) => m.max(a, m.const(0)),
  // 0, -0 and NaN are their own signs.
  sign: (m, a) => {
    const x = m.keep(a);
    const below = m.select(m.lt(x, m.const(0)), m.const(-1), x);
    return m.select(m.lt(m.const(0), x), m.const(1), below);
  },
  add: (m, a, b) => m.add(a, b),
  sub: (m, a, b) => m.sub(a, b),
  mul: (m, a, b) => m.mul(a, b),
  div: (m, a, b) => m.div(a, b),
  maximum: (m, a, b) => m.max(a, b),
  minimum: (m, a, b) => m.min(a, b),
  equal: (m, a, b) => m.eq(a, b),
  less: (m, a, b) => m.lt(a, b),
  lessEqual: (m, a, b) => m.le(a, b),
  not: (m, a) => m.not(a),
  and: (m, a, b) => m.and(a, b),
  or: (m, a, b) => m.or(a, b),
  where: (m, mask, a, b) => m.select(mask, a, b),
} satisfies Readonly<Record<string, <V>(m: Arithmetic<V>, ...inputs: [V, V, V]) => V>>;

export type Op = keyof typeof OPS;

export const operate = <V>(m: Arithmetic<V>, op: Op, inputs: readonly V[]): V =>
  (OPS[op] as (m: Arithmetic<V>, ...inputs: readonly V[]) => V)(m, ...inputs);

/** The smallest number that is not denormal. */
const SMALLEST = 2 ** -126;

/**
 * What is kept from step to step has no denormals: a moment that only decays would end in them and stay there, and some
 * processors take a hundred times as long over each. ONNX Runtime's sessions here have none either.
 */
export function flushed<V>(m: Arithmetic<V>, value: V): V {
  const x = m.keep(value);
  return m.select(m.lt(m.abs(x), m.const(SMALLEST)), m.const(0), x);
}

/** a₀ + x·(a₁ + x·(…)). */
const polynomial = <V>(m: Arithmetic<V>, x: V, coefficients: readonly number[]): V =>
  coefficients.map((c) => m.const(c)).reduceRight((sum, coefficient) => m.add(m.mul(sum, x), coefficient));

/** eˣ to one unit of its last place: Moshier's Cephes, expf.c. With x = n·ln 2 + r it is 2ⁿ·eʳ. */
function exp<V>(m: Arithmetic<V>, a: V): V {
  // Beyond these it is 0 or infinite; a NaN stays one.
  const x = m.keep(m.max(m.min(a, m.const(89)), m.const(-104)));
  const n = m.keep(m.nearest(m.mul(x, m.const(Math.LOG2E))));
  // ln 2 in two parts: n times the first one is exact.
  const r = m.keep(m.sub(m.sub(x, m.mul(n, m.const(0.693359375))), m.mul(n, m.const(-2.1219444e-4))));
  const series = polynomial(
    m,
    r,
    [5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.98756915e-4],
  );
  return m.scale(m.add(m.add(m.mul(series, m.mul(r, r)), r), m.const(1)), n);
}

function sigmoid<V>(m: Arithmetic<V>, a: V): V {
  const one = m.const(1);
  return m.div(one, m.add(one, exp(m, m.neg(a))));
}

/** tanh x to two units of its last place: Moshier's Cephes, tanhf.c. */
function tanh<V>(m: Arithmetic<V>, a: V): V {
  const x = m.keep(a);
  const size = m.keep(m.abs(x));
  const square = m.keep(m.mul(x, x));
  const series = polynomial(
    m,
    square,
    [-3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3],
  );
  const near = m.add(m.mul(m.mul(series, square), x), x);
  const far = m.keep(m.sub(m.const(1), m.div(m.const(2), m.add(exp(m, m.add(size, size)), m.const(1)))));
  const signed = m.select(m.lt(x, m.const(0)), m.neg(far), far);
  return m.select(m.lt(size, m.const(0.625)), near, signed);
}
