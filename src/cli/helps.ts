import type { CommandHelp } from "./model-command.ts";

/** How the commands that many models have explain themselves, in the order of the help. */
export const HELPS: readonly CommandHelp[] = [
  {
    name: "sample",
    summary: "make new things with a trained model",
    description:
      "Make new things with a trained model, and show and save them. The same seed makes the same ones.",
    examples: [
      ["galatea sample vae-mnist", "shown in the terminal, saved as PNG"],
      ["galatea sample vae-mnist --seed 2 --out digits", "others, in a folder of your choice"],
      ["galatea sample vae-mnist --checkpoint 936", "as the model was at that step"],
    ],
  },
  {
    name: "reconstruct",
    summary: "pass test examples through a model",
    description:
      "Pass test examples through a trained model, and show what it makes of them beside the originals.",
    examples: [
      ["galatea reconstruct vae-mnist", "test images above, what the model makes of them below"],
      ["galatea reconstruct vae-mnist --seed 2", "other images"],
    ],
  },
  {
    name: "evaluate",
    summary: "measure a trained model on test data",
    description:
      "Measure a trained model on the test data. The numbers are printed, and saved as JSON in the run.",
    examples: [
      ["galatea evaluate vae-mnist", "every measure the model has"],
      ["galatea evaluate vae-mnist --json", "for scripts"],
      ["galatea evaluate vae-mnist --weights trained", "the weights themselves, not their averages"],
    ],
  },
  {
    name: "translate",
    summary: "write targets for sources with a trained model",
    description:
      "Write a target for each source with a trained encoder–decoder model: for a text of yours, or for examples of the test data.",
    examples: [
      ["galatea translate seq2seq-cmudict --source galatea", "how a word is said"],
      [
        "galatea translate seq2seq-cmudict --beams 5",
        "test examples, each with the five best that a search finds",
      ],
    ],
    instead: {
      sample:
        "A model without an encoder answers a text by going on from it (galatea sample, option `prompt`)",
    },
  },
  {
    name: "attention",
    summary: "draw what a trained model looks at",
    description:
      "Draw a trained sequence model's maps of attention for one example, layer by layer and head by head, and keep them as data.",
    examples: [
      ["galatea attention transformer-cmudict --source galatea", "what it looks at while it says a word"],
      ["galatea attention seq2seq-cmudict --source phone --target 'F OW N'", "for a target of your own"],
      ["galatea attention runs/names --prompt maria", "what each letter looks at in those before it"],
    ],
  },
  {
    name: "lens",
    summary: "draw what each layer of a language model would say next",
    description:
      "Draw the logit lens: what the output layer makes of the stream after each block of a trained GPT, token by token. The five likeliest of each are kept as data.",
    examples: [["galatea lens runs/names --prompt maria", "where the next letter is decided"]],
  },
];
