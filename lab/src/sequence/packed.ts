/** Looks at models of pairs as they are kept in a file: a weight of attention is one character. */
import type { Maps, PairLook } from "./pairs.ts";

interface PackedMaps extends Pick<Maps, "part" | "rows" | "columns"> {
  readonly maps: readonly {
    readonly layer: string;
    readonly head: number;
    readonly rows: readonly string[];
  }[];
}

export interface PackedLook extends Omit<PairLook, "attention"> {
  readonly attention: readonly PackedMaps[];
}

const LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MOST = LEVELS.length - 1;

export const packed = ({ attention, ...rest }: PairLook): PackedLook => ({
  ...rest,
  attention: attention.map(({ maps, ...words }) => ({
    ...words,
    maps: maps.map(({ layer, head, weights }) => ({
      layer,
      head,
      rows: weights.map((row) => row.map((share) => LEVELS[Math.round(share * MOST)]).join("")),
    })),
  })),
});

export const unpacked = ({ attention, ...rest }: PackedLook): PairLook => ({
  ...rest,
  attention: attention.map(({ maps, ...words }) => ({
    ...words,
    maps: maps.map(({ layer, head, rows }) => ({
      layer,
      head,
      weights: rows.map((row) => Array.from(row, (level) => LEVELS.indexOf(level) / MOST)),
    })),
  })),
});
