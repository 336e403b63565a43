/** The page's side of a model in the plane. */
import { Session } from "../experiment/session.svelte.ts";
import type { PlaneKinds } from "./experiment.ts";
import { FIRST_LOOK } from "./models.ts";

export type PlaneSession = Session<PlaneKinds>;

/** @param hang what is said when the worker gives no sign of life */
export const planeSession = (hang: string): PlaneSession =>
  new Session(
    () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
    FIRST_LOOK,
    hang,
  );
