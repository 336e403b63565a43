import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type * as fs from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { cli, scratch, tinyMnist } from "./helpers.ts";

/** What the disk says to whoever writes: at opening a file, or at writing to one that is open. */
const disk = vi.hoisted(() => ({ opening: "", writing: "", where: "" }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  const problem = (code: string, path?: string): Error =>
    Object.assign(new Error(`${code}: as the system says it`), { code, ...(path && { path }) });
  const open: typeof fs.open = async (path, flags, mode) => {
    if (flags === undefined || flags === "r" || !String(path).includes(disk.where))
      return real.open(path, flags, mode);
    if (disk.opening) throw problem(disk.opening, String(path));
    const file = await real.open(path, flags, mode);
    const refuse = async (): Promise<void> => Promise.reject(problem(disk.writing));
    if (disk.writing) Object.assign(file, { writeFile: refuse, appendFile: refuse });
    return file;
  };
  return { ...real, open };
});
afterEach(() => void Object.assign(disk, { opening: "", writing: "", where: "" }));

const folder = scratch();
const data = tinyMnist(folder, 100);
const train = (out: string, ...more: string[]): string[] =>
  `train vae --data ${data} --width 16 --latent 2 --batch-size 50 --steps 2 --threads 1 --out ${out}`
    .split(" ")
    .concat(more);

async function refused(args: readonly string[], sentence: string): Promise<void> {
  const { code, err } = await cli(args);
  expect(err).toContain(sentence);
  expect(err).not.toMatch(/defect of galatea|\n\s+at /);
  expect(code).toBe(1);
}

test("a disk that is full, read-only or not one's own is said with the file, and is no defect", async () => {
  Object.assign(disk, { writing: "ENOSPC", where: "full/checkpoints" });
  await refused(train(join(folder, "full")), "the disk is full; make room, or choose another place");
  Object.assign(disk, { writing: "ENOSPC", where: "events.out" });
  await refused(train(join(folder, "log")), "the disk is full; make room");
  Object.assign(disk, { writing: "", opening: "EROFS", where: "read-only" });
  await refused(train(join(folder, "read-only")), `${join(folder, "read-only/config.json")}: that disk is`);
  Object.assign(disk, { opening: "EACCES", where: "foreign" });
  await refused(train(join(folder, "foreign")), "you may not write or read there; choose another place");
});

test("a file where a folder should be", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  await refused(train(file), `${file}: a file stands where a folder is expected`);
  await refused(train(join(file, "in")), "a file stands where a folder is expected");

  const run = join(folder, "run");
  expect((await cli(train(run))).code).toBe(0);
  await refused(["sample", run, "--out", file], "a file stands where a folder is expected");
  rmSync(join(run, "checkpoints"), { recursive: true });
  writeFileSync(join(run, "checkpoints"), "");
  const sentence = `${join(run, "checkpoints")}: a file stands where a folder is expected`;
  for (const command of ["sample", "evaluate", "export", "resume"]) await refused([command, run], sentence);
  expect(readdirSync(run)).not.toContain("lock.json");
});

test("a model that no memory holds leaves nothing behind", async () => {
  const out = join(folder, "huge");
  await refused(train(out, "--width", "1000000000"), "parameters");
  expect(existsSync(out)).toBe(false);
});

test.each(["sample", "evaluate", "reconstruct", "export"])(
  "%s: a run that is not there is the mistake, and not the options of its model",
  async (command) => {
    await refused([command, "NO-RUN", "--sampler", "ddim"], 'unknown run "NO-RUN"');
    await refused([command, "--count", "4", "NO-RUN", "--sampler", "ddim"], 'unknown run "NO-RUN"');
  },
);

test("a misspelt model is the mistake, and not its options", () =>
  refused(["train", "vea", "--steps", "5"], 'Did you mean "vae"?'));

test("a table cannot hold every environment: what would do is named, and no run is made", async () => {
  const out = join(folder, "cart");
  const args = ["rl", "train", "q-learning", "--env", "CartPole-v1", "--out", out];
  await refused(args, "such as CliffWalking-v1, FrozenLake-v1");
  expect(existsSync(out)).toBe(false);
});

test("text of the help is wrapped once", async () => {
  for (const args of [["compare"], ["rl", "compare"], ["rl", "figure"]]) {
    const { out } = await cli([...args, "--help"]);
    const [text] = out.split("\n\n").slice(1) as [string];
    const lines = text.split("\n");
    expect(lines.length).toBeGreaterThan(1);
    // Each line is as long as the next word allows.
    lines.slice(0, -1).forEach((line, i) => {
      expect(line.length + 1 + lines[i + 1]!.split(" ")[0]!.length).toBeGreaterThan(100);
    });
  }
});
