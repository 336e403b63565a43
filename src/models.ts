import type { Listed } from "./model/contract.ts";

/** Every model there is, by its name, loaded when it is used. A new one costs its own files and an entry here. */
export const MODELS = named({
  ae: {
    description: "autoencoder: an image through a code of few numbers and back",
    load: async () => (await import("./generative/autoencoder.ts")).ae,
  },
  dae: {
    description: "denoising autoencoder: from a damaged image to the image",
    load: async () => (await import("./generative/denoising.ts")).dae,
  },
  vae: {
    description: "variational autoencoder: codes from a known distribution, so that new images can be drawn",
    load: async () => (await import("./generative/vae.ts")).vae,
  },
  gan: {
    description: "generative adversarial network: one side draws, the other tells drawn from real",
    load: async () => (await import("./generative/gan/gan.ts")).gan,
  },
  ddpm: {
    description: "denoising diffusion with a U-Net: images out of noise, step by step",
    load: async () => (await import("./generative/diffusion/ddpm.ts")).ddpm,
  },
  dit: {
    description: "denoising diffusion with a transformer over patches (DiT, adaLN-Zero)",
    load: async () => (await import("./generative/diffusion/dit.ts")).dit,
  },
  classifier: {
    description:
      "classifier: which class is an image of; the ruler that images of the other models are measured by",
    load: async () => (await import("./generative/classifier.ts")).classifier,
  },
});

type Lines = Readonly<Record<string, Omit<Listed, "name">>>;

/** Each with its key as its name. */
function named<T extends Lines>(lines: T): { readonly [K in keyof T]: T[K] & Pick<Listed, "name"> } {
  const entries = Object.entries(lines).map(([name, line]) => [name, { name, ...line }]);
  return Object.fromEntries(entries);
}
