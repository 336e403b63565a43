/** The experiment in the address of the page: `?agent=dqn&env=Acrobot-v1&lr=0.001&seed=7`, what is as usual left out. */
import offered from "virtual:controls/agents";
import { type Control, optionsBy, type Value } from "../experiment/controls.ts";
import { experimentWords } from "../experiment/words.ts";
import type { Language } from "../words/language.ts";
import { AGENTS, type AgentName, besides, ENV_NAMES, type EnvName, MOST } from "./algorithms.ts";
import { agentWords } from "./words.ts";

export interface AgentChoice {
  readonly name: AgentName;
  /** What learns beside it; nothing has the name "none" in the address. */
  readonly twin: AgentName | undefined;
  readonly env: EnvName;
  readonly seed: number;
  readonly options: Readonly<Record<string, Value>>;
  /** What was wrong with the address, in words. */
  readonly complaints: readonly string[];
}

const USUAL: AgentName = "ppo";
const isAgent = (text: string | undefined): text is AgentName =>
  text !== undefined && Object.hasOwn(AGENTS, text);

/** What stands beside an agent at first: the one it grew from, if that can learn there too. */
export function parentOf(name: AgentName, env: EnvName): AgentName | undefined {
  const { parent } = AGENTS[name];
  return parent && besides(env).includes(parent) ? parent : undefined;
}

export const controlsOf = (name: AgentName, env: EnvName): readonly Control[] =>
  offered[`${name} ${env}`]!.map((control) => {
    const most = MOST[control.name];
    return most === undefined ? control : { ...control, max: Math.min(most, control.max ?? most) };
  });

export function agentsBy(query: Readonly<Record<string, string>>, lang: Language): AgentChoice {
  const [t, shared] = [agentWords[lang], experimentWords[lang]];
  const { agent: named = USUAL, twin: beside, env: asked, seed: text = "0", ...rest } = query;
  const complaints: string[] = [];
  const name = isAgent(named) ? named : USUAL;
  if (name !== named) complaints.push(t.unknownAgent(named));
  const { envs } = AGENTS[name];
  const env = envs.find((each) => each === (asked ?? envs[0]));
  if (!env)
    complaints.push(
      ENV_NAMES.some((each) => each === asked) ? t.notThere(t.agents[name], asked!) : t.unknownEnv(asked!),
    );
  const where = env ?? envs[0]!;
  const fits = isAgent(beside) && besides(where).includes(beside);
  if (beside !== undefined && beside !== "none" && !fits)
    complaints.push(isAgent(beside) ? t.notThere(t.agents[beside], where) : t.unknownAgent(beside));
  const seed = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (seed === undefined) complaints.push(shared.badSeed(text));
  const options = optionsBy(controlsOf(name, where), rest, (of, given) =>
    complaints.push(shared.badOption(of, given)),
  );
  const twin = fits ? beside : beside === "none" ? undefined : parentOf(name, where);
  return { name, twin, env: where, seed: seed ?? 0, options, complaints };
}

export const queryOf = ({
  name,
  twin,
  env,
  seed,
  options,
}: Omit<AgentChoice, "complaints">): Record<string, string> => ({
  ...(name !== USUAL && { agent: name }),
  ...(env !== AGENTS[name].envs[0] && { env }),
  ...(twin !== parentOf(name, env) && { twin: twin ?? "none" }),
  ...(seed !== 0 && { seed: String(seed) }),
  ...Object.fromEntries(Object.entries(options).map(([of, value]) => [of, String(value)])),
});
