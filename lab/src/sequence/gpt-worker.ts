/** Trains and writes in a worker. */
import { serve } from "../experiment/serve.ts";
import { type GptKinds, NameWriter } from "./gpt.ts";

serve<GptKinds>(async (setting, engine) => {
  // Fetched when the first GPT is opened.
  const { default: names } = await import("virtual:names");
  const live = await NameWriter.open(setting, engine, names.split(" "));
  return { live, opened: live.opened };
}, undefined);
