import {
  assemble,
  type Code,
  Func,
  f32x4,
  f64x2,
  i8x16,
  i32,
  i32x4,
  i64x2,
  v128,
} from "../wasm/assembler.ts";
import { boxMuller, type Generator, PARITY, ROTATIONS, ROUNDS, threefry2x32 } from "./threefry.ts";

/**
 * Threefry and Box and Muller in WebAssembly with SIMD: the numbers of `plain`, bit for bit. Bits and uniforms are integer
 * arithmetic. A normal is computed in float64 to 2⁻⁴⁵ of its value; where a wider error (2⁻⁴²) could change its rounding to
 * float32, one in 2¹⁸, the kernel notes the place, and JavaScript's own log, cos and sin compute it.
 */
type V = Code<"v128">;

/** Words made at a time: few enough to stay in the processor's first cache between passes. */
const CHUNK = 4096;

// The memory: the number of doubtful vectors and their places, two tables of 16-byte rows, the chunk.
const COUNT = 0;
const DOUBTFUL = 16;
const CELLS = 256;
const LOGS = DOUBTFUL + CHUNK;
const TURNS = LOGS + 16 * CELLS;
const WORDS = TURNS + 16 * (CELLS + 1);
const PAGES = Math.ceil((WORDS + 4 * CHUNK) / 65536);

/** Words of blocks first, first + 1, …: 4·blocks at a time of each of x and y, interleaved as they come. */
function words(): Func {
  const f = new Func(4);
  const [count, k0, k1, first] = f.params as [Code<"i32">, Code<"i32">, Code<"i32">, Code<"i32">];
  const key = [f.keep(i32x4.splat(k0)), f.keep(i32x4.splat(k1))] as V[];
  key.push(f.keep(v128.xor(v128.xor(key[0]!, key[1]!), i32x4.const(PARITY, PARITY, PARITY, PARITY))));
  const counter = f.variable("v128", i32x4.add(i32x4.splat(first), i32x4.const(0, 1, 2, 3)));
  const at = f.variable("i32", i32.const(0));
  const all = (value: number): V => i32x4.const(value, value, value, value);
  f.repeat(() => {
    // Two at a time: the additions of one fill the time the other waits.
    const pairs = [0, 4].map((offset) => ({
      x: f.keep(i32x4.add(i32x4.add(counter.get, all(offset)), key[0]!)),
      y: key[1]!,
    }));
    for (let round = 1; round <= ROUNDS; round++) {
      const turn = ROTATIONS[(round - 1) % 8]!;
      for (const pair of pairs) {
        pair.x = f.keep(i32x4.add(pair.x, pair.y));
        pair.y = f.keep(v128.xor(rotated(pair.y, turn), pair.x));
      }
      if (round % 4 > 0) continue;
      const i = round / 4;
      for (const pair of pairs) {
        pair.x = f.keep(i32x4.add(pair.x, key[i % 3]!));
        pair.y = f.keep(i32x4.add(pair.y, i32x4.add(key[(i + 1) % 3]!, all(i))));
      }
    }
    pairs.forEach(({ x, y }, i) => {
      f.emit(v128.store(at.get, i32x4.shuffle(x, y, [0, 4, 1, 5]), WORDS + 32 * i));
      f.emit(v128.store(at.get, i32x4.shuffle(x, y, [2, 6, 3, 7]), WORDS + 32 * i + 16));
    });
    f.emit(counter.set(i32x4.add(counter.get, all(8))), at.set(i32.add(at.get, i32.const(64))));
    return i32.ltU(at.get, count);
  });
  return f;
}

/** Lanes turned left. */
function rotated(y: V, by: number): V {
  if (by % 8 > 0) return v128.or(i32x4.shl(y, by), i32x4.shrU(y, 32 - by));
  const bytes = Array.from({ length: 16 }, (_, i) => (i & ~3) + ((i - by / 8 + 4) & 3));
  return v128.shuffle(y, y, bytes);
}

/** The chunk's words become U[0, 1): 24 bits each. */
function uniforms(): Func {
  const f = new Func(1);
  const at = f.variable("i32", i32.const(0));
  f.repeat(() => {
    const top = i32x4.shrU(v128.load(at.get, WORDS), 8);
    f.emit(v128.store(at.get, f32x4.mul(f32x4.convertI32x4S(top), f32x4.const(2 ** -24)), WORDS));
    f.emit(at.set(i32.add(at.get, i32.const(16))));
    return i32.ltU(at.get, f.params[0]!);
  });
  return f;
}

const doubleOf = (bits: bigint): number => new Float64Array(BigInt64Array.of(bits).buffer)[0]!;
const bitsOf = (value: number): bigint => new BigInt64Array(Float64Array.of(value).buffer)[0]!;

/** The rows of a table at these places (byte offsets), turned: their first numbers, and their second ones. */
function rows(f: Func, table: number, at: V): [V, V] {
  const [a, b] = [0, 2].map((lane) => f.keep(v128.load(i32x4.lane(at, lane), table))) as [V, V];
  return [f64x2.shuffle(a, b, [0, 2]), f64x2.shuffle(a, b, [1, 3])];
}

/** a₀ + x·(a₁ + x·(…)). */
const polynomial = (x: V, coefficients: readonly number[]): V =>
  coefficients.map(f64x2.const).reduceRight((sum, coefficient) => f64x2.add(f64x2.mul(sum, x), coefficient));

/** 64-bit lanes below 2³² as doubles: put behind the exponent of 2⁵², less 2⁵². */
const toDouble = (lanes: V): V =>
  f64x2.sub(v128.or(lanes, i64x2.const(bitsOf(2 ** 52))), f64x2.const(2 ** 52));

/** Where tables for z begin, so that z = 1 is the end of a cell: [LOWEST, 2·LOWEST). */
const LOWEST = 0.6875;

/**
 * −2·ln u for u = (word + ½)·2⁻³², to 2⁻⁴⁵ of its value: u = 2ᵏ·z, and in z's cell the table has t₀ = −2·c and −2·ln(1/c)
 * for a short c near 1/z; with t = 2 − 2cz, which is exact, −2·ln z = −2·ln(1/c) − 2·ln(1 − t/2).
 */
function minusTwoLog(f: Func, word: V): V {
  const high = 2 ** 20;
  const u = f64x2.sub(v128.or(word, i64x2.const(bitsOf(high))), f64x2.const(high - 2 ** -33));
  const begin = bitsOf(LOWEST);
  const from = f.keep(i64x2.sub(u, i64x2.const(begin - (64n << 52n))));
  const k = f64x2.sub(toDouble(i64x2.shrU(from, 52)), f64x2.const(64));
  const cell = f.keep(v128.and(i64x2.shrU(from, 40), i64x2.const(BigInt(16 * (CELLS - 1)))));
  const [c, log] = rows(f, LOGS, cell);
  const z = i64x2.add(v128.and(from, i64x2.const((1n << 52n) - 1n)), i64x2.const(begin));
  const t = f.keep(f64x2.add(f64x2.mul(z, c), f64x2.const(2)));
  const whole = f64x2.add(f64x2.mul(k, f64x2.const(-2 * Math.LN2)), log);
  const series = f64x2.mul(f64x2.mul(t, t), polynomial(t, [1 / 4, 1 / 12, 1 / 32, 1 / 80]));
  return f64x2.add(whole, f64x2.add(t, series));
}

function logTable(): Float64Array {
  const table = new Float64Array(2 * CELLS);
  for (let i = 0; i < CELLS; i++) {
    const ends = [i, i + 1].map((cell) => doubleOf(bitsOf(LOWEST) + (BigInt(cell) << 44n)));
    // The last cell before 1 has c = 1, so that the logarithm near 1 loses nothing.
    const c = ends[1] === 1 ? 1 : Math.round(2 ** 13 / (ends[0]! + ends[1]!)) * 2 ** -12;
    table.set([-2 * c, 2 * Math.log(c)], 2 * i);
  }
  return table;
}

// π/2 in three parts, 33 bits each but the last (as in FreeBSD's e_rem_pio2.c): j times one of them is exact.
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21];

/** radius·cos a and radius·sin a for the double nearest to word·2π·2⁻³², to 2⁻⁴⁶ of their values. */
function turned(f: Func, radius: V, word: V): [V, V] {
  const angle = f64x2.mul(toDouble(word), f64x2.const(2 * Math.PI * 2 ** -32));
  // The nearest of 256 angles, and the rest.
  const cell = f.keep(i64x2.shrU(i64x2.add(word, i64x2.const(1n << 23n)), 24));
  const [cos, sin] = rows(f, TURNS, i64x2.shl(cell, 4)).map((v) => f.keep(f64x2.mul(v, radius))) as [V, V];
  const j = f.keep(toDouble(cell));
  const part = (x: V, half: number): V => f64x2.sub(x, f64x2.mul(j, f64x2.const(half / 64)));
  const r = f.keep(HALF_PI.reduce(part, angle));
  const square = f.keep(f64x2.mul(r, r));
  const c = f.keep(polynomial(square, [1, -1 / 2, 1 / 24]));
  const s = f.keep(f64x2.add(r, f64x2.mul(f64x2.mul(r, square), polynomial(square, [-1 / 6, 1 / 120]))));
  return [
    f.keep(f64x2.sub(f64x2.mul(cos, c), f64x2.mul(sin, s))),
    f.keep(f64x2.add(f64x2.mul(sin, c), f64x2.mul(cos, s))),
  ];
}

function turnTable(): Float64Array {
  const table = new Float64Array(2 * (CELLS + 1));
  for (let j = 0; j <= CELLS; j++) {
    const angle = (2 * Math.PI * j) / CELLS;
    const exact = (v: number): number => (j % (CELLS / 4) === 0 ? Math.round(v) : v);
    table.set([exact(Math.cos(angle)), exact(Math.sin(angle))], 2 * j);
  }
  return table;
}

/** Doubles within so many units of their last place of where rounding to float32 turns. */
const DOUBT = 2n ** 10n;

/** All ones in the lanes whose float32 the error of these doubles could change. */
function doubtful(x: V): V {
  const near = i64x2.add(x, i64x2.const(DOUBT - 2n ** 28n));
  return i64x2.eq(v128.and(near, i64x2.const(2n ** 29n - 2n * DOUBT)), i64x2.const(0n));
}

/** The chunk's words become N(0, 1), four at a time; the places of fours with a doubtful one are noted. */
function normals(): Func {
  const f = new Func(1);
  const at = f.variable("i32", i32.const(0));
  const count = f.variable("i32", i32.const(0));
  f.repeat(() => {
    const pair = f.keep(v128.load(at.get, WORDS));
    const radius = f.keep(f64x2.sqrt(minusTwoLog(f, v128.and(pair, i64x2.const(2n ** 32n - 1n)))));
    const [cos, sin] = turned(f, radius, f.keep(i64x2.shrU(pair, 32)));
    f.when(v128.anyTrue(v128.or(doubtful(cos), doubtful(sin))), () => {
      f.emit(i32.store(count.get, at.get, DOUBTFUL), count.set(i32.add(count.get, i32.const(4))));
    });
    const out = f32x4.shuffle(f32x4.demoteF64x2(cos), f32x4.demoteF64x2(sin), [0, 4, 1, 5]);
    f.emit(v128.store(at.get, out, WORDS), at.set(i32.add(at.get, i32.const(16))));
    return i32.ltU(at.get, f.params[0]!);
  });
  f.emit(i32.store(i32.const(0), count.get, COUNT));
  return f;
}

/** The chunk's bytes become 1 where they are below `keep`, else 0. */
function masks(): Func {
  const f = new Func(2);
  const [bytes, keep] = f.params as [Code<"i32">, Code<"i32">];
  const bound = f.keep(i8x16.splat(keep));
  const at = f.variable("i32", i32.const(0));
  f.repeat(() => {
    const below = v128.and(i8x16.ltU(v128.load(at.get, WORDS), bound), i8x16.splat(i32.const(1)));
    f.emit(v128.store(at.get, below, WORDS), at.set(i32.add(at.get, i32.const(16))));
    return i32.ltU(at.get, bytes);
  });
  return f;
}

interface Passes {
  words(bytes: number, k0: number, k1: number, first: number): void;
  uniforms(bytes: number): void;
  normals(bytes: number): void;
  masks(bytes: number, keep: number): void;
}

/** The same numbers as `plain`, bit for bit; undefined where there is no WebAssembly with SIMD. */
export function randomKernel(): Generator | undefined {
  const module = assemble({ words: words(), uniforms: uniforms(), normals: normals(), masks: masks() });
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(module)) return undefined;
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
  const passes = exports as unknown as Passes;
  const { buffer } = memory;
  new Float64Array(buffer, LOGS).set(logTable());
  new Float64Array(buffer, TURNS).set(turnTable());
  const doubts = new Int32Array(buffer, 0, WORDS / 4);
  const chunk = {
    bits: new Uint32Array(buffer, WORDS, CHUNK),
    float: new Float32Array(buffer, WORDS, CHUNK),
    byte: new Uint8Array(buffer, WORDS, 4 * CHUNK),
  };

  /** Chunk by chunk: words, a pass over them, and out. */
  function fill<A extends Uint32Array | Float32Array | Uint8Array>(
    [k0, k1]: readonly [number, number],
    out: A,
    from: A,
    start: number,
    pass: (bytes: number, first: number) => void,
  ): void {
    const width = out.BYTES_PER_ELEMENT;
    for (let at = 0; at < out.length; at += from.length) {
      const count = Math.min(from.length, out.length - at);
      const first = start + (at * width) / 8;
      passes.words(count * width, k0, k1, first);
      pass(count * width, first);
      out.set(count < from.length ? from.subarray(0, count) : from, at);
    }
  }
  return {
    bits: (key, out, start = 0) => fill(key, out, chunk.bits, start, () => {}),
    uniform: (key, out, start = 0) => fill(key, out, chunk.float, start, (bytes) => passes.uniforms(bytes)),
    mask: (key, out, keep, start = 0) =>
      fill(key, out, chunk.byte, start, (bytes) => passes.masks(bytes, keep)),
    normal: (key, out, start = 0) =>
      fill(key, out, chunk.float, start, (bytes, first) => {
        passes.normals(bytes);
        for (const at of doubts.subarray(DOUBTFUL / 4, (DOUBTFUL + doubts[COUNT / 4]!) / 4))
          for (const block of [at / 8, at / 8 + 1])
            chunk.float.set(boxMuller(...threefry2x32(...key, first + block, 0)), 2 * block);
      }),
  };
}
