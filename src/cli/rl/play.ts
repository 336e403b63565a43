import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { type Env, StatefulEnv } from "../../rl/env.ts";
import { make } from "../../rl/make.ts";
import { openRunFolder, type RunFolder } from "../../train/node.ts";
import type { AgentRun } from "../../train/run-config.ts";
import { Cli } from "../command.ts";
import type { Shell } from "../common.ts";
import { newEngine } from "../common.ts";
import { Printer } from "../io.ts";
import { addOptions, pickOptions } from "../options.ts";
import { short } from "../progress.ts";
import { agentCheckpoint, agentOf } from "./session.ts";

const PlayOptions = z.strictObject({
  episodes: z.int().min(1).default(1).describe("episodes to watch"),
  delay: z.int().min(0).default(250).describe("milliseconds between two pictures, in a terminal"),
  maxSteps: z.int().min(1).default(1000).describe("steps after which an episode is stopped"),
  best: z.boolean().default(false).describe("the best checkpoint by evaluation, not the newest"),
  seed: z.int().min(0).default(0).describe("seed of the environment"),
  json: z.boolean().default(false).describe("print one JSON object per step instead of pictures"),
});

export function playCommand(shell: Shell): Cli {
  const command = new Cli("play")
    .summary("watch the learned policy of a run")
    .description("Play episodes with the greedy policy of a run, as pictures in the terminal. Ctrl-C stops.")
    .argument("<run>", "folder of the run, or its name under runs/")
    .action((name: string, parsed: Record<string, unknown>) => run(name, parsed, shell)) as Cli;
  addOptions(command, PlayOptions, "Options:");
  return command.examples(
    ["galatea rl play runs/q-learning-CliffWalking-v1", "one episode"],
    ["galatea rl play q-learning-FrozenLake-v1 --episodes 3 --delay 100", "three, faster"],
    ["galatea rl play runs/taxi --json", "its steps for programs"],
  );
}

async function run(name: string, parsed: Record<string, unknown>, { catalog, io }: Shell): Promise<void> {
  const { episodes, delay, maxSteps, best, seed, json } = pickOptions(PlayOptions, parsed);
  const folder = await openRunFolder(name);
  const agent = await agentOf({ catalog }, folder);
  const agentRun = folder as RunFolder<AgentRun>;
  const { config } = agentRun;
  const checkpoint = await agentCheckpoint(agentRun, best ? "best" : undefined);
  if (!checkpoint)
    throw new UserError(
      `${folder.path} has no checkpoint yet: train it first (galatea resume ${folder.path})`,
    );
  const printer = new Printer(io, json);
  const makeEnv = (): Env<unknown, number> => make(config.env, config.envOptions) as Env<unknown, number>;
  const env = makeEnv();
  const engine = () => newEngine(config);
  const options: unknown = agent.options.parse(config.options);
  const policy = await agent.policy(checkpoint, { options, makeEnv: makeEnv as () => Env, engine });
  const { unwrapped } = env;
  const { functional } = unwrapped;
  const live = io.stdout.isTTY && !json;
  let height = 0;
  const show = async (text: string): Promise<void> => {
    // In a terminal each picture replaces the one before.
    if (live && height > 0) io.stdout.write(`\x1b[${height}A\x1b[J`);
    printer.line(text);
    height = text.split("\n").length;
    if (live) await setTimeout(delay, undefined, { signal: io.signal }).catch(() => {});
  };
  for (let episode = 0; episode < episodes && !io.signal.aborted; episode++) {
    let { observation, info } = env.reset(episode === 0 ? { seed } : {});
    height = 0;
    let total = 0;
    let steps = 0;
    let over = "left";
    await show(`${agent.name} on ${config.env}, episode ${episode + 1}\n${env.render().trimEnd()}`);
    while (steps < maxSteps && !io.signal.aborted) {
      const before: unknown = unwrapped instanceof StatefulEnv ? unwrapped.state : undefined;
      const action = (await policy.act(observation, info, before)) as number | Float32Array;
      const state = functional?.indexOf?.(before) ?? plain(observation);
      const result = env.step(action as number);
      ({ observation, info } = result);
      const { reward, terminated, truncated } = result;
      total += reward;
      steps++;
      const what = (typeof action === "number" && unwrapped.actionNames?.[action]) || String(plain(action));
      printer.object({ episode, step: steps, state, action: what, reward, terminated, truncated });
      await show(
        `step ${steps}: ${what}, reward ${short(reward)}, return ${short(total)}\n${env.render().trimEnd()}`,
      );
      if (terminated || truncated) {
        over = terminated ? "ended" : "cut by the time limit";
        break;
      }
    }
    printer.line(`episode ${episode + 1} ${over} after ${steps} steps with a return of ${short(total)}\n`);
  }
}

/** Arrays of numbers as lists, which JSON and people can read. */
const plain = (value: unknown): unknown =>
  ArrayBuffer.isView(value) ? Array.from(value as Float32Array, (x) => Number(x.toPrecision(6))) : value;
