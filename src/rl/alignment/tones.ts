/** The rules of tone of a regulated quatrain, four lines of five characters, as a reward. */
import { UserError } from "../../errors.ts";
import type { Reward } from "./rewards.ts";

/** The asset with the tones of characters: a line of level ones (平), one of oblique ones (仄), one of those that can be both. */
export const TONES = "tones/tang.txt";

/** A set of tones as bits: a character that can be both fits everywhere, and so does one that is not known. */
const [LEVEL, OBLIQUE, BOTH] = [1, 2, 3];

export type Tones = (character: string) => number;

/** @throws UserError where the text is not three lines of characters */
export function tonesOf(text: string): Tones {
  const lines = text.trimEnd().split("\n");
  if (lines.length !== 3) throw new UserError(`${TONES} has ${lines.length} lines, and not 3`);
  const known = new Map<string, number>();
  for (const [i, tone] of [LEVEL, OBLIQUE, BOTH].entries())
    for (const character of lines[i]!) known.set(character, tone);
  return (character) => known.get(character) ?? BOTH;
}

const FORM = /^(?:\p{Script=Han}{5}[，。？！；]){4}$/u;

/**
 * Which of the four rules a quatrain keeps; undefined where it is no four lines of five characters.
 *   1. in each line the second and the fourth character differ
 *   2. the second characters of lines 1 and 2 differ, and those of lines 3 and 4
 *   3. those of lines 2 and 3 agree
 *   4. lines 2 and 4 end level, line 3 oblique
 */
export function toneRules(poem: string, tones: Tones): readonly boolean[] | undefined {
  if (!FORM.test(poem)) return undefined;
  const all = Array.from(poem, tones);
  const at = (line: number, place: number): number => all[(line - 1) * 6 + place - 1]!;
  const differ = (a: number, b: number): boolean => a === BOTH || b === BOTH || a !== b;
  return [
    [1, 2, 3, 4].every((line) => differ(at(line, 2), at(line, 4))),
    differ(at(1, 2), at(2, 2)) && differ(at(3, 2), at(4, 2)),
    (at(2, 2) & at(3, 2)) !== 0,
    (at(2, 5) & LEVEL) !== 0 && (at(4, 5) & LEVEL) !== 0 && (at(3, 5) & OBLIQUE) !== 0,
  ];
}

/** A quarter for each rule that is kept; or 1 where all are. 0 where the form is another. */
export const toneReward =
  (tones: Tones, all: boolean): Reward =>
  ({ prompt, completion }) => {
    const kept = toneRules(prompt + completion, tones)?.filter(Boolean).length ?? 0;
    return all ? Number(kept === 4) : kept / 4;
  };
