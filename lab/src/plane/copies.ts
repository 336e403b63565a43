/** An experiment as what runs outside the page. */
import { commandOf as command } from "../experiment/command.ts";
import { programOf as program } from "../experiment/program.ts";
import { PLANE_MODELS, type Setting } from "./models.ts";

export const commandOf = ({ model, ...rest }: Setting, steps: number): string =>
  command({ ...PLANE_MODELS[model], model }, { ...rest, steps });

export function programOf({ model, data, seed, options }: Setting, steps: number): string {
  const { options: usual, training } = PLANE_MODELS[model];
  const all = { ...usual, ...options };
  return program({ model, from: "galatea/generative", data, options: all, training, seed, steps });
}
