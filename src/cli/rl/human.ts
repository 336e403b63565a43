import { UserError } from "../../errors.ts";
import type { Info } from "../../rl/env.ts";
import { type KeyAction, keyActions } from "../../rl/keys.ts";
import { saveVideo } from "../../rl/video.node.ts";
import type { Io } from "../io.ts";
import { short } from "../progress.ts";
import { type Keyboard, openKeyboard } from "./keyboard.ts";
import type { Stage } from "./stage.ts";

export interface HumanOptions {
  readonly episodes: number;
  readonly maxSteps: number;
  readonly seed: number;
  /** Milliseconds to a step where the game does not wait for a key. */
  readonly delay: number;
  /** Where to write all pictures as an animation. */
  readonly gif?: string | undefined;
}

/** Is this action allowed now? */
function allowed(info: Info, action: unknown): boolean {
  const mask = info.action_mask as ArrayLike<number> | undefined;
  return mask === undefined || mask[action as number] === 1;
}

/** The action of the next key that has one; what "no key" does when time runs out; undefined: leave. */
async function choose(
  keyboard: Keyboard,
  keys: readonly KeyAction[],
  info: Info,
  idle: KeyAction | undefined,
  delay: number,
): Promise<KeyAction | undefined> {
  for (;;) {
    const key = await keyboard.next(idle === undefined ? undefined : delay);
    if (key === undefined && idle !== undefined && !keyboard.ended) return idle;
    if (key === undefined || key === "quit") return undefined;
    const chosen = keys.find((known) => known.key === key);
    if (chosen !== undefined && allowed(info, chosen.action)) return chosen;
  }
}

/**
 * A person plays by keyboard. Environments that say what happens while no key is pressed (`idle`) go on by the clock,
 * the others wait.
 */
export async function playByKeyboard(stage: Stage, io: Io, options: HumanOptions): Promise<void> {
  const { env } = stage;
  const keys = keyActions(env);
  if (keys.length === 0) {
    throw new UserError(`${env.id}: actions of ${String(env.actionSpace)} cannot be chosen by single keys`);
  }
  const stdin = io.stdin ?? process.stdin;
  if (!stdin.isTTY) throw new UserError("play --human needs a terminal: its keys are read one by one");
  const frames: string[] = [];
  const keyboard = openKeyboard(stdin);
  const leave = (): void => keyboard.close();
  io.signal.addEventListener("abort", leave);
  const help = keys.map(({ key, name }) => (key === name ? key : `${key} ${name}`)).join(", ");
  let height = 0;
  const show = (head: string): void => {
    const text = `${head}\n${stage.render().trimEnd()}\n`;
    io.stdout.write(height > 0 ? `\x1b[${height}A\x1b[J${text}` : text);
    height = text.split("\n").length - 1;
    if (options.gif !== undefined) frames.push(stage.renderSvg());
  };
  try {
    io.stdout.write(`${env.id}: ${help}; q leaves\n`);
    for (let episode = 1; episode <= options.episodes; episode++) {
      let { info } = await stage.reset(episode === 1 ? { seed: options.seed } : {});
      let [total, steps, over] = [0, 0, false];
      height = 0;
      show(`episode ${episode}`);
      while (!over && steps < options.maxSteps) {
        const rest = stage.idle();
        const idle = rest === undefined ? undefined : { key: "", action: rest, name: "no key" };
        const chosen = await choose(keyboard, keys, info, idle, options.delay);
        if (chosen === undefined) {
          io.stdout.write(`left after ${steps} steps with a return of ${short(total)}\n`);
          return;
        }
        const step = await stage.step(chosen.action);
        ({ info } = step);
        total += step.reward;
        steps++;
        over = step.terminated || step.truncated;
        show(`step ${steps}: ${chosen.name}, reward ${short(step.reward)}, return ${short(total)}`);
      }
      io.stdout.write(`episode ${episode} over after ${steps} steps with a return of ${short(total)}\n`);
    }
  } finally {
    io.signal.removeEventListener("abort", leave);
    keyboard.close();
    if (options.gif !== undefined && frames.length > 0) {
      await saveVideo(options.gif, frames);
      io.stdout.write(`${options.gif}: ${frames.length} pictures\n`);
    }
  }
}
