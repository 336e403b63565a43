/** Learns in a worker. */
import { serve } from "../experiment/serve.ts";
import { type AgentKinds, Learning } from "./learning.ts";

serve<AgentKinds>(async (setting, engine) => {
  const live = await Learning.open(setting, engine);
  return { live, opened: { steps: live.steps } };
}, undefined);
