/** The settings of the pages of diffusion, as controls and as chains. */
import type { Control, Value } from "../experiment/controls.ts";
import type { Chain } from "./chain.ts";

const CLASSES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;
/** No class at all. */
const ANY = "any";

const whole = (name: string, usual: number, min: number, max: number): Control => ({
  name,
  about: "",
  usual,
  kind: "whole",
  min,
  max,
});
export const choice = (name: string, usual: string, choices: readonly string[]): Control => ({
  name,
  about: "",
  usual,
  kind: "choice",
  choices,
});
export const number = (name: string, usual: number, min: number, max: number): Control => ({
  ...whole(name, usual, min, max),
  kind: "number",
});

const MOST_SEED = 999_999_999;
const digit = choice("class", "3", CLASSES);
export const seed = whole("seed", 0, 0, MOST_SEED);
const steps = whole("steps", 20, 1, 100);
const eta = number("eta", 0, 0, 1);
const spacing = choice("spacing", "linear", ["linear", "quadratic"]);
const guidance = number("guidance", 1, 0, 20);

export const FILM = [digit, seed, steps, eta, spacing, guidance];
export const GUIDANCE = [digit, seed, steps];
export const BETWEEN = [digit, seed, whole("to", 1, 0, MOST_SEED), steps];
export const COMPLETE = [choice("class", ANY, [ANY, ...CLASSES]), seed, steps];

/** Only what is not as usual. */
export type Options = Readonly<Record<string, Value>>;

/** All that a chain needs beside what its page says; what is left out is as usual. */
export function chainOf(options: Options, more: Partial<Chain> = {}): Chain {
  const of = ({ name, usual }: Control): Value => options[name] ?? usual;
  return {
    sampler: "ddim",
    steps: of(steps) as number,
    eta: of(eta) as number,
    spacing: of(spacing) as Chain["spacing"],
    guidance: of(guidance) as number,
    seed: of(seed) as number,
    starts: [{ seed: of(seed) as number }],
    label: Number(of(digit)),
    ...more,
  };
}

/** The scales of guidance side by side: 0 asks without the class, 1 is no guidance. */
export const SCALES = [0, 1, 2, 4, 8] as const;
/** Shares of the way from one noise to the other. */
export const SHARES = [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1] as const;

export function guidedOf(options: Options): Chain {
  const chain = chainOf(options);
  return { ...chain, guidance: SCALES, starts: SCALES.map(() => ({ seed: chain.seed })) };
}

export function betweenOf(options: Options): Chain {
  const chain = chainOf(options);
  const to = (options.to ?? 1) as number;
  return { ...chain, starts: SHARES.map((share) => ({ seed: chain.seed, to, share })) };
}

/** Completions of one picture, each from a noise of its own. */
export const COMPLETIONS = 4;

/** With η = 1, as RePaint has it: what is new finds its way into what is kept. */
export function completionOf(options: Options, kept: NonNullable<Chain["kept"]>): Chain {
  const { label, ...chain } = chainOf(options, { eta: 1, kept });
  const starts = Array.from({ length: COMPLETIONS }, (_, i) => ({ seed: chain.seed + i }));
  return { ...chain, starts, ...(options.class !== undefined && { label: label! }) };
}
/** What is to be completed at first. */
export const FIRST = { digit: 7, part: "upper" } as const;
