/** The page's side of the sequence experiments. */
import { Session } from "../experiment/session.svelte.ts";
import type { GptKinds } from "./gpt.ts";
import type { PairKinds } from "./pairs.ts";

export type PairSession = Session<PairKinds>;
export type GptSession = Session<GptKinds>;

/** @param hang what is said when a worker gives no sign of life */
export const pairSession = (source: string, hang: string): PairSession =>
  new Session(
    () => new Worker(new URL("./pairs-worker.ts", import.meta.url), { type: "module" }),
    { source },
    hang,
  );

export const gptSession = (hang: string): GptSession =>
  new Session(
    () => new Worker(new URL("./gpt-worker.ts", import.meta.url), { type: "module" }),
    undefined,
    hang,
  );
