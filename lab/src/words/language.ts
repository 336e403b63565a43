import type { Language } from "galatea/map/map.ts";

export type { Language };
export const LANGUAGES = ["en", "zh"] as const satisfies readonly Language[];

/** The same words in other languages: texts stay texts, and functions keep their arguments. */
type Same<W> = {
  readonly [K in keyof W]: W[K] extends string
    ? string
    : W[K] extends (...args: infer A) => string
      ? (...args: A) => string
      : Same<W[K]>;
};

/** A page's words in each language. What is missing in one does not compile. */
export const words = <const W>(en: W, zh: Same<W>): Readonly<Record<Language, Same<W>>> => ({
  en: en as Same<W>,
  zh,
});
