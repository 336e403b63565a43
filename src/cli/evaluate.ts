import type { HookHelp } from "./hook.ts";

export const EVALUATE: HookHelp = {
  name: "evaluate",
  summary: "measure a trained model on test data",
  description:
    "Measure a trained model on the test data. The numbers are printed, and saved as JSON in the run.",
  examples: [
    ["galatea evaluate vae-mnist", "every measure the model has"],
    ["galatea evaluate vae-mnist --json", "for scripts"],
    ["galatea evaluate vae-mnist --weights trained", "the weights themselves, not their averages"],
  ],
};
