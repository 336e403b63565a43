/** What runs outside the page: a chain that makes the same image, and the training of a coder. */
import { flag, commandOf as trainingCommand } from "../experiment/command.ts";
import type { Value } from "../experiment/controls.ts";
import { literal, programOf as trainingProgram } from "../experiment/program.ts";
import type { Chain } from "./chain.ts";
import { CODERS, type LatentSetting, TRAINING } from "./latent.ts";

const RUN = "ddpm-mnist";

/** What `sample` is asked for, beside the seed. */
const askedOf = ({
  sampler,
  steps,
  eta,
  spacing,
  label,
  guidance,
}: Chain): Readonly<Record<string, Value>> => ({
  count: 1,
  steps,
  ...(sampler === "ddpm" && { sampler, variance: "fixed-small" }),
  ...(sampler === "ddim" && eta !== 0 && { eta }),
  ...(spacing !== "linear" && { spacing }),
  ...(label !== undefined && { class: String(label) }),
  ...(typeof guidance === "number" && guidance !== 1 && { guidance }),
});

export const commandOf = (chain: Chain): string =>
  [`npx galatea sample ${RUN} --seed ${chain.seed}`, ...Object.entries(askedOf(chain)).map(flag)].join(" ");

export const programOf = (chain: Chain): string => `import { openRun } from "galatea/catalog";

const run = await openRun("${RUN}");
const { pictures } = await run.do("sample", ${literal(askedOf(chain))}, { seed: ${chain.seed} });
console.log(pictures);`;

/** Of all of MNIST; the page has its first 6,000 images. */
export function latentCopies({ model, seed, lr, options }: Omit<LatentSetting, "data">, steps: number) {
  const { options: usual } = CODERS[model];
  const training = { ...TRAINING, lr };
  return {
    command: trainingCommand({ model, options: usual, training }, { data: "mnist", options, seed, steps }),
    program: trainingProgram({ model, from: "galatea/generative", data: "mnist", options: { ...usual, ...options }, training, seed, steps }), // biome-ignore format: one line
  };
}
