import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { appendLine, readJsonLines } from "../../src/files/jsonl.node.ts";
import { sweepLeftovers, writeFileAtomic, writeFolderAtomic } from "../../src/files/node.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "galatea-files-"));
});
afterEach(() => rm(folder, { recursive: true }));

const text = (name: string) => readFile(join(folder, name), "utf8");

describe("writeFileAtomic", () => {
  test("makes missing folders, replaces, and leaves nothing else behind", async () => {
    await writeFileAtomic(join(folder, "a/b.txt"), "one");
    await writeFileAtomic(join(folder, "a/b.txt"), new TextEncoder().encode("two"));
    expect(await text("a/b.txt")).toBe("two");
    expect(await readdir(join(folder, "a"))).toEqual(["b.txt"]);
  });

  test("a failed write keeps the old file and no temporary", async () => {
    await writeFolderAtomic(join(folder, "taken"), { x: "1" });
    await expect(writeFileAtomic(join(folder, "taken"), "bytes")).rejects.toThrow(
      "that is a folder, and a file was expected",
    );
    expect(await readdir(folder)).toEqual(["taken"]);
    expect(await text("taken/x")).toBe("1");
  });

  test("a kill -9 at any moment leaves whole files only", async () => {
    const source = new URL("../../src/files/node.ts", import.meta.url).href;
    await writeFile(
      join(folder, "writer.mjs"),
      `import { writeFileAtomic } from ${JSON.stringify(source)};
       const write = (i) => writeFileAtomic(process.argv[2], String(i % 10).repeat(1 << 20));
       await write(0);
       console.log("ready");
       for (let i = 1; ; i++) await write(i);`,
    );
    const target = join(folder, "weights");
    const child = spawn(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), join(folder, "writer.mjs"), target],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const exited = new Promise((done) => child.once("exit", done));
    await new Promise((ready) => child.stdout.once("data", ready));
    await new Promise((later) => setTimeout(later, 50));
    child.kill("SIGKILL");
    await exited;
    const bytes = await readFile(target, "utf8");
    expect(bytes.length).toBe(1 << 20);
    expect(bytes).toBe(bytes[0]!.repeat(1 << 20));
    await sweepLeftovers(folder);
    expect((await readdir(folder)).sort()).toEqual(["weights", "writer.mjs"]);
  });
});

describe("writeFolderAtomic", () => {
  test("writes and replaces whole folders", async () => {
    await writeFolderAtomic(join(folder, "checkpoints/100"), { "a.txt": "1", "b.txt": "2" });
    await writeFolderAtomic(join(folder, "checkpoints/100"), { "a.txt": "3" });
    expect(await readdir(join(folder, "checkpoints"))).toEqual(["100"]);
    expect(await readdir(join(folder, "checkpoints/100"))).toEqual(["a.txt"]);
    expect(await text("checkpoints/100/a.txt")).toBe("3");
  });

  test("a failure on the way leaves the old folder as it was", async () => {
    await writeFolderAtomic(join(folder, "100"), { "a.txt": "1" });
    await expect(writeFolderAtomic(join(folder, "100"), { "a.txt": "2", "../b.txt": "3" })).rejects.toThrow(
      `"../b.txt" is not a plain file name`,
    );
    expect(await readdir(folder)).toEqual(["100"]);
    expect(await text("100/a.txt")).toBe("1");
  });

  test("sweepLeftovers drops temporaries and brings back a folder whose successor never came", async () => {
    await writeFolderAtomic(join(folder, ".100.0123456789ab.old"), { "a.txt": "old 100" });
    await writeFolderAtomic(join(folder, ".200.0123456789ab.old"), { "a.txt": "old 200" });
    await writeFolderAtomic(join(folder, ".200.0123456789ab.tmp"), { "a.txt": "half" });
    await writeFolderAtomic(join(folder, "200"), { "a.txt": "new 200" });
    await sweepLeftovers(folder);
    expect((await readdir(folder)).sort()).toEqual(["100", "200"]);
    expect(await text("100/a.txt")).toBe("old 100");
    expect(await text("200/a.txt")).toBe("new 200");
  });
});

describe("jsonl", () => {
  test("reads what was appended, without a last line that a kill cut short", async () => {
    const path = join(folder, "metrics.jsonl");
    await appendLine(path, JSON.stringify({ step: 1 }));
    await appendLine(path, JSON.stringify({ step: 2 }));
    await writeFile(path, `${await readFile(path, "utf8")}{"step": 3`);
    expect(await readJsonLines(path)).toEqual([{ step: 1 }, { step: 2 }]);
  });

  test("a damaged line is refused by its number", async () => {
    const path = join(folder, "metrics.jsonl");
    await writeFile(path, '{"step": 1}\n{"st\n{"step": 3}\n');
    await expect(readJsonLines(path)).rejects.toThrow(`${path}, line 2: this is not JSON`);
  });

  test("appendLine refuses text of several lines", async () => {
    await expect(appendLine(join(folder, "x"), "a\nb")).rejects.toThrow("holds a line break");
  });
});
