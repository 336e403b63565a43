import { UserError } from "../errors.ts";
import { Box, Dict, Discrete, MultiBinary, MultiDiscrete, type Space, Tuple } from "./spaces.ts";

/** Rows of numbers: observations or actions of many environments, one row each. */
export type Rows = Int32Array | Float32Array | Float64Array | Int8Array | Uint8Array;

/**
 * The layout of a space's elements as rows of numbers. Discrete: one whole number; MultiDiscrete, MultiBinary,
 * Box: their arrays; Tuple and Dict: their parts concatenated, as float32.
 */
export interface RowLayout<T = unknown> {
  /** Numbers in a row. */
  readonly width: number;
  /** An array of n rows, zeros. */
  make(n: number): Rows;
  /** Whether this is an array of n rows as `make` makes it. */
  fits(rows: Rows, n: number): boolean;
  write(x: T, out: Rows, at: number): void;
  /** The element in the row that begins at `at`, copied. */
  read(rows: Rows, at: number): T;
  /** Whether the row that begins at `at` is an element of the space. Allocates nothing for the simple spaces. */
  contains(rows: Rows, at: number): boolean;
}

type RowArray = new (n: number) => Rows;

function layout<T>(
  Row: RowArray,
  width: number,
  rest: Pick<RowLayout<T>, "write" | "read" | "contains">,
): RowLayout<T> {
  return {
    width,
    make: (n) => new Row(n * width),
    fits: (rows, n) => rows instanceof Row && rows.length === n * width,
    ...rest,
  };
}

function discreteRows({ n, start }: Discrete): RowLayout<number> {
  return layout<number>(Int32Array, 1, {
    write: (x, out, at) => {
      out[at] = x;
    },
    read: (rows, at) => rows[at]!,
    contains: (rows, at) => rows[at]! >= start && rows[at]! < start + n,
  });
}

/** Arrays of one type within bounds. */
function arrayRows<T extends Rows>(
  Row: RowArray,
  low: ArrayLike<number>,
  high: ArrayLike<number>,
): RowLayout<T> {
  const width = low.length;
  return layout<T>(Row, width, {
    write: (x, out, at) => out.set(x, at),
    read: (rows, at) => {
      const x = new Row(width);
      for (let j = 0; j < width; j++) x[j] = rows[at + j]!;
      return x as T;
    },
    contains: (rows, at) => {
      for (let j = 0; j < width; j++) {
        const x = rows[at + j]!;
        if (!(x >= low[j]! && x <= high[j]!)) return false;
      }
      return true;
    },
  });
}

const BOX_ARRAYS: Readonly<Record<string, RowArray>> = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int32: Int32Array,
  uint8: Uint8Array,
};

/** Several parts concatenated, as float32. `parts` takes an element apart, `whole` puts it together. */
function partRows<T>(
  space: Space<T>,
  layouts: readonly RowLayout[],
  parts: (x: T) => readonly unknown[],
  whole: (parts: readonly unknown[]) => T,
): RowLayout<T> {
  const starts = layouts.map((_, i) => layouts.slice(0, i).reduce((sum, part) => sum + part.width, 0));
  const width = layouts.reduce((sum, part) => sum + part.width, 0);
  const read = (rows: Rows, at: number): T =>
    whole(layouts.map((part, i) => part.read(rows, at + starts[i]!)));
  return layout<T>(Float32Array, width, {
    write: (x, out, at) => {
      for (const [i, part] of parts(x).entries()) layouts[i]!.write(part, out, at + starts[i]!);
    },
    read,
    contains: (rows, at) => space.contains(read(rows, at)),
  });
}

/** @throws UserError for a user's own kind of space */
export function rowLayout(space: Space<unknown>): RowLayout {
  if (space instanceof Discrete) return discreteRows(space) as RowLayout;
  if (space instanceof Box) return arrayRows(BOX_ARRAYS[space.dtype]!, space.low, space.high) as RowLayout;
  if (space instanceof MultiDiscrete) {
    const high = space.nvec.map((n, i) => space.start[i]! + n - 1);
    return arrayRows(Int32Array, space.start, high) as RowLayout;
  }
  if (space instanceof MultiBinary) {
    const bits = space.shape.reduce((a, b) => a * b, 1);
    return arrayRows(Int8Array, new Int8Array(bits), new Int8Array(bits).fill(1)) as RowLayout;
  }
  if (space instanceof Tuple) {
    const spaces = space.spaces as readonly Space<unknown>[];
    return partRows<unknown[]>(
      space as unknown as Space<unknown[]>,
      spaces.map(rowLayout),
      (x) => x,
      (parts) => [...parts],
    ) as RowLayout;
  }
  if (space instanceof Dict) {
    const { keys } = space as Dict<Record<string, Space<unknown>>>;
    return partRows<Record<string, unknown>>(
      space as unknown as Space<Record<string, unknown>>,
      keys.map((key) => rowLayout((space.spaces as Record<string, Space<unknown>>)[key]!)),
      (x) => keys.map((key) => x[key]),
      (parts) => Object.fromEntries(keys.map((key, i) => [key, parts[i]])),
    ) as RowLayout;
  }
  throw new UserError(
    `${String(space)} cannot be laid out as rows of numbers: use Discrete, MultiDiscrete, MultiBinary, Box, or a Tuple or Dict of them`,
  );
}
