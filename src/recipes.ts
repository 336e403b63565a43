import { type Recipe, recipe } from "./model/contract.ts";
import { MODELS } from "./models.ts";

const { classifier, ddpm, dit, gan, gpt, reward, rloo, seq2seq, sft, transformer, vae } = MODELS;

/** Models with data and options that go well together, and their recorded results. */
export const RECIPES: readonly Recipe[] = [
  recipe("ddpm-mnist", ddpm, {
    description: "digits by diffusion with a small U-Net, class-conditional",
    options: { prediction: "v", schedule: "cosine" },
    training: { data: "mnist", lr: 2e-3, steps: 8000, cooldown: 0.25 },
    recorded:
      "13 min 20 s on two cores; 96.3 % of 1000 samples are recognised as asked for, Fréchet distance 4.2 at a floor of 3.3; " +
      "with guidance 1.3 98.7 % and 4.7 (galatea train ddpm-mnist; galatea evaluate ddpm-mnist, option `guidance` 1.3)",
  }),
  recipe("ddpm-fashion", ddpm, {
    description: "the same for pieces of clothing",
    options: { prediction: "v", schedule: "cosine", flip: true },
    training: { data: "fashion-mnist", lr: 2e-3, steps: 16_000, cooldown: 0.25 },
    recorded:
      "27 min 4 s on two cores; Fréchet distance 27.2 at a floor of 2.4, 76.1 % of 1000 samples recognised as asked for " +
      "(galatea train ddpm-fashion; galatea compare ddpm-fashion, option `etas` 0, option `steps` 50, option `spacings` linear)",
  }),
  recipe("dit-mnist", dit, {
    description: "digits by diffusion with a small transformer, class-conditional",
    options: { prediction: "x0", schedule: "cosine" },
    training: { data: "mnist", lr: 2e-3, steps: 12_000, cooldown: 0.25 },
    recorded:
      "38 minutes of one core; 95.5 % of 1000 samples are recognised as asked for, Fréchet distance 5.6 at a floor of 3.3 " +
      "(galatea train dit-mnist, option `threads` 1; galatea compare ddpm-mnist dit-mnist)",
  }),
  recipe("ddpm-cifar10", ddpm, {
    description: "Ho et al. (2020) on CIFAR-10 exactly as published; needs a GPU",
    options: {
      schedule: "linear",
      timesteps: 1000,
      prediction: "epsilon",
      unconditional: true,
      width: 128,
      multipliers: [1, 2, 2, 2],
      attentionAt: [16],
      layersPerBlock: 2,
      groups: 32,
      dropout: 0.1,
      flip: true,
    },
    training: {
      data: "cifar10:data/cifar-10-batches-bin",
      batchSize: 128,
      lr: 2e-4,
      steps: 800_000,
      ema: 0.9999,
      warmup: 5000,
    },
    recorded:
      "not trained here: 800,000 steps of a U-Net of 35.7 million parameters need a GPU (one takes 3.5 s on an NVIDIA H200 " +
      "through WebGPU, a month in all). The paper samples with " +
      "galatea sample ddpm-cifar10 with option `sampler` ddpm and option `variance` fixed-large and reports FID 3.17",
  }),
  recipe("gan-mnist", gan, {
    description: "digits by a convolutional GAN, class-conditional (projection discriminator)",
    options: { conditional: "projection" },
    training: { data: "mnist", steps: 6000 },
    recorded:
      "11 min 32 s on one core; each digit 9.6 % to 10.5 % of 10,000 samples, Fréchet distance 6.3 at a floor of 0.75 " +
      "(galatea train gan-mnist; galatea evaluate gan-mnist, option `samples` 10000)",
  }),
  recipe("vae-mnist", vae, {
    description: "digits by a variational autoencoder",
    options: {},
    training: { data: "mnist" },
    recorded:
      "10 epochs in 81 s on two cores; ELBO −100.9 nats with dynamic binarisation, IWAE-100 −97.6 " +
      "(galatea train vae-mnist; galatea evaluate vae-mnist)",
  }),
  recipe("gpt-shakespeare", gpt, {
    description:
      "nanoGPT's recipe for CPUs with rotary positions and four times its rate, on a text of your own",
    options: { width: 128, context: 64, activation: "gelu", bias: false },
    training: { data: "text:input.txt", batchSize: 12, lr: 4e-3, steps: 2000 },
    recorded:
      "on tiny-shakespeare 1.74 nats a character on all of the last tenth, where nanoGPT reports 1.88 and a 5-gram model has 1.67; " +
      "72 s on two cores (galatea train gpt-shakespeare). With learned positions and nanoGPT's rate of 1e-3, 1.93",
  }),
  recipe("gpt-shakespeare-128", gpt, {
    description:
      "the same size with twice the context and four times the steps: below what counting can reach",
    options: { width: 128, context: 128, bias: false },
    training: { data: "text:input.txt", batchSize: 16, lr: 4e-3, steps: 4000 },
    recorded:
      "on tiny-shakespeare 1.515 nats a character on all of the last tenth, where a 5-gram model has 1.669; 8 min 34 s on two cores " +
      "(galatea train gpt-shakespeare-128)",
  }),
  recipe("gpt-quatrains", gpt, {
    description: "quatrains of the Tang, four lines of five characters (npm i chinese-poetry)",
    options: { width: 128, heads: 4, layers: 3, context: 51, dropout: 0.1 },
    training: { data: "tang-poems:4x5", batchSize: 32, lr: 3e-3, steps: 600 },
    recorded:
      "98.4 % of 320 samples are four lines of five characters; 5.07 nats a character where the 5-gram model has 5.63; 132 s of one core " +
      "(galatea train gpt-quatrains; galatea evaluate gpt-quatrains, option `pattern` (\\p{Script=Han}{5}[，。？！；]){4}, option `samples` 320)",
  }),
  recipe("gpt-addition", gpt, {
    description: "sums of two numbers of two digits, as questions and answers",
    options: { layers: 3, context: 12 },
    training: { data: "task:addition", batchSize: 64, lr: 5e-3, steps: 3000 },
    recorded:
      "all of the 1000 sums that it was not shown are right as a whole; 66 s of one core (galatea train gpt-addition; galatea evaluate gpt-addition)",
  }),
  recipe("gpt-sort", gpt, {
    description: "minGPT's task: six symbols of three kinds, to be sorted",
    options: { layers: 2, heads: 3, width: 48, context: 14 },
    training: { data: "task:sort,length=6,min=6,symbols=3", batchSize: 64, lr: 5e-3, steps: 600 },
    recorded:
      "all of the 729 inputs are sorted, the 72 that it was not shown too; 11 s of one core (galatea train gpt-sort; galatea evaluate gpt-sort)",
  }),
  recipe("gpt-induction", gpt, {
    description:
      "a string of distinct letters, to be repeated: two layers find the rule, one (option `layers`) does not",
    options: { layers: 2, context: 55 },
    training: { data: "task:induction,min=20,length=26", batchSize: 64, lr: 5e-3, steps: 1000 },
    recorded:
      "all of 2000 strings that it was not shown are repeated as a whole; with one layer none; 87 s and 47 s of one core " +
      "(galatea train gpt-induction; galatea evaluate gpt-induction)",
  }),
  recipe("gpt-stories", gpt, {
    description:
      "the smallest of llama2.c, 260,000 parameters: rotary positions, RMSNorm, SwiGLU, 512 tokens",
    options: {
      layers: 5,
      heads: 8,
      width: 64,
      context: 512,
      feedForward: 172,
      normKind: "rms",
      gated: true,
      activation: "silu",
      bias: false,
    },
    training: { data: "text:stories.txt", tokenizer: "bpe:512", batchSize: 32, lr: 1e-3, steps: 100_000 },
    recorded:
      "not trained here. llama2.c reaches 1.297 nats a token on TinyStories, with half as many heads for keys as for queries",
  }),
  recipe("seq2seq-cmudict", seq2seq, {
    description: "pronunciations of English words by an LSTM with additive attention",
    options: { width: 256, attention: "additive", dropout: 0.2 },
    training: { data: "cmudict", batchSize: 64, lr: 3e-3, epochs: 20 },
    recorded:
      "28.8 % of 12,604 words wrong (WER), 7.1 % of their phones, greedily; 28.6 % and 7.0 % with five beams; 38 min 43 s on one core " +
      "(galatea train seq2seq-cmudict; galatea evaluate seq2seq-cmudict, option `beams` 5)",
  }),
  recipe("transformer-cmudict", transformer, {
    description: "the same by a Transformer",
    options: { width: 128, layers: 3 },
    training: { data: "cmudict", batchSize: 128, lr: 3e-3, epochs: 27 },
    recorded:
      "30.2 % of 12,604 words wrong (WER), 7.5 % of their phones, greedily; 29.9 % and 7.5 % with five beams; 39.6 minutes of each of two cores " +
      "(mpirun -n 2 galatea train transformer-cmudict, option `parallel` mpi; galatea evaluate transformer-cmudict, option `beams` 5)",
  }),
  recipe("lstm64-cmudict", seq2seq, {
    description: "the same by two layers of 64, with a fixed code: the bottleneck",
    options: { width: 64, layers: 2, bidirectional: false, attention: "none", dropout: 0 },
    training: { data: "cmudict", batchSize: 64, lr: 3e-3, epochs: 20 },
    recorded:
      "41.8 % of 12,604 words wrong (WER), 12.6 % of their phones, greedily; 40.7 % and 11.8 % with five beams; 6 min 22 s of one core " +
      "(galatea train lstm64-cmudict; galatea evaluate lstm64-cmudict, option `beams` 5)",
  }),
  recipe("sorter", sft, {
    description: "fifty steps of fine-tuning on six letters to be sorted: where the next begin",
    options: { layers: 2, context: 16, positions: "learned", activation: "relu" },
    training: { data: "task:sort,length=6,min=6,symbols=10", lr: 5e-3, steps: 50 },
  }),
  recipe("sorter-rloo", rloo, {
    description: "letters sorted right by reinforcement alone (option `from`: a run of sorter)",
    options: { beta: 0 },
    training: { data: "task:sort,length=6,min=6,symbols=10", lr: 1e-3, lrSchedule: "linear", steps: 500 },
    recorded:
      "19.5 % of 256 held-out prompts answered right before, drawn at temperature 1, and 96.5 % after; 44 s on one core " +
      "(galatea train sorter; galatea train sorter-rloo, option `from` sorter, option `threads` 1); all of 1000 with option `steps` 2500, 4 min 18 s",
  }),
  recipe("sorter-judge", reward, {
    description: "a reward model of sorted letters (option `from`: a run of sorter)",
    options: {},
    training: { data: "task:sort,length=6,min=6,symbols=10", steps: 1500, lrSchedule: "linear" },
    recorded:
      "tells the right one of held-out pairs in 96.7 % of them; 2 min 39 s of one core " +
      "(galatea train sorter; galatea train sorter-judge, option `from` sorter, option `threads` 1)",
  }),
  recipe("classifier-mnist", classifier, {
    description: "a classifier of digits, by which generated digits are measured",
    options: {},
    training: { data: "mnist" },
    recorded:
      "99.20 % of the test images are classified correctly (galatea train classifier-mnist; galatea evaluate classifier-mnist)",
  }),
];
