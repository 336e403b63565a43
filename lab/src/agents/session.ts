/** The page's side of an agent that learns. */
import { Session } from "../experiment/session.svelte.ts";
import type { AgentKinds } from "./learning.ts";

export type AgentSession = Session<AgentKinds>;

/** @param hang what is said when the worker gives no sign of life */
export const agentSession = (hang: string): AgentSession =>
  new Session(() => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }), undefined, hang);
