/** The pages of the lab, each a chunk of its own. */
import type { Component } from "svelte";
import type { shell } from "./words/shell.ts";

export interface PageProps {
  /** What follows the page's name in the address: of `runs/first`, "first". */
  readonly rest: string;
}

interface Page {
  // biome-ignore lint/suspicious/noExplicitAny: a page takes PageProps, or no properties at all
  readonly load: () => Promise<{ default: Component<any> }>;
  /** Whether the page uses the whole width of the window. */
  readonly wide?: true;
}

export const PAGES: Readonly<Record<string, Page>> = {
  "": { load: () => import("./map/MapPage.svelte"), wide: true },
  grids: { load: () => import("./grids/GridsPage.svelte"), wide: true },
  bridge: { load: () => import("./bridge/BridgePage.svelte"), wide: true },
  runs: { load: () => import("./runs/RunsPage.svelte"), wide: true },
  play: { load: () => import("./play/PlayPage.svelte") },
  a: { load: () => import("./algorithm/AlgorithmPage.svelte") },
  plane: { load: () => import("./plane/PlanePage.svelte"), wide: true },
  digits: { load: () => import("./digits/DigitsPage.svelte") },
  alignment: { load: () => import("./alignment/AlignmentPage.svelte"), wide: true },
  sequence: { load: () => import("./sequence/SequencePage.svelte"), wide: true },
  agents: { load: () => import("./agents/AgentsPage.svelte"), wide: true },
};

/** What stands in the navigation, in this order. */
export const NAVIGATION: readonly (readonly [path: string, name: keyof typeof shell.en.pages])[] = [
  ["", "map"],
  ["plane", "plane"],
  ["digits", "digits"],
  ["sequence", "sequence"],
  ["alignment", "alignment"],
  ["bridge", "bridge"],
  ["grids", "grids"],
  ["agents", "agents"],
  ["runs", "runs"],
  ["play", "play"],
];

/** The page of a path: its first word is the page's name. */
export function pageOf(path: string): { readonly page: Page | undefined; readonly rest: string } {
  const [name = "", ...rest] = path.split("/");
  return { page: Object.hasOwn(PAGES, name) ? PAGES[name] : undefined, rest: rest.join("/") };
}
