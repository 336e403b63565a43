/** Trains in a worker. */
import { serve } from "../experiment/serve.ts";
import { type PairKinds, Pairs } from "./pairs.ts";

serve<PairKinds>(
  async (setting, engine) => {
    const live = await Pairs.open(setting, engine);
    return { live, opened: { parameters: live.parameters } };
  },
  { source: "abcdefgh" },
);
