/** The shipped diffusion model in a worker: it does not learn here, but answers. */
import { ddpm } from "galatea/generative/diffusion/ddpm.ts";
import { type AnyModel, listed } from "galatea/model/contract.ts";
import { openRunAt } from "galatea/model/web.ts";
import { breathe, serve } from "../experiment/serve.ts";
import { Chains } from "./chains.ts";
import type { ChainKinds } from "./kinds.ts";

const catalog = { models: { ddpm: listed<AnyModel>(ddpm) } };

serve<ChainKinds>(async ({ run: url }, engine) => {
  const run = await openRunAt(catalog, url, { engine });
  const chains = new Chains(run, engine);
  return {
    opened: { step: run.step },
    live: {
      ask: (ask, answer, wanted) =>
        chains.run(ask, answer, async () => {
          await breathe(); // so that what is newly asked is heard
          return wanted();
        }),
      dispose: () => chains.dispose(),
      look: async () => ({ step: 0, numbers: {} }),
      next: async () => ({ step: 0, player: undefined, metrics: {} }),
      rewind: () => undefined,
    },
  };
}, undefined);
