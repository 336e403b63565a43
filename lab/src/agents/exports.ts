/** What of an agent can be taken along, as files. */
import type { AgentSetting } from "./algorithms.ts";
import type { Episode } from "./episode.ts";

interface Series {
  readonly steps: readonly number[];
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** By agent, environment and step: `ppo-CartPole-v1-step-20480.csv`. */
export const fileName = ({ name, env }: AgentSetting, step: number, extension: string): string =>
  `${name}-${env}-step-${step}.${extension}`;

const short = (value: number): number => Number(value.toPrecision(7));

/** An episode, a line a step: the state, what the agent said of it, what it did, and what that paid. */
export function csvOf({ states, actions, rewards, said }: Episode): string {
  const names = Object.entries(said[0] ?? {}).flatMap(([name, values]) =>
    values.length === 1 ? [name] : values.map((_, i) => `${name}_${i}`),
  );
  const head = ["step", ...Array.from(states[0]!, (_, i) => `state_${i}`), ...names, "action", "reward"];
  const lines = actions.map((action, t) =>
    [t, ...states[t]!, ...Object.values(said[t]!).flat(), action, rewards[t]!].map(short).join(","),
  );
  return `${[head.join(","), ...lines].join("\n")}\n`;
}

/** The setting and every number by step; null where there was none. */
export function curvesOf(setting: AgentSetting, { steps, values }: Series): string {
  const filled = Object.entries(values).map(([name, list]) => [name, steps.map((_, i) => list[i] ?? null)]);
  return `${JSON.stringify({ ...setting, steps, values: Object.fromEntries(filled) })}\n`;
}
