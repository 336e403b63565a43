/** Trains in a worker. */
import { serve } from "../experiment/serve.ts";
import { type AlignKinds, Alignment } from "./alignment.ts";

serve<AlignKinds>(
  async (setting, engine, progress) => {
    const live = await Alignment.open(setting, engine, progress);
    return { live, opened: live.opened };
  },
  { prompt: 0 },
);
