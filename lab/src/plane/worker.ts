/** Trains in a worker. */
import { serve } from "../experiment/serve.ts";
import { Experiment, type PlaneKinds } from "./experiment.ts";
import { FIRST_LOOK } from "./models.ts";

serve<PlaneKinds>(async (setting, engine) => {
  const live = await Experiment.open(setting, engine);
  return { live, opened: { view: live.view, real: live.real } };
}, FIRST_LOOK);
