import { UserError } from "../../errors.ts";

/** Maps points of a box to a few active binary features, as input of linear methods. */
export interface TileCoding {
  /** Number of features. */
  readonly size: number;
  /** Features active at once: the number of tilings. */
  readonly active: number;
  /** Writes the indices of the features active at `point` to `out` and returns it. */
  encode(point: ArrayLike<number>, out?: Int32Array): Int32Array;
}

/**
 * Tile coding (Sutton & Barto, section 9.5.4): `tilings` grids of `tiles` tiles per dimension over the box
 * low … high, each displaced by the asymmetric offsets (1, 3, 5, …) of 1/tilings of a tile. Points outside
 * the box are clipped to it.
 */
export function tileCoding(options: {
  low: ArrayLike<number>;
  high: ArrayLike<number>;
  tiles: number | readonly number[];
  tilings: number;
}): TileCoding {
  const { low, high, tilings } = options;
  const d = low.length;
  const tiles =
    typeof options.tiles === "number"
      ? Array.from({ length: d }, () => options.tiles as number)
      : options.tiles;
  if (high.length !== d || tiles.length !== d) {
    throw new UserError(
      `tile coding: ${d} lower bounds, ${high.length} upper bounds, ${tiles.length} numbers of tiles`,
    );
  }
  for (let i = 0; i < d; i++) {
    if (!(Number.isFinite(low[i]) && Number.isFinite(high[i]) && (low[i] as number) < (high[i] as number))) {
      throw new UserError(
        `tile coding: dimension ${i} has the bounds ${low[i]} and ${high[i]}; both must be finite`,
      );
    }
  }
  if (!(Number.isInteger(tilings) && tilings >= 1))
    throw new UserError(`tilings must be ≥ 1, not ${tilings}`);
  // Displaced grids need one tile more to cover the box.
  const side = tiles.map((n) => n + 1);
  const perTiling = side.reduce((product, n) => product * n, 1);
  return {
    size: tilings * perTiling,
    active: tilings,
    encode: (point, out = new Int32Array(tilings)) => {
      for (let k = 0; k < tilings; k++) {
        let index = 0;
        for (let i = 0; i < d; i++) {
          const lo = low[i] as number;
          const x = ((point[i] as number) - lo) / ((high[i] as number) - lo);
          const scaled = Math.min(Math.max(x, 0), 1) * tiles[i]!;
          const offset = ((k * (2 * i + 1)) % tilings) / tilings;
          index = index * side[i]! + Math.min(Math.floor(scaled + offset), tiles[i]!);
        }
        out[k] = k * perTiling + index;
      }
      return out;
    },
  };
}
