/** The tool's entry in the list of commands. */
export const ABOUT = {
  name: "compare",
  summary: "measure a diffusion run over η and steps, or compare several runs",
} as const;
