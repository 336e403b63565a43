import type { HookHelp } from "./hook.ts";

export const RECONSTRUCT: HookHelp = {
  name: "reconstruct",
  summary: "pass test examples through a model",
  description:
    "Pass test examples through a trained model, and show what it makes of them beside the originals.",
  examples: [
    ["galatea reconstruct vae-mnist", "test images above, what the model makes of them below"],
    ["galatea reconstruct vae-mnist --seed 2", "other images"],
  ],
};
