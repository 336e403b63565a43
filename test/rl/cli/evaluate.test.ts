import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { meanAndError } from "../../../src/rl/evaluation.ts";
import { cli } from "../../cli/helpers.ts";

const folder = mkdtempSync(join(tmpdir(), "galatea-evaluate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = async (line: string) => {
  const { code, out, err } = await cli(["rl", ...line.split(" ")]);
  return {
    code,
    err,
    out,
    last:
      code === 0 && line.includes("--json")
        ? (JSON.parse(out.trim().split("\n").at(-1)!) as Record<string, unknown>)
        : {},
  };
};

test("the mean and its standard error", () => {
  expect(meanAndError([1, 2, 3, 4])).toEqual({ mean: 2.5, error: Math.sqrt(5 / 3 / 4) });
});

test("of a table: deterministic, so that all episodes are equal", async () => {
  const path = join(folder, "cliff");
  await run(`train q-learning --env CliffWalking-v1 --episodes 300 --out ${path} --json`);
  const { last } = await run(`evaluate ${path} --episodes 3 --json`);
  expect(last).toMatchObject({ return: -13, standardError: 0, length: 13, episodes: 3 });
  expect(last.mistakes).toBeUndefined();
  const refused = await run(`evaluate ${path} --simulations 5`);
  expect(refused.err).toContain("is a run of q-learning, which does not search: leave --simulations out");
});

test("of a network in a game: returns against an opponent of choice, and mistakes; alone and with search where it searches", async () => {
  const small = "--steps 200 --hidden 8 --evaluation-episodes 0 --json";
  const dqn = join(folder, "dqn");
  await run(`train dqn --env TicTacToe-v0 --out ${dqn} ${small}`);
  const { last: table } = await run(`evaluate ${dqn} --episodes 4 --positions 300 --json`);
  expect(table).toMatchObject({ positions: 4520, mistakes: [{ of: 300 }] });
  const zero = join(folder, "zero");
  await run(`train alphazero --env TicTacToe-v0 --simulations 4 --games 4 --out ${zero} ${small}`);
  const line = `evaluate ${zero} --episodes 4 --positions 300 --simulations 60 --env-options opponent=exact --json`;
  const { last } = await run(line);
  const [alone, searched] = last.mistakes as { simulations: number; wrong: number }[];
  expect([alone!.simulations, searched!.simulations]).toEqual([0, 60]);
  expect(searched!.wrong).toBeLessThan(alone!.wrong);
  expect(last.return).toBeLessThanOrEqual(0);
  expect((await run(line)).last).toEqual(last);
  const { out } = await run(`evaluate ${zero} --episodes 2 --positions 20`);
  expect(out).toContain("mistakes, the network alone");
  expect(out).toContain("in 20 of the 4520 positions");
  const { last: played } = await run(`play ${zero} --simulations 0 --json`);
  expect(played.terminated).toBe(true);
});

test("a run of the weights alone plays and is evaluated, and cannot be resumed", async () => {
  const path = join(folder, "small");
  await run(
    `train ppo --env CartPole-v1 --steps 256 --hidden 8 --evaluation-episodes 0 --out ${path} --json`,
  );
  await run(`export ${path} --format run --out ${path}-weights --json`);
  const [whole, weights] = [
    await run(`evaluate ${path} --episodes 3 --json`),
    await run(`evaluate ${path}-weights --episodes 3 --json`),
  ];
  expect(weights.last.return).toBe(whole.last.return);
  const { err } = await cli(["resume", `${path}-weights`, "--steps", "512"]);
  expect(err).toContain("holds the weights alone");
});
