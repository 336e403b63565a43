import { CATALOG } from "./catalog.ts";
import { compare } from "./generative/compare/tool.node.ts";

import { type OpenRunOptions, openRunIn } from "./model/node.ts";
import type { OpenedRun } from "./model/opened.ts";
import type { Tool } from "./model/tool.ts";

export * from "./catalog.ts";
export { saveRun } from "./model/node.ts";

/** What is done with several runs at once. */
export const TOOLS: readonly Tool[] = [compare];

/**
 * Open a run by its folder, or by its name under `runs/` or among the runs that come with the package, as a model
 * with its weights: `const run = await openRun("ddpm-mnist"); await run.do("sample", { count: 16 })`. No data set is
 * opened unless a command needs one.
 */
export const openRun = (name: string, options: OpenRunOptions = {}): Promise<OpenedRun> =>
  openRunIn(CATALOG, name, options);
