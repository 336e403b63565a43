import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Command } from "commander";

/**
 * npm run bench [-- workload ...] [--peer] [--rounds N]
 *
 * Each measurement runs in a process of its own, so that peak memory is its own, and prints JSON lines. With
 * --peer, PyTorch runs the same training steps in turn with ours (A B A B ...), and a line with the ratio of
 * medians follows. docs/benchmarks.md says how to install the peer.
 */
const TRAINING = ["mlp", "unet", "dit", "gpt"];
const OTHERS: Readonly<Record<string, string>> = {
  sampling: "sampling.ts",
  "rl-env": "rl-env.ts",
  "rl-tabular": "rl-tabular.ts",
};

type Line = Record<string, unknown>;

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

function lines(command: string, args: readonly string[]): Line[] {
  const run = spawnSync(command, args, { encoding: "utf8", env: { ...process.env, OMP_NUM_THREADS: "2" } });
  if (run.status !== 0)
    throw new Error(`${command} ${args.join(" ")} failed:\n${run.stderr || run.error?.message}`);
  return run.stdout
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
}

const ours = (file: string, ...args: string[]): Line[] =>
  lines(process.execPath, ["--import", "tsx", here(file), ...args]);

const print = (line: Line): void => console.log(JSON.stringify(line));
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function training(workload: string, options: { peer: boolean; rounds: number; python: string }): void {
  const mine: Line[] = [];
  const theirs: Line[] = [];
  for (let round = 0; round < (options.peer ? options.rounds : 1); round++) {
    mine.push(...ours("step.ts", workload));
    print(mine.at(-1)!);
    if (!options.peer) continue;
    theirs.push(...lines(options.python, [here("torch_peer.py"), workload]));
    print(theirs.at(-1)!);
  }
  if (!options.peer) return;
  const of = (list: readonly Line[], field: string): number => median(list.map((l) => l[field] as number));
  const ratio = (field: string): number => Math.round((1000 * of(mine, field)) / of(theirs, field)) / 1000;
  print({
    name: "ours over PyTorch",
    workload,
    rounds: options.rounds,
    time: ratio("median_ms"),
    best_time: ratio("p12_ms"),
    memory: ratio("max_rss_mb"),
    same_parameters: mine[0]!.parameters === theirs[0]!.parameters,
  });
}

new Command("bench")
  .description("time whole training steps, sampling steps and environment steps; JSON lines on stdout")
  .argument("[workload...]", `any of ${[...TRAINING, ...Object.keys(OTHERS)].join(", ")}; all when left out`)
  .option("--peer", "run PyTorch in turn with ours and print ratios", false)
  .option("--rounds <n>", "rounds of ours and the peer's", Number, 3)
  .option("--python <path>", "a Python that has PyTorch", "python3")
  .action((names: string[], options: { peer: boolean; rounds: number; python: string }) => {
    const all = [...TRAINING, ...Object.keys(OTHERS)];
    for (const name of names.length > 0 ? names : all) {
      if (!all.includes(name)) throw new Error(`unknown workload "${name}": ${all.join(", ")}`);
      if (TRAINING.includes(name)) training(name, options);
      else for (const line of ours(OTHERS[name]!)) print(line);
    }
  })
  .parse();
