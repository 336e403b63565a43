import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { playByKeyboard } from "../../../src/cli/rl/human.ts";
import { openKeyboard, parseKeys } from "../../../src/cli/rl/keyboard.ts";
import { against, alone } from "../../../src/cli/rl/stage.ts";
import type { Policy } from "../../../src/rl/agent.ts";
import { keyActions } from "../../../src/rl/keys.ts";
import { make } from "../../../src/rl/make.ts";

const folder = mkdtempSync(join(tmpdir(), "galatea-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ARROW = { up: "\u001b[A", down: "\u001b[B", right: "\u001b[C", left: "\u001bOD" } as const;

/** A terminal whose keys are what we write, and whose raw mode can be seen. */
function terminal() {
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (on: boolean) => void raw.push(on),
  });
  const interrupt = new AbortController();
  const stdout = new PassThrough();
  let out = "";
  stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const io = {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: new PassThrough() as unknown as NodeJS.WriteStream,
    signal: interrupt.signal,
  };
  return { io, stdin, raw, interrupt, out: () => out };
}

const options = { episodes: 1, maxSteps: 200, seed: 0, delay: 1 };

describe("keys", () => {
  it("arrows in both forms, letters, and the ways out", () => {
    expect(parseKeys(`${ARROW.up}${ARROW.left}a Q\r\u0003`)).toEqual([
      "up",
      "left",
      "a",
      "space",
      "quit",
      "enter",
      "quit",
    ]);
    expect(parseKeys("\u001b")).toEqual(["quit"]);
  });

  it("come in order, or not within the time, or no more", async () => {
    const { stdin, raw } = terminal();
    const keyboard = openKeyboard(stdin as unknown as NodeJS.ReadStream);
    stdin.write("ab");
    expect([await keyboard.next(), await keyboard.next(1000), await keyboard.next(2)]).toEqual([
      "a",
      "b",
      undefined,
    ]);
    expect(keyboard.ended).toBe(false);
    stdin.end();
    expect(await keyboard.next()).toBeUndefined();
    expect(keyboard.ended).toBe(true);
    keyboard.close();
    expect(raw).toEqual([true, false]);
  });

  it("of environments: arrows by name, digits, letters; one force by left and right", () => {
    const of = (id: string): string =>
      keyActions(make(id))
        .map(({ key, action }) => `${key}=${String(action)}`)
        .join(" ");
    expect(of("FrozenLake-v1")).toBe("left=0 down=1 right=2 up=3 0=0 1=1 2=2 3=3 l=0 d=1 r=2 u=3");
    expect(of("MinAtar/SpaceInvaders-v1")).toContain("left=1 right=2 space=3");
    expect(of("Acrobot-v1")).toBe("left=0 right=2 0=0 1=1 2=2");
    expect(of("Blackjack-v1")).toBe("0=0 1=1 s=0 h=1");
    expect(of("Pendulum-v1")).toBe("left=-2 right=2 down=0");
  });
});

describe("play --human", () => {
  it("walks over a lake that is not slippery, and writes the pictures as an animation", async () => {
    const { io, stdin, raw, out } = terminal();
    const { right, down } = ARROW;
    // The x has no meaning, and is not a step.
    stdin.write(`${down}${down}x${right}${down}${right}${right}`);
    const gif = join(folder, "lake.gif");
    await playByKeyboard(alone(make("FrozenLake-v1", { is_slippery: false })), io, { ...options, gif });
    expect(out()).toContain("FrozenLake-v1: left, down, right, up");
    expect(out()).toContain("step 6: right, reward 1, return 1");
    expect(out()).toContain("episode 1 over after 6 steps with a return of 1");
    expect(raw).toEqual([true, false]);
    expect(readFileSync(gif).subarray(0, 6).toString()).toBe("GIF89a");
    expect(out()).toContain("7 pictures");
  });

  it("goes on by the clock where there is a way to do nothing", async () => {
    const { io, out } = terminal();
    await playByKeyboard(alone(make("MinAtar/SpaceInvaders-v0", { sticky_action_prob: 0 })), io, options);
    expect(out()).toContain("step 17: no key, reward 0");
    expect(out()).toContain("over after 17 steps");
  });

  it("waits for keys otherwise, takes no masked one, and leaves by q or when the input ends", async () => {
    const first = terminal();
    const left = playByKeyboard(
      alone(make("ConnectFour-v0", { agent_first: true, rows: 2, columns: 2, connect: 2 })),
      first.io,
      {
        ...options,
        episodes: 9,
      },
    );
    first.stdin.write("07q");
    await left;
    expect(first.out()).toContain("step 1: column 0");
    expect(first.out()).toMatch(/left after \d+ steps/);
    expect(first.raw).toEqual([true, false]);
    const second = terminal();
    second.stdin.end();
    await playByKeyboard(alone(make("CliffWalking-v1")), second.io, options);
    expect(second.out()).toContain("left after 0 steps with a return of 0");
  });

  it("against a policy: a person begins every other game, and sees what the other did", async () => {
    const { io, stdin, out } = terminal();
    // Takes the first free cell.
    const policy: Policy = {
      act: (_observation, info) => Promise.resolve((info.action_mask as Int8Array).indexOf(1)),
    };
    stdin.write("345");
    stdin.write("345");
    const env = make("TicTacToe-v0");
    await playByKeyboard(against(env, policy), io, { ...options, episodes: 2 });
    expect(out()).toContain("you are X\n");
    expect(out()).toContain("you are X, last move row 0, column 0\nO . .\nX . .");
    expect(out()).toContain("you are O, last move row 0, column 0\nX . .\n. . .");
    expect(out()).toContain("episode 1 over after 3 steps with a return of 1");
    // The policy has its line first, as it began.
    expect(out()).toMatch(/episode 2 over after \d steps with a return of -1/);
  });

  it("says where it cannot", async () => {
    const { io, stdin } = terminal();
    stdin.isTTY = false;
    await expect(playByKeyboard(alone(make("CliffWalking-v1")), io, options)).rejects.toThrow(
      "play --human needs a terminal",
    );
  });
});
