/** A chain as a command that makes the same image. */
import type { Chain } from "./chain.ts";

export function commandOf({ sampler, steps, eta, spacing, seed, label, guidance }: Chain): string {
  const flags = [
    `--count 1 --steps ${steps} --seed ${seed}`,
    sampler === "ddpm" && "--sampler ddpm --variance fixed-small",
    sampler === "ddim" && eta !== 0 && `--eta ${eta}`,
    spacing !== "linear" && `--spacing ${spacing}`,
    label !== undefined && `--class ${label}`,
    typeof guidance === "number" && guidance !== 1 && `--guidance ${guidance}`,
  ];
  return ["npx galatea sample ddpm-mnist", ...flags.filter(Boolean)].join(" ");
}
