import type { Listed } from "./model/contract.ts";

/** Every model by name, loaded on first use. A new model needs its own files and an entry here. */
export const MODELS = named({
  ae: {
    description: "autoencoder: compresses an image to a small code and reconstructs it",
    load: async () => (await import("./generative/autoencoder.ts")).ae,
  },
  dae: {
    description: "denoising autoencoder: reconstructs an image from a corrupted copy",
    load: async () => (await import("./generative/denoising.ts")).dae,
  },
  vae: {
    description: "variational autoencoder: codes from a known distribution, so that new images can be drawn",
    load: async () => (await import("./generative/vae.ts")).vae,
  },
  gan: {
    description:
      "generative adversarial network: a generator against a discriminator of real and generated examples",
    load: async () => (await import("./generative/gan/gan.ts")).gan,
  },
  ddpm: {
    description: "denoising diffusion with a U-Net: generates images from noise, step by step",
    load: async () => (await import("./generative/diffusion/ddpm.ts")).ddpm,
  },
  dit: {
    description: "denoising diffusion with a transformer over patches (DiT, adaLN-Zero)",
    load: async () => (await import("./generative/diffusion/dit.ts")).dit,
  },
  gpt: {
    description: "transformer that writes text token by token: GPT-2, with its techniques as options",
    load: async () => (await import("./sequence/gpt-model.ts")).gpt,
  },
  seq2seq: {
    description: "recurrent encoder and decoder (RNN, LSTM, GRU), with a fixed code or attention",
    load: async () => (await import("./sequence/seq2seq-model.ts")).seq2seq,
  },
  transformer: {
    description:
      "encoder and decoder of attention alone (Vaswani et al. 2017), with its techniques as options",
    load: async () => (await import("./sequence/transformer-model.ts")).transformer,
  },
  sft: {
    description: "supervised fine-tuning: a GPT learns the answers to prompts",
    load: async () => (await import("./rl/alignment/sft.ts")).sft,
  },
  reward: {
    description: "reward model: learns from pairs of completions which is better",
    load: async () => (await import("./rl/alignment/reward.ts")).reward,
  },
  dpo: {
    description: "direct preference optimisation: a policy from pairs, without draws of its own",
    load: async () => (await import("./rl/alignment/dpo.ts")).dpo,
  },
  ppo: {
    description:
      "proximal policy optimisation of a GPT: a value for every token (agents: galatea rl train ppo)",
    load: async () => (await import("./rl/alignment/ppo.ts")).ppo,
  },
  rloo: {
    description: "REINFORCE leave-one-out: a completion against the others of its prompt",
    load: async () => (await import("./rl/alignment/rloo.ts")).rloo,
  },
  grpo: {
    description: "group relative policy optimisation: a completion against the mean of its group",
    load: async () => (await import("./rl/alignment/grpo.ts")).grpo,
  },
  classifier: {
    description: "classifier of images; the ruler by which images of the other models are measured",
    load: async () => (await import("./generative/classifier.ts")).classifier,
  },
});

type Lines = Readonly<Record<string, Omit<Listed, "name">>>;

/** Adds each key as the name of its entry. */
function named<T extends Lines>(lines: T): { readonly [K in keyof T]: T[K] & Pick<Listed, "name"> } {
  const entries = Object.entries(lines).map(([name, line]) => [name, { name, ...line }]);
  return Object.fromEntries(entries);
}
