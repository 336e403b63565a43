/** Linear programming in a page: the solver comes from where the page's owner serves it. */
import type { Highs } from "highs";
import { modelById } from "../../src/rl/figures/figure.ts";
import { linearProgramming } from "../../src/rl/mdp/linear-programming.ts";

const HIGHS = "/highs/highs.mjs";

export const tasks = {
  async solve({ id, gamma }: { id: string; gamma: number }): Promise<number[]> {
    const loader = (await import(HIGHS)) as typeof import("highs");
    const highs: Highs = await loader.default({ locateFile: (file: string) => `/highs/${file}` });
    return Array.from((await linearProgramming(modelById(id), { gamma, highs })).v);
  },

  /** What is said where nobody brings the solver. */
  refusal: (): Promise<string> =>
    linearProgramming(modelById("FrozenLake-v1"), { gamma: 0.99 }).then(
      () => "solved",
      (error: Error) => `${error.name}: ${error.message}`,
    ),
};
