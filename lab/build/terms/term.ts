import type { Text } from "../../../src/map/index.ts";

/** A term of a formula, and where the code computes it. */
export interface Term {
  /** A part of the node's formula, as it stands there; every occurrence is meant. */
  readonly tex: string;
  /** Parts of the lines that are shown; lines of comment do not count. */
  readonly code: readonly string[];
  readonly name: Text;
}

export interface Linked {
  /** What computes the formula, where the node's own symbol only declares the model. */
  readonly at?: { readonly file: string; readonly symbol: string };
  readonly terms: readonly Term[];
}

export const term = (tex: string, en: string, zh: string, ...code: readonly string[]): Term => ({
  tex,
  code,
  name: { en, zh },
});
