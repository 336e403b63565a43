import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CATALOG } from "../../../src/catalog.ts";
import { Cli } from "../../../src/cli/command.ts";
import { rlCommand } from "../../../src/cli/rl.ts";

const folder = mkdtempSync(join(tmpdir(), "galatea-rl-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  out: string;
  err: string;
  /** What was thrown: a sentence for the user, or Interrupted. */
  thrown?: Error;
}

/** Runs `galatea rl …` in this process; presses Ctrl-C after the first `abortAfter` lines of output. */
async function rl(line: string, abortAfter?: string): Promise<Ran> {
  const texts = { out: "", err: "" };
  const interrupt = new AbortController();
  const stream = (name: "out" | "err"): NodeJS.WriteStream => {
    const pass = new PassThrough();
    pass.on("data", (chunk: Buffer) => {
      texts[name] += chunk.toString();
      if (abortAfter !== undefined && texts[name].includes(abortAfter)) interrupt.abort();
    });
    return pass as unknown as NodeJS.WriteStream;
  };
  const root = new Cli("galatea");
  const io = { stdout: stream("out"), stderr: stream("err"), signal: interrupt.signal };
  const command = await rlCommand({ catalog: CATALOG, io }, ["rl", ...line.split(" ")]);
  root.addCommand(command);
  const all = (c: Cli): Cli[] => [c, ...(c.commands as Cli[]).flatMap(all)];
  for (const c of all(root)) {
    c.exitOverride();
    c.configureOutput({ writeOut: (text) => (texts.out += text), writeErr: () => undefined });
  }
  try {
    await root.parseAsync(["rl", ...line.split(" ")], { from: "user" });
    return texts;
  } catch (error) {
    return { ...texts, thrown: error as Error };
  }
}

const json = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const png = (path: string): boolean => readFileSync(path).subarray(1, 4).toString() === "PNG";

it("lists environments, solvers, algorithms and figures, in words and as JSON", async () => {
  const { out } = await rl("list");
  for (const word of ["FrozenLake-v1", "value-iteration", "double-q-learning", "12.8", "off-policy"]) {
    expect(out).toContain(word);
  }
  const [object] = json((await rl("list --json")).out);
  expect(Object.keys(object!)).toEqual(["environments", "solvers", "algorithms", "figures"]);
});

describe("solve", () => {
  it.each(["value-iteration", "policy-iteration", "prioritized-sweeping", "linear-programming"])(
    "%s",
    async (name) => {
      const [answer] = json((await rl(`solve ${name} --env FrozenLake-v1 --json`)).out);
      expect((answer!.startValue as number).toFixed(5)).toBe("0.54203");
    },
  );

  it("writes values and a picture of the policy", async () => {
    const out = join(folder, "solved");
    const ran = await rl(`solve value-iteration --env CliffWalking-v1 --gamma 1 --out ${out}`);
    expect(ran.out).toContain("value of the start  -13.00000");
    expect(ran.out).toContain("→ → → → → → → → → → → ↓");
    const csv = readFileSync(join(out, "values.csv"), "utf8").trim().split("\n");
    expect(csv).toHaveLength(49);
    expect(csv[0]).toBe("state,name,v,action,q(up),q(right),q(down),q(left)");
    expect(csv[37]).toContain(",-13,up,-13,");
    expect(png(join(out, "policy.png"))).toBe(true);
  });
});

describe("train and play", () => {
  const run = join(folder, "run");
  let trained: Ran;
  beforeAll(async () => {
    trained = await rl(
      `train q-learning --env CliffWalking-v1 --gamma 1 --alpha 0.5 --episodes 600 --out ${run}`,
    );
  }, 60_000);

  it("fills a run folder and says how good the policy is, exactly", () => {
    expect(trained.thrown).toBeUndefined();
    expect(trained.out).toContain("greedy policy from the start  -13 (exact, γ = 1)");
    expect(trained.out).toContain(`galatea rl play ${run}`);
    expect(
      readdirSync(run)
        .filter((name) => !name.startsWith("events."))
        .sort(),
    ).toEqual([
      "checkpoints",
      "config.json",
      "learning.png",
      "metrics.jsonl",
      "policy.png",
      "samples",
      "timing.jsonl",
      "values.csv",
      "values.json",
    ]);
    expect(png(join(run, "policy.png")) && png(join(run, "learning.png"))).toBe(true);
    const lines = json(readFileSync(join(run, "metrics.jsonl"), "utf8"));
    expect(lines).toHaveLength(100);
    expect(lines.at(-1)!.step).toBe(600);
    expect(JSON.parse(readFileSync(join(run, "config.json"), "utf8"))).toMatchObject({
      format: 2,
      kind: "tabular",
      agent: "q-learning",
      env: "CliffWalking-v1",
      learnsFrom: "environment",
      seed: 0,
      options: { alpha: 0.5, gamma: 1, epsilon: 0.1 },
    });
  });

  it("gives the same values for the same seed", async () => {
    const again = join(folder, "again");
    await rl(`train q-learning --env CliffWalking-v1 --gamma 1 --alpha 0.5 --episodes 600 --out ${again}`);
    for (const name of ["values.json", "metrics.jsonl"]) {
      expect(readFileSync(join(again, name), "utf8")).toBe(readFileSync(join(run, name), "utf8"));
    }
  });

  it("plays the greedy policy: thirteen steps along the edge", async () => {
    const { out } = await rl(`play ${run}`);
    expect(out).toContain("episode 1 ended after 13 steps with a return of -13");
    expect(out).toContain("[G]");
    const steps = json((await rl(`play ${run} --json`)).out);
    expect(steps).toHaveLength(13);
    expect(steps[0]).toMatchObject({ state: 36, action: "up", reward: -1, terminated: false });
    expect(steps.at(-1)).toMatchObject({ terminated: true });
  });

  it("Ctrl-C saves what was learnt", async () => {
    const stopped = join(folder, "stopped");
    const ran = await rl(
      `train sarsa --env FrozenLake-v1 --episodes 100000000 --log-every 100 --json --out ${stopped}`,
      '"episode":100,',
    );
    expect(ran.thrown?.name).toBe("Interrupted");
    expect(json(ran.out).at(-1)).toMatchObject({ event: "stopped" });
    const values = JSON.parse(readFileSync(join(stopped, "values.json"), "utf8")) as {
      episodes: number;
      Q: number[];
    };
    expect(values.episodes).toBeGreaterThanOrEqual(100);
    expect(values.Q).toHaveLength(64);
    expect((await rl(`play ${stopped} --json`)).thrown).toBeUndefined();
  });

  it("never writes over a run", async () => {
    const before = readFileSync(join(run, "values.json"), "utf8");
    const { thrown } = await rl(`train sarsa --env FrozenLake-v1 --out ${run}`);
    expect(thrown?.message).toContain("is not empty. Continue the run there");
    expect(readFileSync(join(run, "values.json"), "utf8")).toBe(before);
  });

  it("says what is wrong with a damaged run", async () => {
    const broken = join(folder, "broken");
    await rl(`train sarsa --env FrozenLake-v1 --episodes 10 --out ${broken}`);
    const state = join(broken, "checkpoints/10/state.json");
    writeFileSync(state, readFileSync(state, "utf8").slice(0, 40));
    expect((await rl(`play ${broken}`)).thrown?.message).toContain("state.json is damaged");
    rmSync(join(broken, "checkpoints"), { recursive: true });
    rmSync(join(broken, "values.json"));
    expect((await rl(`play ${broken}`)).thrown?.message).toContain("has no checkpoint yet");
  });

  it("plays a run of the first tabular format, and says what is wrong with a damaged one", async () => {
    const old = join(folder, "old");
    mkdirSync(old);
    const settings = { gamma: 1, alpha: 0.5, epsilon: 0.1, episodes: 600 };
    const config = { kind: "tabular", galatea: "0.1.0", algorithm: "q-learning", env: "CliffWalking-v1" };
    writeFileSync(
      join(old, "config.json"),
      JSON.stringify({ ...config, envOptions: {}, maxSteps: 10000, seed: 0, settings }),
    );
    const values = join(old, "values.json");
    writeFileSync(values, readFileSync(join(run, "values.json")));
    expect((await rl(`play ${old}`)).out).toContain("episode 1 ended after 13 steps with a return of -13");
    writeFileSync(values, readFileSync(values, "utf8").slice(0, 40));
    expect((await rl(`play ${old}`)).thrown?.message).toContain("values.json is not JSON: it was cut short");
    writeFileSync(values, JSON.stringify({ states: 16, actions: 4, episodes: 1, Q: [1] }));
    expect((await rl(`play ${old}`)).thrown?.message).toContain("1 values for 16 states × 4 actions");
  });
});

it("draws a figure as PNG and CSV with its numbers", async () => {
  const out = join(folder, "book");
  const ran = await rl(`figure 6.4 4.3 --runs 3 --seed 2 --out ${out} --json`);
  expect(ran.thrown).toBeUndefined();
  expect(json(ran.out).map((f) => f.figure)).toEqual(["6.4", "4.3"]);
  expect(png(join(out, "figure-6.4.png")) && png(join(out, "figure-4.3.png"))).toBe(true);
  expect(readFileSync(join(out, "figure-6.4.csv"), "utf8").trim().split("\n")).toHaveLength(501);
});

it("compares dynamic programming, Monte Carlo and TD by measurement", async () => {
  const out = join(folder, "compared");
  const { out: text } = await rl(`compare --runs 20 --episodes 50 --out ${out} --json`);
  const [{ methods }] = json(text) as [{ methods: Record<string, number | boolean | string>[] }];
  const [dp, mc, td] = methods as [(typeof methods)[0], (typeof methods)[0], (typeof methods)[0]];
  expect([dp, mc, td].map((m) => [m.needsModel, m.bootstraps, m.waitsForEnd])).toEqual([
    [true, true, false],
    [false, false, true],
    [false, true, false],
  ]);
  expect(dp.rms).toBeLessThan(1e-3);
  // Monte Carlo's returns vary more than TD's one-step targets; TD still leans on its first guess.
  expect(mc.variance).toBeGreaterThan((td.variance as number) * 3);
  expect(td.biasSquared).toBeGreaterThan((mc.biasSquared as number) * 3);
  expect(png(join(out, "compare.png"))).toBe(true);
  expect((await rl(`compare --runs 2 --episodes 2 --out ${out}`)).out).toMatch(
    /waits for the end +no +yes +no/,
  );
});

describe("sentences", () => {
  it.each([
    ["train q-lerning --env FrozenLake-v1", 'unknown algorithm "q-lerning"', 'Did you mean "q-learning"?'],
    [
      "solve value-iterate --env FrozenLake-v1",
      'unknown solver "value-iterate"',
      'Did you mean "value-iteration"?',
    ],
    ["train sarsa --env FrozenLak-v1", 'unknown environment "FrozenLak-v1"', 'Did you mean "FrozenLake-v1"?'],
    ["train sarsa", "say which environment, such as --env FrozenLake-v1", "galatea rl list"],
    [
      "train sarsa --env Taxi-v3 --alpa 1",
      'unknown option of galatea rl train sarsa "--alpa"',
      'Did you mean "--alpha"?',
    ],
    ["train sarsa --env Taxi-v3 --alpha 3", "--alpha 3", "too big"],
    ["train sarsa --env Taxi-v3 --lambda 1", "unknown option", "--alpha"],
    ["train sarsa --env MountainCar-v0", "MountainCar-v0 has no exact model", "states are not finite"],
    [
      "train sarsa --env FrozenLake-v1 --env-options is_slipery=false",
      'unknown option of FrozenLake-v1 "is_slipery"',
      'Did you mean "is_slippery"?',
    ],
    [
      "train sarsa --env FrozenLake-v1 --env-options slippery",
      '"slippery" is not KEY=VALUE',
      "--env-options",
    ],
    [
      "solve value-iteration --env Gridworld5x5-v0 --gamma 1",
      "at gamma = 1 the values grow without bound",
      "Use gamma < 1",
    ],
    ["figure 6.44", 'unknown figure "6.44"', 'Did you mean "6.4"?'],
    ["figure 6.4 --runs 0", "--runs 0", "too small"],
    ["play nothing-here", 'unknown run "nothing-here"', "Known:"],
  ])("%s", async (line, ...parts) => {
    const { thrown } = await rl(line);
    expect(thrown?.name).toBe("UserError");
    for (const part of parts) expect(thrown?.message).toContain(part);
  });

  it("leaves nothing behind where it refuses", async () => {
    const out = join(folder, "refused");
    await rl(`train sarsa --env FrozenLake-v1 --env-options is_slipery=false --out ${out}`);
    expect(existsSync(out)).toBe(false);
  });

  it("teaches: every command's help has examples", async () => {
    for (const command of [
      "",
      "solve",
      "train",
      "figure",
      "compare",
      "play",
      "list",
      "train q-learning",
      "solve value-iteration",
    ]) {
      const { out } = await rl(`${command} --help`.trim());
      expect(out, command).toContain("Examples:");
      expect(out, command).toContain("galatea rl");
    }
  });
});

describe("deep agents", () => {
  const small = "--steps 120 --hidden 8 --learning-starts 20 --evaluation-episodes 2 --json";

  it("trains into a run folder with curves, and plays the best checkpoint", async () => {
    const path = join(folder, "dqn");
    const trained = json((await rl(`train dqn --env CartPole-v1 ${small} --out ${path}`)).out);
    expect(trained.filter(({ event }) => event === "evaluation")).toHaveLength(20);
    expect(trained.at(-1)).toMatchObject({ event: "done", run: path });
    expect(png(join(path, "learning.png"))).toBe(true);
    expect(readFileSync(join(path, "learning.csv"), "utf8")).toContain("evaluation/return,120,");
    const played = json((await rl(`play ${path} --best --max-steps 3 --json`)).out);
    expect(played).toHaveLength(3);
    expect(played[0]).toMatchObject({ reward: 1 });
    expect(played[0]!.state).toHaveLength(4);
    const [exported] = json((await rl(`export ${path} --best --json`)).out);
    expect(existsSync(exported!.file as string)).toBe(true);
  });

  it("trains from several seeds, and gives the mean", async () => {
    const path = join(folder, "seeds");
    const { out } = await rl(`train dqn --env CartPole-v1 ${small} --seeds 2 --seed 5 --out ${path}`);
    const last = json(out).at(-1)!;
    expect(last).toMatchObject({ event: "seeds", seeds: 2, metric: "evaluation/return" });
    const [a, b] = last.values as [number, number];
    expect(last.mean).toBeCloseTo((a + b) / 2);
    expect(readFileSync(join(path, "learning.csv"), "utf8").split("\n")[0]).toBe(
      "step,mean,low,high,seed-5,seed-6",
    );
    expect(existsSync(join(path, "seed-6", "config.json"))).toBe(true);
  });

  it("takes a recipe for the environment, below what is said", async () => {
    const path = join(folder, "recipe");
    await rl(`train dqn --env MountainCar-v0 ${small} --lr 0.5 --out ${path}`);
    const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
    expect(config).toMatchObject({
      recipe: "dqn on MountainCar-v0",
      steps: 120,
      options: { gamma: 0.98, lr: 0.5, hidden: [8] },
    });
  });

  it("refuses what it cannot learn before a folder is made", async () => {
    const path = join(folder, "refused");
    const unknown = await rl(`train dqn --env CartPole-v1 --values c51 --atoms 1 --out ${path}`);
    expect(unknown.thrown?.message).toContain("--atoms");
    expect(existsSync(path)).toBe(false);
  });
});
