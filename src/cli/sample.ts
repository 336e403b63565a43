import type { HookHelp } from "./hook.ts";

export const SAMPLE: HookHelp = {
  name: "sample",
  summary: "make new things with a trained model",
  description:
    "Make new things with a trained model, and show and save them. The same seed makes the same ones.",
  examples: [
    ["galatea sample vae-mnist", "shown in the terminal, saved as PNG"],
    ["galatea sample vae-mnist --seed 2 --out digits", "others, in a folder of your choice"],
    ["galatea sample vae-mnist --checkpoint 936", "as the model was at that step"],
  ],
};
