import { UserError } from "../../errors.ts";
import type { EnvSource } from "../adopt.ts";
import type { EnvSnapshot, ResetArguments, ResetResult } from "../env.ts";
import {
  Box,
  type BoxArray,
  Dict,
  Discrete,
  MultiBinary,
  MultiDiscrete,
  type Space,
  Tuple,
} from "../spaces.ts";
import { ObservationWrapper } from "./wrapper.ts";

/** Replaces observations by f(observation), an element of another space (Gymnasium's TransformObservation). */
export class TransformObservation<O, A, InnerO> extends ObservationWrapper<O, A, InnerO> {
  readonly name = "TransformObservation";
  readonly #f: (observation: InnerO) => O;
  readonly #space: Space<O>;

  constructor(env: EnvSource<InnerO, A>, f: (observation: InnerO) => O, observationSpace: Space<O>) {
    super(env);
    this.#f = f;
    this.#space = observationSpace;
  }

  override get observationSpace(): Space<O> {
    return this.#space;
  }

  observation(observation: InnerO): O {
    return this.#f(observation);
  }
}

/** Rescales observations of a bounded Box to [minObs, maxObs] (Gymnasium's RescaleObservation). */
export class RescaleObservation<A> extends ObservationWrapper<Float32Array, A, BoxArray> {
  readonly name = "RescaleObservation";
  readonly #inner: Box;
  readonly #space: Box;

  constructor(env: EnvSource<BoxArray, A>, minObs = -1, maxObs = 1) {
    super(env);
    const space = env.observationSpace as unknown;
    if (!(space instanceof Box) || ![...space.low, ...space.high].every(Number.isFinite)) {
      throw new UserError(
        `RescaleObservation needs observations from a bounded Box; ${this.id} has ${String(space)}`,
      );
    }
    if (!(minObs < maxObs)) {
      throw new UserError(`RescaleObservation: minObs must be below maxObs, not ${minObs} and ${maxObs}`);
    }
    this.#inner = space as Box;
    this.#space = new Box(minObs, maxObs, space.shape);
  }

  override get observationSpace(): Box {
    return this.#space;
  }

  observation(x: ArrayLike<number>): Float32Array {
    const { low, high } = this.#inner;
    const [from, to] = [this.#space.low, this.#space.high];
    return Float32Array.from(x, (v, i) => {
      const share = (v - low[i]!) / (high[i]! - low[i]!);
      return Math.min(Math.max(from[i]! + share * (to[i]! - from[i]!), from[i]!), to[i]!);
    });
  }
}

/** A space's elements as numbers: their bounds, and a function that writes one. */
interface Flat {
  readonly low: readonly number[];
  readonly high: readonly number[];
  write(x: unknown, out: Float32Array, at: number): void;
}

/** One-hot: 1 at x − start of n. */
function oneHot(n: number, start: number): Flat {
  return {
    low: Array<number>(n).fill(0),
    high: Array<number>(n).fill(1),
    write: (x, out, at) => {
      out[at + (x as number) - start] = 1;
    },
  };
}

function concat(parts: readonly Flat[], partsOf: (x: unknown) => ArrayLike<unknown>): Flat {
  return {
    low: parts.flatMap((part) => part.low),
    high: parts.flatMap((part) => part.high),
    write: (x, out, at) => {
      const values = partsOf(x);
      let to = at;
      parts.forEach((part, i) => {
        part.write(values[i], out, to);
        to += part.low.length;
      });
    },
  };
}

function flat(space: Space<unknown>): Flat {
  if (space instanceof Discrete) return oneHot(space.n, space.start);
  if (space instanceof MultiDiscrete) {
    return concat(
      space.nvec.map((n, i) => oneHot(n, space.start[i]!)),
      (x) => x as Int32Array,
    );
  }
  if (space instanceof Box || space instanceof MultiBinary) {
    const size = space.shape.reduce((a, b) => a * b, 1);
    return {
      low: space instanceof Box ? [...space.low] : Array<number>(size).fill(0),
      high: space instanceof Box ? [...space.high] : Array<number>(size).fill(1),
      write: (x, out, at) => out.set(x as ArrayLike<number>, at),
    };
  }
  if (space instanceof Tuple) {
    return concat((space.spaces as readonly Space<unknown>[]).map(flat), (x) => x as unknown[]);
  }
  if (space instanceof Dict) {
    const { keys, spaces } = space as Dict<Record<string, Space<unknown>>>;
    return concat(
      keys.map((key) => flat(spaces[key]!)),
      (x) => keys.map((key) => (x as Record<string, unknown>)[key]),
    );
  }
  throw new UserError(`${String(space)} cannot be flattened: use the spaces of this library`);
}

/** Any observation as one row of float32; whole numbers one-hot (Gymnasium's FlattenObservation). */
export class FlattenObservation<O, A> extends ObservationWrapper<Float32Array, A, O> {
  readonly name = "FlattenObservation";
  readonly #flat: Flat;
  readonly #space: Box;

  constructor(env: EnvSource<O, A>) {
    super(env);
    this.#flat = flat(env.observationSpace as Space<unknown>);
    this.#space = new Box(this.#flat.low, this.#flat.high);
  }

  override get observationSpace(): Box {
    return this.#space;
  }

  observation(x: O): Float32Array {
    const out = new Float32Array(this.#space.low.length);
    this.#flat.write(x, out, 0);
    return out;
  }
}

type Named = Readonly<Record<string, unknown>>;

/** Keeps some of a Dict's elements (Gymnasium's FilterObservation). */
export class FilterObservation<A> extends ObservationWrapper<Named, A> {
  readonly name = "FilterObservation";
  readonly #keys: readonly string[];
  readonly #space: Space<Named>;

  constructor(env: EnvSource<Named, A>, filterKeys: readonly string[]) {
    super(env);
    const space = env.observationSpace as unknown;
    if (!(space instanceof Dict)) {
      throw new UserError(
        `FilterObservation needs observations from a Dict; ${this.id} has ${String(space)}`,
      );
    }
    const { spaces, keys } = space as Dict<Record<string, Space<unknown>>>;
    const stranger = filterKeys.find((key) => !keys.includes(key));
    if (stranger !== undefined || filterKeys.length === 0) {
      throw new UserError(
        `FilterObservation: ${stranger === undefined ? "no key is left" : `there is no "${stranger}"`} in ${String(space)}`,
      );
    }
    this.#keys = keys.filter((key) => filterKeys.includes(key));
    this.#space = new Dict(this.#keys.map((key) => [key, spaces[key]!] as const)) as Space<Named>;
  }

  override get observationSpace(): Space<Named> {
    return this.#space;
  }

  observation(x: Named): Named {
    return Object.fromEntries(this.#keys.map((key) => [key, x[key]]));
  }
}

/** The observation of `delay` steps ago, zeros at first (Gymnasium's DelayObservation). */
export class DelayObservation<O extends BoxArray, A> extends ObservationWrapper<O, A> {
  readonly name = "DelayObservation";
  readonly #delay: number;
  #waiting: O[] = [];

  constructor(env: EnvSource<O, A>, delay: number) {
    super(env);
    if (!Number.isInteger(delay) || delay < 0) {
      throw new UserError(`DelayObservation: delay must be a whole number ≥ 0, not ${delay}`);
    }
    const space = env.observationSpace as unknown;
    const holdsZeros = (box: Box): boolean => box.low.every((low, i) => low <= 0 && box.high[i]! >= 0);
    if (!(space instanceof Box) || !holdsZeros(space as Box)) {
      throw new UserError(
        `DelayObservation needs observations from a Box that holds zeros; ${this.id} has ${String(space)}`,
      );
    }
    this.#delay = delay;
  }

  override reset(how?: ResetArguments): ResetResult<O> {
    this.#waiting = [];
    return super.reset(how);
  }

  observation(x: O): O {
    this.#waiting.push(x);
    return this.#waiting.length > this.#delay ? this.#waiting.shift()! : (x.slice().fill(0) as O);
  }

  override snapshot(): EnvSnapshot {
    return { ...super.snapshot(), waiting: [...this.#waiting] };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    this.#waiting = [...(snapshot.waiting as O[])];
  }
}
