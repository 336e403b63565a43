/** Trains in a worker. */
import { serve } from "../experiment/serve.ts";
import { type PairKinds, Pairs } from "./pairs.ts";
import { SOURCE } from "./variants.ts";

serve<PairKinds>(
  async (setting, engine) => {
    const live = await Pairs.open(setting, engine);
    return { live, opened: { parameters: live.parameters } };
  },
  { source: SOURCE },
);
