/** The tool in the list of commands. */
export const ABOUT = {
  name: "compare",
  summary: "measure a diffusion run by η and steps, or several runs beside one another",
} as const;
