import type { Standing } from "../../experiment/tasks.ts";
import type { AgentKinds } from "../learning.ts";

/** What the tasks are judged by. */
export interface Seen extends Standing<AgentKinds> {
  /** Of returns, over the last steps. */
  readonly mean: number | undefined;
}

/** An option that was set in the page; undefined where it is as usual. */
export const given = (seen: Seen, option: string): unknown => seen.setting?.options[option];
