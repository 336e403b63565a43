import { type Code, Func, f32x4, i32, v128 } from "../../wasm/assembler.ts";

/** y = x·Wᵀ (+ b) for rows of k numbers and weights [n, k]. Its operands: x, W, (b,) y. */
export interface Dense {
  readonly k: number;
  readonly n: number;
  readonly bias: boolean;
}

type V = Code<"v128">;
type I = Code<"i32">;

const FLOAT = 4;
const LANES = 4;

/** Sums of the lanes of four vectors, in the lanes of one; of each, (0 + 2) + (1 + 3). */
function sums([a, b, c, d]: readonly [V, V, V, V]): V {
  const halves = (p: V, q: V): V =>
    f32x4.add(f32x4.shuffle(p, q, [0, 4, 1, 5]), f32x4.shuffle(p, q, [2, 6, 3, 7]));
  const [low, high] = [halves(a, b), halves(c, d)];
  return f32x4.add(f32x4.shuffle(low, high, [0, 1, 4, 5]), f32x4.shuffle(low, high, [2, 3, 6, 7]));
}

/** The kernel of a dense layer, for as many rows as it is called with: four outputs at a time. */
export function denseOf({ k, n, bias }: Dense): Func {
  const f = new Func(bias ? 5 : 4);
  const [rows, x, w, ...rest] = f.params as [I, I, I, ...I[]];
  const zero = f32x4.const(0);
  const row = f.variable("i32", x);
  const out = f.variable("i32", rest.at(-1)!);
  const end = f.variable("i32", i32.add(out.get, i32.mul(rows, i32.const(FLOAT * n)))).get;
  const whole = FLOAT * (k - (k % LANES));

  /** Products of the row with `count` rows of weights from `from` on. */
  const products = (from: I, count: number): V[] => {
    const parts = Array.from({ length: count }, () => f.variable("v128", zero));
    const add = (load: (at: I, offset?: number) => V, at: I, offset: number): void => {
      const value = f.keep(load(i32.add(row.get, at), offset));
      parts.forEach((part, i) => {
        const weight = load(i32.add(from, at), FLOAT * k * i + offset);
        f.emit(part.set(f32x4.add(part.get, f32x4.mul(value, weight))));
      });
    };
    if (whole > 0) {
      const at = f.variable("i32", i32.const(0));
      f.repeat(() => {
        add(v128.load, at.get, 0);
        f.emit(at.set(i32.add(at.get, i32.const(FLOAT * LANES))));
        return i32.ltU(at.get, i32.const(whole));
      });
    }
    for (let at = whole; at < FLOAT * k; at += FLOAT) add(v128.load32Zero, i32.const(at), 0);
    return parts.map((part) => part.get);
  };
  /** Outputs at the byte `at` of a row: their sums, with what is added to them. */
  const finish = (
    values: readonly [V, V, V, V],
    at: I,
    load: (at: I) => V,
    store: typeof v128.store,
  ): void => {
    const sum = sums(values);
    const shifted = bias ? f32x4.add(sum, load(i32.add(rest[0]!, at))) : sum;
    f.emit(store(i32.add(out.get, at), shifted));
  };

  f.repeat(() => {
    const blocks = n - (n % LANES);
    if (blocks > 0) {
      const at = f.variable("i32", i32.const(0));
      const weights = f.variable("i32", w);
      f.repeat(() => {
        finish(products(weights.get, LANES) as [V, V, V, V], at.get, v128.load, v128.store);
        f.emit(weights.set(i32.add(weights.get, i32.const(FLOAT * LANES * k))));
        f.emit(at.set(i32.add(at.get, i32.const(FLOAT * LANES))));
        return i32.ltU(at.get, i32.const(FLOAT * blocks));
      });
    }
    for (let j = blocks; j < n; j++) {
      const [value] = products(i32.add(w, i32.const(FLOAT * k * j)), 1);
      finish([value!, zero, zero, zero], i32.const(FLOAT * j), v128.load32Zero, v128.store32);
    }
    f.emit(row.set(i32.add(row.get, i32.const(FLOAT * k))), out.set(i32.add(out.get, i32.const(FLOAT * n))));
    return i32.ltU(out.get, end);
  });
  return f;
}
