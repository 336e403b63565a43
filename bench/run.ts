import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { program } from "commander";

/**
 * npm run bench [-- workload ...] [--peer] [--rounds N] [--profile]
 *
 * Each measurement runs in a process of its own, so that peak memory is its own, and prints JSON lines. With
 * --peer, others run the same training and sampling steps in turn with ours (A B A B ...): PyTorch, and in WebAssembly
 * jax-js and TensorFlow.js. A line with the ratio of medians follows for each. docs/benchmarks.md says how to install them.
 */
interface Workload {
  readonly file: string;
  readonly args?: readonly string[];
  readonly peers?: readonly Peer[];
}

interface Peer {
  readonly name: string;
  /** What it prints about a workload: one JSON line. */
  readonly run: (workload: string, python: string) => Line[];
  /** Where npm puts it, of those in JavaScript. */
  readonly folder?: string;
}

const pytorch: Peer = {
  name: "PyTorch",
  run: (workload, python) => lines(python, [here("torch_peer.py"), workload]),
};
const javascript: readonly Peer[] = [
  { name: "jax-js", run: () => typescript("peers/jax.ts"), folder: "@jax-js/jax" },
  { name: "TensorFlow.js", run: () => typescript("peers/tfjs.ts"), folder: "@tensorflow/tfjs-backend-wasm" },
];

const training = (name: string): Workload => ({ file: "step.ts", args: [name], peers: [pytorch] });
const WORKLOADS: Readonly<Record<string, Workload>> = {
  mlp: training("mlp"),
  vae: { file: "step.ts", args: ["vae", "--threads", "1"] },
  "vae-wasm": {
    file: "step.ts",
    args: ["vae", "--threads", "1", "--device", "wasm"],
    peers: javascript,
  },
  unet: training("unet"),
  dit: training("dit"),
  gpt: training("gpt"),
  lstm: training("lstm"),
  gru: training("gru"),
  parallel: { file: "parallel.ts" },
  cost: { file: "cost.ts" },
  policy: { file: "policy.ts" },
  decoding: { file: "decoding.ts" },
  "decoding-wasm": { file: "decoding.ts", args: ["--device", "wasm"] },
  sampling: { file: "sampling.ts", peers: [pytorch] },
  random: { file: "random.ts" },
  alignment: { file: "alignment.ts", peers: [pytorch] },
  export: { file: "export.ts" },
  "rl-env": { file: "rl-env.ts" },
  "rl-deep": { file: "rl-deep.ts" },
  "rl-tabular": { file: "rl-tabular.ts" },
  "browser-rl": { file: "browser-rl.ts" },
  lab: { file: "lab.ts" },
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

const typescript = (file: string, args: readonly string[] = []): Line[] =>
  lines(process.execPath, ["--import", "tsx", here(file), ...args]);
const ours = ({ file, args }: Workload): Line[] => typescript(file, args);

const print = (line: Line): void => console.log(JSON.stringify(line));
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Ours and the peers' in turn, and how the medians compare. */
function beside(
  name: string,
  workload: Workload,
  peers: readonly Peer[],
  { rounds, python }: { rounds: number; python: string },
): void {
  const missing = peers.find(({ folder }) => folder && !existsSync(here(`peers/node_modules/${folder}`)));
  if (missing)
    program.error(
      `${missing.name} is not installed: \`npm install --prefix bench/peers\` brings the peers in JavaScript`,
    );
  const sides: readonly Pick<Peer, "run">[] = [{ run: () => ours(workload) }, ...peers];
  const results = sides.map((): Line[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, { run }] of sides.entries()) {
      results[i]!.push(...run(name, python));
      print(results[i]!.at(-1)!);
    }
  const [mine, ...others] = results as [Line[], ...Line[][]];
  for (const [i, theirs] of others.entries()) print(compared(name, peers[i]!, mine, theirs));
}

function compared(workload: string, peer: Peer, mine: readonly Line[], theirs: readonly Line[]): Line {
  const of = (list: readonly Line[], field: string): number => median(list.map((l) => l[field] as number));
  const ratio = (field: string, other = field): number =>
    Math.round((1000 * of(mine, field)) / of(theirs, other)) / 1000;
  return {
    name: `ours over ${peer.name}`,
    workload,
    rounds: mine.length,
    time: ratio("median_ms"),
    best_time: ratio("p12_ms"),
    ...("inference_median_ms" in theirs[0]! && {
      time_over_inference_mode: ratio("median_ms", "inference_median_ms"),
      best_time_over_inference_mode: ratio("p12_ms", "inference_p12_ms"),
    }),
    memory: ratio("max_rss_mb"),
    same_parameters: mine[0]!.parameters === theirs[0]!.parameters,
  };
}

program
  .name("bench")
  .description("time whole training steps, sampling steps and environment steps; JSON lines on stdout")
  .argument("[workload...]", `any of ${Object.keys(WORKLOADS).join(", ")}; all when left out`)
  .option("--peer", "run others in turn with ours and print ratios", false)
  .option("--rounds <n>", "rounds of ours and the peers'", Number, 3)
  .option("--profile", "where a training step's time goes, operator by operator", false)
  .option("--python <path>", "a Python that has PyTorch", "python3")
  .action((names: string[], options: { peer: boolean; profile: boolean; rounds: number; python: string }) => {
    const all = Object.keys(WORKLOADS);
    for (const name of names.length > 0 ? names : all) {
      const workload = WORKLOADS[name];
      if (!workload) throw new Error(`unknown workload "${name}": ${all.join(", ")}`);
      if (options.profile)
        for (const line of ours({ ...workload, file: "profile.ts", args: [name] })) print(line);
      else if (options.peer && workload.peers) beside(name, workload, workload.peers, options);
      else for (const line of ours(workload)) print(line);
    }
  })
  .parse();
