import type { DType } from "./dtype.ts";
import type { NdArray } from "./ndarray.ts";
import { type Shape, sameShape, showShape } from "./shape.ts";

/** Where a variable can live besides the host: an engine, which keeps copies and computes new values. */
export interface Home {
  readonly name: string;
  readonly state: {
    /** The current value of a variable, copied to the host. */
    read(variable: Variable): Promise<NdArray>;
    /** Forget the copy kept here and free its memory. */
    release(variable: Variable): void;
  };
}

const UNNAMED = "unnamed";

/**
 * A value carried from call to call: a parameter, an optimizer moment, a running statistic. Its current value has one
 * home: the host, or the engine whose program last wrote it. Other engines may hold copies, which know by `version`
 * whether they are of this value; they take a newer one over before they run.
 */
export class Variable {
  /** Used in messages and state dicts; modules set it to the field path. */
  name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  #value: NdArray | undefined;
  #home: Home | undefined;
  #version = 0;
  readonly #holders = new Set<Home>();

  constructor(shape: Shape, options: { name?: string; dtype?: DType; value?: NdArray } = {}) {
    this.shape = shape;
    this.dtype = options.dtype ?? "float32";
    this.name = options.name ?? UNNAMED;
    if (options.value) this.set(options.value);
  }

  get size(): number {
    return this.shape.reduce((n, d) => n * d, 1);
  }

  /** For messages: its name, or what it is while it has none. */
  get label(): string {
    return this.name === UNNAMED
      ? `a variable ${this.dtype}${showShape(this.shape)} without a name`
      : this.name;
  }

  /**
   * The host's value, if it was ever given one.
   * @throws Error where an engine has computed a newer one: `await read()`, or `await toHost()` first.
   */
  get value(): NdArray | undefined {
    if (this.#home)
      throw new Error(
        `${this.label}: ${this.#home.name} has computed a newer value than the host's; get it by await variable.read() (or await module.stateDict()), or bring it here by await variable.toHost()`,
      );
    return this.#value;
  }

  /** The current value, wherever it is, as a copy. */
  async read(): Promise<NdArray> {
    if (this.#home) return this.#home.state.read(this);
    const value = this.given();
    return { ...value, data: value.data.slice() } as NdArray;
  }

  /** Bring the current value to the host, where `value` has it until a program writes a newer one. */
  async toHost(): Promise<void> {
    while (this.#home) {
      const version = this.#version;
      const value = await this.#home.state.read(this);
      if (this.#version === version) this.cameHome(value);
    }
  }

  /** Give it a new value; every engine takes it over before its next run. The array is kept, not copied. */
  set(value: NdArray): void {
    if (!sameShape(value.shape, this.shape) || value.dtype !== this.dtype)
      throw new TypeError(
        `${this.label} holds ${this.dtype}${showShape(this.shape)}; it was given ${value.dtype}${showShape(value.shape)}`,
      );
    this.#value = value;
    this.#home = undefined;
    this.#version++;
  }

  /** Forget the value, on the host and in every engine: whoever uses the variable again must set it first. */
  dispose(): void {
    for (const holder of this.#holders) holder.state.release(this);
    this.#value = undefined;
    this.#home = undefined;
    this.#version++;
  }

  // The rest is for engines.

  /** Counts the values it has had, wherever they were made. */
  get version(): number {
    return this.#version;
  }

  /** The engine that has the current value; undefined where the host has it. */
  get home(): Home | undefined {
    return this.#home;
  }

  /** The host's value, itself. @throws Error where it has none, or an older one. */
  given(): NdArray {
    const { value } = this;
    if (!value)
      throw new Error(
        `${this.label} has no value yet: initialise its module, or load a state dict, before running: module.initialize(Key.seed(0))`,
      );
    return value;
  }

  /** An engine keeps a copy from now on. */
  heldBy(holder: Home): void {
    this.#holders.add(holder);
  }

  /** It no longer does. If that was the current value, the host's older one is current again. */
  releasedBy(holder: Home): void {
    this.#holders.delete(holder);
    if (this.#home !== holder) return;
    this.#home = undefined;
    this.#version++;
  }

  /**
   * A program of `home` that began at `version` has written the next value: gives that value's version. What the host
   * set meanwhile stays the current value.
   */
  wroteIn(home: Home, version: number): number {
    if (this.#version !== version) {
      if (!this.#home) return version;
      throw new Error(
        `${this.label} was written by ${this.#home.name} and ${home.name} at once: await the step of one before that of the other`,
      );
    }
    this.#home = home;
    return ++this.#version;
  }

  /** Its home gives the current value back to the host. */
  cameHome(value: NdArray): void {
    this.#value = value;
    this.#home = undefined;
  }

  /** Its home went, and the current value with it: whoever reads it is told why. */
  lost(why: string): void {
    const read = (): Promise<never> =>
      Promise.reject(new Error(`the value of ${this.label} is lost: ${why}`));
    this.#home = { name: "an engine that is gone", state: { read, release() {} } };
  }
}
