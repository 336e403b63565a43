import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import { type ChartSpec, lineChart } from "../../plot/index.ts";
import { saveChart, savePng, svgToPng } from "../../plot/node.ts";
import { type Env, functionalBase, modelOf } from "../../rl/env.ts";
import { make } from "../../rl/make.ts";
import { type Mdp, mdpFromTable } from "../../rl/mdp/model.ts";
import { gridSvg } from "../../rl/render/svg.ts";

/** Options of every command that makes an environment. */
export const EnvOptions = z.strictObject({
  env: z.string().optional().describe("id of the environment (see `galatea rl list`)"),
  envOptions: z.string().optional().describe("its options as KEY=VALUE,KEY=VALUE, such as is_slippery=false"),
});

/** is_slippery=false,map_name=8x8 → { is_slippery: false, map_name: "8x8" }. */
export function parseEnvOptions(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text === "") return {};
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UserError(`--env-options ${text}: "${pair}" is not KEY=VALUE`);
      return [pair.slice(0, at).trim(), parseValue(pair.slice(at + 1).trim())];
    }),
  );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** An environment with its exact model. */
export interface Finite {
  readonly env: Env<unknown, number>;
  readonly model: Mdp;
}

/** The id of --env. @throws UserError where it is missing. */
export function requireEnv(id: string | undefined): string {
  if (id !== undefined) return id;
  throw new UserError(
    "say which environment, such as --env FrozenLake-v1 (`galatea rl list` shows them all)",
  );
}

export function openFinite(id: string, options: Record<string, unknown>): Finite {
  const env = make(id, options) as Env<unknown, number>;
  return { env, model: mdpFromTable(modelOf(env as Env)) };
}

/** The discount, --gamma. */
export const Gamma = z.number().min(0).max(1);

/** One row per state: its name, value, best action, action values. */
export function valuesCsv(
  m: Mdp,
  v: ArrayLike<number>,
  actions: ArrayLike<number>,
  q: ArrayLike<number>,
): string {
  const quote = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = ["state", "name", "v", "action", ...m.actionNames.map((name) => `q(${name})`)];
  const rows = Array.from({ length: m.states }, (_, s) => {
    const own = m.actionNames.map((_, a) => {
      const x = q[s * m.actions + a] as number;
      return Number.isFinite(x) ? String(x) : "";
    });
    const action = actions[s] === -1 ? "" : m.actionNames[actions[s] as number]!;
    return [String(s), quote(m.stateName(s)), String(v[s]), quote(action), ...own];
  });
  return [head.map(quote), ...rows].map((row) => row.join(",")).join("\n") + "\n";
}

/** policy.png: the grid with values and arrows, or, where there is no grid, values and actions by state. */
export async function savePolicy(
  folder: string,
  title: string,
  { env, model }: Finite,
  v: ArrayLike<number>,
  actions: ArrayLike<number>,
): Promise<string> {
  const path = join(folder, "policy.png");
  const { layout } = functionalBase(env as Env).functional;
  const values = Array.from({ length: model.states }, (_, s) => v[s] as number);
  if (layout !== undefined && layout.moves.length > 0) {
    const shown = Array.from({ length: model.states }, (_, s) => actions[s] as number);
    const svg = gridSvg({ layout, values, actions: shown, title, digits: digitsFor(values) });
    await savePng(path, svgToPng(svg));
  } else {
    const x = values.map((_, s) => s);
    const chart: ChartSpec = lineChart(
      { title, x: "state", y: "value of the state" },
      [{ name: "v", x, y: values }],
      {
        width: 640,
        height: 320,
      },
    );
    await saveChart(path, chart);
  }
  return path;
}

function digitsFor(values: readonly number[]): number {
  const size = Math.max(...values.map(Math.abs));
  return size >= 10 ? 1 : 2;
}

/** A policy as lines of text: arrows on a grid, or one line for each of the first states. */
export function policyText({ env, model }: Finite, v: ArrayLike<number>, actions: ArrayLike<number>): string {
  const { layout } = functionalBase(env as Env).functional;
  if (layout === undefined || model.states !== layout.rows * layout.columns) {
    const shown = Math.min(model.states, 12);
    const lines = Array.from({ length: shown }, (_, s) => {
      const action = actions[s] === -1 ? "(end)" : model.actionNames[actions[s] as number]!;
      return `  ${model.stateName(s).padEnd(28)} ${(v[s] as number).toFixed(3).padStart(9)}  ${action}`;
    });
    if (model.states > shown)
      lines.push(`  … ${model.states - shown} more: values.csv of the run, or of --out, has them all`);
    return lines.join("\n");
  }
  const arrow = (s: number): string => {
    const cell = layout.cells[layout.cellOf(s)]!;
    if ("GH#C".includes(cell)) return cell;
    const move = layout.moves[actions[s] as number];
    if (move === undefined) return ".";
    return ARROWS[`${Math.sign(move[0])} ${Math.sign(move[1])}`] ?? "·";
  };
  return Array.from({ length: layout.rows }, (_, r) => {
    const cells = Array.from({ length: layout.columns }, (_, c) => r * layout.columns + c);
    const numbers = cells.map((s) => (v[s] as number).toFixed(2).padStart(7)).join("");
    return `  ${cells.map(arrow).join(" ")}   ${numbers}`;
  }).join("\n");
}

const ARROWS: Readonly<Record<string, string>> = {
  "-1 0": "↑",
  "1 0": "↓",
  "0 1": "→",
  "0 -1": "←",
  "-1 1": "↗",
  "1 1": "↘",
  "1 -1": "↙",
  "-1 -1": "↖",
};

/** Writes a text file whole or not at all, and returns its path. */
export async function save(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFileAtomic(path, text);
  return path;
}

/** E[v(S₀)]. */
export function startValue(m: Mdp, v: ArrayLike<number>): number {
  return m.initial.reduce((sum, p, s) => sum + p * (v[s] as number), 0);
}

/**
 * Run work that blocks the event loop, so that Ctrl-C could not be handled: meanwhile signals have their default
 * effect and end the process at once. Nothing is lost, because such work writes nothing before it is done.
 */
export async function uninterrupted<T>(work: () => T | Promise<T>): Promise<T> {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const listeners = signals.map((signal) => process.listeners(signal));
  for (const signal of signals) process.removeAllListeners(signal);
  try {
    return await work();
  } finally {
    signals.forEach((signal, i) => {
      for (const listener of listeners[i]!) process.on(signal, listener);
    });
  }
}
