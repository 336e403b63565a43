import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import type { Policy } from "../../rl/agent.ts";
import { type Env, StatefulEnv } from "../../rl/env.ts";
import { gameOf } from "../../rl/games/opponent.ts";
import { make } from "../../rl/make.ts";
import { saveVideo } from "../../rl/video.node.ts";
import { openRunFolder, type RunFolder } from "../../train/node.ts";
import type { AgentRun } from "../../train/run-config.ts";
import { Cli } from "../command.ts";
import type { Shell } from "../common.ts";
import { type Io, Printer } from "../io.ts";
import { addOptions, pickOptions } from "../options.ts";
import { short } from "../progress.ts";
import { playByKeyboard } from "./human.ts";
import { openTrained, Simulations, type Trained } from "./session.ts";
import { EnvOptions, parseEnvOptions, requireEnv } from "./shared.ts";
import { against, alone } from "./stage.ts";

const PlayOptions = z.strictObject({
  episodes: z.int().min(1).default(1).describe("episodes to watch"),
  delay: z.int().min(0).default(250).describe("milliseconds between two pictures, in a terminal"),
  maxSteps: z.int().min(1).default(1000).describe("steps after which an episode is stopped"),
  best: z.boolean().default(false).describe("the best checkpoint by evaluation, not the newest"),
  seed: z.int().min(0).default(0).describe("seed of the environment"),
  simulations: Simulations,
  human: z
    .boolean()
    .default(false)
    .describe(
      "play by keyboard, the environment of a run or of --env; a game of two against the run's agent",
    ),
  gif: z.string().optional().describe("file for the pictures as an animation"),
  json: z.boolean().default(false).describe("print one JSON object per step instead of pictures"),
});

export function playCommand(shell: Shell): Cli {
  const command = new Cli("play")
    .summary("watch the learned policy of a run")
    .description("Play episodes with the greedy policy of a run, as pictures in the terminal. Ctrl-C stops.")
    .argument("[run]", "folder of the run, or its name under runs/")
    .action((name: string | undefined, parsed: Record<string, unknown>) =>
      parsed.human === true ? human(name, parsed, shell) : run(name, parsed, shell),
    ) as Cli;
  addOptions(command, PlayOptions, "Options:");
  addOptions(command, EnvOptions, "With --human:");
  return command.examples(
    ["galatea rl play runs/q-learning-CliffWalking-v1", "one episode"],
    ["galatea rl play q-learning-FrozenLake-v1 --episodes 3 --delay 100", "three, faster"],
    ["galatea rl play runs/taxi --json", "its steps for programs"],
    ["galatea rl play runs/taxi --gif taxi.gif", "also as an animation"],
    ["galatea rl play --human alphazero-TicTacToe-v0 --simulations 0", "against the network alone"],
    ["galatea rl play --human --env MinAtar/Breakout-v0 --delay 150", "play yourself, by the arrow keys"],
  );
}

/** A person plays: the environment of --env, or that of a run. */
async function human(
  name: string | undefined,
  parsed: Record<string, unknown>,
  { catalog, io }: Shell,
): Promise<void> {
  const { env, envOptions } = pickOptions(EnvOptions, parsed);
  const { json, best, simulations, ...options } = pickOptions(PlayOptions, parsed);
  if (json) throw new UserError("--json is for programs, --human for people: choose one");
  if (name !== undefined && env !== undefined)
    throw new UserError("play --human takes a run or --env, not both");
  if (name === undefined) {
    const own = make(requireEnv(env), parseEnvOptions(envOptions)) as Env;
    return playByKeyboard(alone(own), io, options);
  }
  const { config } = (await openRunFolder(name)) as RunFolder<AgentRun>;
  const own = make(config.env, config.envOptions) as Env;
  if (!gameOf(own)) return playByKeyboard(alone(own), io, options);
  const trained = await openTrained(name, { catalog, best });
  try {
    await playByKeyboard(against(own, await trained.policy(simulations)), io, options);
  } finally {
    await trained.close();
  }
}

async function run(
  name: string | undefined,
  parsed: Record<string, unknown>,
  { catalog, io }: Shell,
): Promise<void> {
  const options = pickOptions(PlayOptions, parsed);
  const { best, simulations } = options;
  if (name === undefined)
    throw new UserError("say which run to play, or play yourself: play --human --env ID");
  const trained = await openTrained(name, { catalog, best });
  try {
    await watch(trained, await trained.policy(simulations), options, io);
  } finally {
    await trained.close();
  }
}

/** Episodes as pictures. */
async function watch(
  { agent, config, makeEnv }: Trained,
  policy: Policy,
  { episodes, delay, maxSteps, seed, gif, json }: z.output<typeof PlayOptions>,
  io: Io,
): Promise<void> {
  const printer = new Printer(io, json);
  const env = makeEnv();
  const { unwrapped } = env;
  const { functional } = unwrapped;
  const live = io.stdout.isTTY && !json;
  const pictures: string[] = [];
  let height = 0;
  const show = async (text: string): Promise<void> => {
    // In a terminal each picture replaces the one before.
    if (live && height > 0) io.stdout.write(`\x1b[${height}A\x1b[J`);
    printer.line(text);
    if (gif !== undefined) pictures.push(env.renderSvg());
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
  if (gif !== undefined) {
    await saveVideo(gif, pictures);
    printer.line(`${gif}: ${pictures.length} pictures`);
  }
}

/** Arrays of numbers as lists, which JSON and people can read. */
const plain = (value: unknown): unknown =>
  ArrayBuffer.isView(value) ? Array.from(value as Float32Array, (x) => Number(x.toPrecision(6))) : value;
