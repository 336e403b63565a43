/** Trains a coder on digits in a worker. */
import type { ImageData } from "galatea/data/data.ts";
import { openData } from "galatea/data/web.ts";
import { serve } from "../experiment/serve.ts";
import type { LatentKinds } from "./latent.ts";
import { LatentExperiment } from "./latent-experiment.ts";
import { LIMIT } from "./limit.ts";

let data: Promise<ImageData> | undefined;

serve<LatentKinds>(async (setting, engine) => {
  data ??= openData("mnist", { url: setting.data, limit: LIMIT });
  data.catch(() => {
    data = undefined; // it is fetched again the next time
  });
  const live = await LatentExperiment.open(setting, await data, engine);
  return { live, opened: { labels: live.labels } };
}, undefined);
