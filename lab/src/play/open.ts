/** A trained agent from the files of its run, as the page fetches them. */
import type { Engine } from "galatea/engine/engine.ts";
import { createEngine, UserError } from "galatea/index.ts";
import type { AnyAgent, Policy } from "galatea/rl/agent.ts";
import { ppo } from "galatea/rl/deep/ppo.ts";
import { pqn } from "galatea/rl/deep/pqn.ts";
import type { Env } from "galatea/rl/env.ts";
import { make } from "galatea/rl/make.ts";
import { readCheckpointFiles } from "galatea/train/checkpoint-files.ts";
import { parseRunConfig } from "galatea/train/run-config.ts";

export interface Trained {
  readonly policy: Policy;
  readonly env: Env;
  /** Steps of the environment that it learned from. */
  readonly steps: number;
}

const AGENTS: Readonly<Record<string, AnyAgent>> = { ppo, pqn };

let engine: Promise<Engine> | undefined;
const engineHere = (): Promise<Engine> => {
  engine ??= createEngine({ threads: 1, wasmPaths: new URL("ort/", document.baseURI).href });
  return engine;
};

/** @throws UserError where a file is missing, damaged, or of another version */
export async function openTrained(run: string): Promise<Trained> {
  const folder = new URL(`examples/${run}/`, document.baseURI).href;
  const read = async (path: string): Promise<Uint8Array> => {
    const response = await fetch(folder + path);
    if (!response.ok)
      throw new UserError(`${folder}${path} cannot be fetched: the server answers ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const text = async (path: string): Promise<string> => new TextDecoder().decode(await read(path));
  const config = parseRunConfig(await text("config.json"), `${run}/config.json`);
  if (config.kind !== "agent" || !AGENTS[config.agent])
    throw new UserError(`${run} is no run of ${Object.keys(AGENTS).join(" or ")}`);
  const [step] = JSON.parse(await text("checkpoints/index.json")) as [number];
  const checkpoint = await readCheckpointFiles((name) => read(`checkpoints/${step}/${name}`), run);
  const agent = AGENTS[config.agent]!;
  const makeEnv = (): Env => make(config.env, config.envOptions) as Env;
  const options = agent.options.parse(config.options);
  const policy = await agent.policy(checkpoint, { options, makeEnv, engine: engineHere });
  return { policy, env: makeEnv(), steps: step };
}
