/** Light, dark, or as the system has it. */
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const saved = localStorage.getItem("galatea-theme");
const system = matchMedia("(prefers-color-scheme: dark)");

let chosen = $state<Theme>(THEMES.find((theme) => theme === saved) ?? "auto");
let systemDark = $state(system.matches);
system.addEventListener("change", ({ matches }) => {
  systemDark = matches;
});

export const theme = {
  get chosen(): Theme {
    return chosen;
  },
  /** What is seen: canvases draw with it. */
  get dark(): boolean {
    return chosen === "auto" ? systemDark : chosen === "dark";
  },
  /** From one to the next, round and round. */
  turn(): void {
    chosen = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length]!;
    if (chosen === "auto") {
      localStorage.removeItem("galatea-theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("galatea-theme", chosen);
      document.documentElement.dataset.theme = chosen;
    }
  },
};
