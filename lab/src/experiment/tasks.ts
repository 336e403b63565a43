/** Things to break, whose success is read from the numbers; and questions to answer before it runs. */
import type { Text } from "galatea/map/map.ts";
import type { Kinds } from "./protocol.ts";

/** What tasks are judged by: an experiment as it is. Pages add what is theirs. */
export interface Standing<K extends Kinds = Kinds> {
  readonly step: number;
  /** What was asked for when it began: what the page asks for may be newer. */
  readonly setting: K["setting"] | undefined;
  readonly look: K["look"] | undefined;
  /** The newest value of a metric. */
  readonly latest: (metric: string) => number | undefined;
}

export interface Task<S> {
  readonly say: Text;
  readonly why: Text;
  readonly done: (seen: S) => boolean;
}

export interface Question {
  readonly ask: Text;
  readonly answers: readonly Text[];
  readonly right: number;
  readonly why: Text;
}

/** The tasks and questions of a page, or of one of its models. */
export interface Lesson<S> {
  readonly tasks: readonly Task<S>[];
  readonly questions: readonly Question[];
}

export const after =
  <S extends { readonly step: number }>(steps: number, holds: (seen: S) => boolean) =>
  (seen: S): boolean =>
    seen.step >= steps && holds(seen);

/** What is read of a session. */
interface Moving<S, L> {
  readonly step: number;
  readonly setting: S | undefined;
  readonly look: L | undefined;
  /** Another number when the series have grown. */
  readonly drawn: number;
  readonly series: { readonly values: Readonly<Record<string, readonly (number | undefined)[]>> };
}

/** To be derived: it is another when the session has moved. */
export function standing<S, L>({ step, setting, look, drawn, series: { values } }: Moving<S, L>) {
  void drawn;
  const latest = (metric: string): number | undefined => values[metric]?.findLast((v) => v !== undefined);
  return { step, setting, look, latest };
}
