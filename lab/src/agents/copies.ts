/** An experiment as what runs outside the page, with the same numbers. */
import { flag } from "../experiment/command.ts";
import { AGENTS, type AgentSetting, type Given, optionsOf, STEPS } from "./algorithms.ts";

/** What the command would not do by itself: it knows the recipe for the environment. */
export function commandOf({ name, env, seed, options }: AgentSetting): string {
  const { agent, options: own } = AGENTS[name];
  const all: Given = { steps: STEPS[env], seed, ...own, ...options };
  const flags = Object.entries(all).map(([of, value]) =>
    flag([of, typeof value === "object" ? value.join(",") : value]),
  );
  return [`npx galatea rl train ${agent} --env ${env}`, ...flags].join(" ");
}

const IMPORTED: Readonly<Record<string, string>> = { "actor-critic": "actorCritic" };

export function programOf({ name, env, seed, options }: AgentSetting): string {
  const { agent } = AGENTS[name];
  const imported = IMPORTED[agent] ?? agent;
  const given = JSON.stringify({ ...optionsOf(name, env), ...options })
    .replace(/"(\w+)":/g, " $1: ")
    .replace(/,(?= \w+:)/g, ",")
    .replace(/}$/, " }");
  return `import { createEngine } from "galatea";
import { AutoresetMode, make, makeVec, ${imported} } from "galatea/rl";

for await (const event of ${imported}.learn({
  options: ${imported}.options.parse(${given === "{ }" ? "{}" : given}),
  makeEnv: () => make("${env}"),
  makeVec: (n) => makeVec("${env}", n, { autoresetMode: AutoresetMode.DISABLED }),
  learnsFrom: "environment",
  maxSteps: 1000,
  steps: ${STEPS[env]},
  seed: ${seed},
  engine: () => createEngine({ threads: 1 }),
  logEvery: 500,
  sampleEvery: 5000,
  evaluationEpisodes: 10,
  checkpointEvery: ${STEPS[env]},
}))
  if (event.kind === "step" || event.kind === "validation") console.log(event.step, event.metrics);`;
}
