import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Command } from "commander";

/**
 * npm run bench [-- workload ...] [--peer] [--rounds N] [--profile]
 *
 * Each measurement runs in a process of its own, so that peak memory is its own, and prints JSON lines. With
 * --peer, PyTorch runs the same training and sampling steps in turn with ours (A B A B ...), and a line with the
 * ratio of medians follows. docs/benchmarks.md says how to install the peer.
 */
interface Workload {
  readonly file: string;
  readonly args?: readonly string[];
  /** Whether torch_peer.py knows it too. */
  readonly peer: boolean;
}

const training = (name: string): Workload => ({ file: "step.ts", args: [name], peer: true });
const WORKLOADS: Readonly<Record<string, Workload>> = {
  mlp: training("mlp"),
  vae: { file: "step.ts", args: ["vae", "--threads", "1"], peer: false },
  "vae-wasm": { file: "step.ts", args: ["vae", "--threads", "1", "--device", "wasm"], peer: false },
  unet: training("unet"),
  dit: training("dit"),
  gpt: training("gpt"),
  lstm: training("lstm"),
  gru: training("gru"),
  policy: { file: "policy.ts", peer: false },
  sampling: { file: "sampling.ts", peer: true },
  random: { file: "random.ts", peer: false },
  export: { file: "export.ts", peer: false },
  "rl-env": { file: "rl-env.ts", peer: false },
  "rl-tabular": { file: "rl-tabular.ts", peer: false },
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

const ours = ({ file, args = [] }: Workload): Line[] =>
  lines(process.execPath, ["--import", "tsx", here(file), ...args]);

const print = (line: Line): void => console.log(JSON.stringify(line));
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Ours and PyTorch's in turn, and how the medians compare. */
function beside(name: string, { rounds, python }: { rounds: number; python: string }): void {
  const mine: Line[] = [];
  const theirs: Line[] = [];
  for (let round = 0; round < rounds; round++) {
    mine.push(...ours(WORKLOADS[name]!));
    print(mine.at(-1)!);
    theirs.push(...lines(python, [here("torch_peer.py"), name]));
    print(theirs.at(-1)!);
  }
  const of = (list: readonly Line[], field: string): number => median(list.map((l) => l[field] as number));
  const ratio = (field: string, peer = field): number =>
    Math.round((1000 * of(mine, field)) / of(theirs, peer)) / 1000;
  print({
    name: "ours over PyTorch",
    workload: name,
    rounds,
    time: ratio("median_ms"),
    best_time: ratio("p12_ms"),
    ...("inference_median_ms" in theirs[0]! && {
      time_over_inference_mode: ratio("median_ms", "inference_median_ms"),
      best_time_over_inference_mode: ratio("p12_ms", "inference_p12_ms"),
    }),
    memory: ratio("max_rss_mb"),
    same_parameters: mine[0]!.parameters === theirs[0]!.parameters,
  });
}

new Command("bench")
  .description("time whole training steps, sampling steps and environment steps; JSON lines on stdout")
  .argument("[workload...]", `any of ${Object.keys(WORKLOADS).join(", ")}; all when left out`)
  .option("--peer", "run PyTorch in turn with ours and print ratios", false)
  .option("--rounds <n>", "rounds of ours and the peer's", Number, 3)
  .option("--profile", "where a training step's time goes, operator by operator", false)
  .option("--python <path>", "a Python that has PyTorch", "python3")
  .action((names: string[], options: { peer: boolean; profile: boolean; rounds: number; python: string }) => {
    const all = Object.keys(WORKLOADS);
    for (const name of names.length > 0 ? names : all) {
      const workload = WORKLOADS[name];
      if (!workload) throw new Error(`unknown workload "${name}": ${all.join(", ")}`);
      if (options.profile)
        for (const line of ours({ ...workload, file: "profile.ts", args: [name] })) print(line);
      else if (options.peer && workload.peer) beside(name, options);
      else for (const line of ours(workload)) print(line);
    }
  })
  .parse();
