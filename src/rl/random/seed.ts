import { UserError } from "../../errors.ts";

/** A seed: a whole number ≥ 0 (a bigint beyond 2^53), or a list of such numbers. */
export type Seed = number | bigint | readonly (number | bigint)[];

const POOL = 4;
const XSHIFT = 16;

/** The 32-bit words of a whole number, least significant first; zero is one word, as in NumPy. */
function words(n: number | bigint): number[] {
  if (typeof n === "number" ? !Number.isSafeInteger(n) || n < 0 : n < 0n) {
    throw new UserError(`a seed is a whole number ≥ 0 (a bigint beyond 2^53), not ${String(n)}`);
  }
  const out: number[] = [];
  for (let rest = BigInt(n); rest > 0n; rest >>= 32n) out.push(Number(rest & 0xffffffffn));
  return out.length > 0 ? out : [0];
}

function entropyWords(seed: Seed): number[] {
  return typeof seed === "object" ? seed.flatMap(words) : words(seed);
}

/** 128 bits from the platform, for use without a seed. */
export function freshEntropy(): bigint {
  const bits = crypto.getRandomValues(new Uint32Array(POOL));
  return bits.reduce((n, word) => (n << 32n) | BigInt(word), 0n);
}

/**
 * NumPy's SeedSequence: mixes any seed into a pool of 128 bits and draws well separated states from it.
 * Source: M. O'Neill, "Developing a seed_seq alternative" (2015); numpy.random.SeedSequence, word for word.
 */
export class SeedSequence {
  readonly entropy: Seed;
  readonly spawnKey: readonly number[];
  readonly #pool = new Uint32Array(POOL);
  #children = 0;

  constructor(entropy: Seed = freshEntropy(), spawnKey: readonly number[] = []) {
    this.entropy = entropy;
    this.spawnKey = spawnKey;
    const run = entropyWords(entropy);
    const key = spawnKey.flatMap(words);
    // The key of a child must never be taken for more entropy: the run is padded to the pool first.
    while (key.length > 0 && run.length < POOL) run.push(0);
    this.#mix([...run, ...key]);
  }

  #mix(entropy: readonly number[]): void {
    const pool = this.#pool;
    let constant = 0x43b0d7e5;
    const hash = (value: number): number => {
      let v = value ^ constant;
      constant = Math.imul(constant, 0x931e8875);
      v = Math.imul(v, constant);
      return v ^ (v >>> XSHIFT);
    };
    const join = (x: number, y: number): number => {
      const v = (Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715)) | 0;
      return v ^ (v >>> XSHIFT);
    };
    for (let i = 0; i < POOL; i++) pool[i] = hash(entropy[i] ?? 0);
    for (let src = 0; src < POOL; src++) {
      for (let dst = 0; dst < POOL; dst++) {
        if (src !== dst) pool[dst] = join(pool[dst]!, hash(pool[src]!));
      }
    }
    for (let src = POOL; src < entropy.length; src++) {
      for (let dst = 0; dst < POOL; dst++) pool[dst] = join(pool[dst]!, hash(entropy[src]!));
    }
  }

  /** `n` 32-bit words of state. (A 64-bit word of NumPy's is two of them, the low one first.) */
  generateState(n: number): Uint32Array {
    const out = new Uint32Array(n);
    let constant = 0x8b51f9dd;
    for (let i = 0; i < n; i++) {
      let v = this.#pool[i % POOL]! ^ constant;
      constant = Math.imul(constant, 0x58f38ded);
      v = Math.imul(v, constant);
      out[i] = v ^ (v >>> XSHIFT);
    }
    return out;
  }

  /** `n` children whose streams are independent of each other and of this one's. */
  spawn(n: number): SeedSequence[] {
    return Array.from(
      { length: n },
      () => new SeedSequence(this.entropy, [...this.spawnKey, this.#children++]),
    );
  }
}
