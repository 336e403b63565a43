import { z } from "zod";
import { UserError } from "../errors.ts";
import { hostUniform, Key } from "../tensor/random.ts";

const count = z.int().min(1);
const value = z.union([z.number(), z.string(), z.boolean(), z.array(z.union([z.number(), z.string()]))]);
export type Value = z.output<typeof value>;
const range = z.tuple([z.number(), z.number()]);

/** How an option is drawn: evenly from a range, evenly in its logarithm, or one of a list. */
const Draw = z.union([
  z.strictObject({ uniform: range }),
  z.strictObject({ log: range }),
  z.strictObject({ choice: z.array(value).min(1) }),
]);

const Asha = z.strictObject({
  metric: z.string().default("val_loss").describe("the number that decides, as metrics.jsonl names it"),
  mode: z.enum(["min", "max"]).default("min").describe("whether small or large values are good"),
  eta: z
    .int()
    .min(2)
    .default(3)
    .describe("η: of so many runs at a rung one goes on; rungs are η times apart"),
  first: count.describe("steps of the first rung"),
});
export type Asha = z.output<typeof Asha>;

const Slurm = z.strictObject({
  partition: z.string().optional(),
  account: z.string().optional(),
  time: z.string().optional().describe("limit of a run, as sbatch writes it: 02:00:00"),
  memory: z.string().optional().describe("4G"),
  cpus: count.default(1).describe("cores of a run; it computes with as many threads"),
  setup: z.string().default("").describe("shell commands before a run: module load …"),
  options: z.array(z.string()).default([]).describe("further options of sbatch"),
});
export type SlurmChoice = z.output<typeof Slurm>;

const Kubernetes = z.strictObject({
  image: z.string().describe("a container image with galatea"),
  claim: z.string().describe("the PersistentVolumeClaim of the storage that holds the runs"),
  mount: z.string().default("/work").describe("where a container sees that storage"),
  namespace: z.string().default("default"),
  command: z.array(z.string()).min(1).default(["galatea"]).describe("how galatea is called in the image"),
  cpus: count.default(1),
  memory: z.string().default("2Gi"),
});
export type KubernetesChoice = z.output<typeof Kubernetes>;

/** The file of a sweep. */
export const SweepSchema = z.strictObject({
  train: z.string().describe("model or recipe"),
  options: z.record(z.string(), value).default({}).describe("options of every run"),
  grid: z.record(z.string(), z.array(value)).optional().describe("every combination of these values"),
  random: z
    .strictObject({ count, seed: z.int().min(0).default(0), draw: z.record(z.string(), Draw) })
    .optional()
    .describe("so many draws of these options"),
  seeds: z.array(z.int().min(0)).min(1).optional().describe("each of the above with each of these seeds"),
  asha: Asha.optional().describe("stop what lags behind early"),
  parallel: count
    .optional()
    .describe("runs at a time (default: as many as there are cores; on a scheduler, all)"),
  retries: z.int().min(0).default(2).describe("how often a run that failed is tried again"),
  slurm: Slurm.prefault({}),
  kubernetes: Kubernetes.optional(),
});
export type Sweep = z.output<typeof SweepSchema>;

/** One run of a sweep: its folder's name, and its options. */
export interface Trial {
  readonly name: string;
  readonly options: Readonly<Record<string, Value>>;
}

type Options = Readonly<Record<string, Value>>;

/** An option's name as the schemas have it: "batch-size" is batchSize. */
export const camel = (name: string): string =>
  name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const named = <V>(record: Readonly<Record<string, V>>): Record<string, V> =>
  Object.fromEntries(Object.entries(record).map(([name, v]) => [camel(name), v]));

/**
 * The runs of a sweep, in a fixed order: every combination of the grid, with every draw, with every seed.
 * @throws UserError where nothing varies, or an option is given twice
 */
export function trialsOf(sweep: Sweep): Trial[] {
  const fixed = named(sweep.options);
  const grid = named(sweep.grid ?? {});
  const draw = named(sweep.random?.draw ?? {});
  if (sweep.grid && Object.keys(grid).length === 0)
    throw new UserError(
      "the grid is empty: give at least one option and its values, as in `lr: [1e-3, 3e-4]`",
    );
  const empty = Object.entries(grid).find(([, values]) => values.length === 0);
  if (empty) throw new UserError(`the grid has no values for ${empty[0]}: give at least one`);
  if (!sweep.grid && !sweep.random && !sweep.seeds)
    throw new UserError("nothing varies: give a `grid`, `random` draws, or `seeds`");
  const names = [fixed, grid, draw, ...(sweep.seeds ? [{ seed: 0 }] : [])].flatMap((part) =>
    Object.keys(part),
  );
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw new UserError(`${twice} is given twice (options, grid, random.draw, seeds): give it once`);
  const own = ["out", "json", "until", "parallel"].find((name) => names.includes(name));
  if (own) throw new UserError(`${own} cannot be an option of a sweep, which sets it for each run itself`);

  const drawn = sweep.random ? drawsOf(sweep.random, draw) : [{}];
  const seeds: Options[] = sweep.seeds ? sweep.seeds.map((seed) => ({ seed })) : [{}];
  const trials = combinations(grid).flatMap((cell) =>
    drawn.flatMap((one) => seeds.map((seed) => ({ ...cell, ...one, ...seed }))),
  );
  return trials.map((varied) => ({ name: nameOf(varied), options: { ...fixed, ...varied } }));
}

const combinations = (grid: Readonly<Record<string, readonly Value[]>>): Options[] =>
  Object.entries(grid).reduce<Options[]>(
    (cells, [name, values]) => cells.flatMap((cell) => values.map((v) => ({ ...cell, [name]: v }))),
    [{}],
  );

/** Draw i of an option depends on the seed, the option's name and i alone: more draws leave the first ones as they are. */
function drawsOf(
  { count: n, seed }: NonNullable<Sweep["random"]>,
  draws: Readonly<Record<string, z.output<typeof Draw>>>,
) {
  const key = Key.seed(seed);
  return Array.from(
    { length: n },
    (_, i): Options =>
      Object.fromEntries(
        Object.entries(draws).map(([name, how]) => {
          const u = hostUniform(key.split(name).split(i), 1)[0]!;
          if ("choice" in how) return [name, how.choice[Math.floor(u * how.choice.length)]!];
          const [low, high] = "log" in how ? how.log : how.uniform;
          if (!(low < high) || ("log" in how && low <= 0))
            throw new UserError(
              `random.draw.${name}: a range from ${low} to ${high} is none: give the smaller number first${"log" in how ? ", above 0" : ""}`,
            );
          const x = "log" in how ? low * (high / low) ** u : low + u * (high - low);
          return [name, Number(x.toPrecision(4))];
        }),
      ),
  );
}

/** "lr-0.001-width-64-seed-0": what varies, as the name of a folder. */
const nameOf = (varied: Options): string =>
  Object.entries(varied)
    .map(([name, v]) => `${name}-${String(v)}`)
    .join("-")
    .replace(/[^a-zA-Z0-9.+-]+/g, "_")
    .slice(0, 150);

/** Steps at which runs are compared, the last one their whole length. */
export function rungsOf({ eta, first }: Pick<Asha, "eta" | "first">, steps: number): number[] {
  const rungs: number[] = [];
  for (let rung = first; rung < steps; rung *= eta) rungs.push(rung);
  return [...rungs, steps];
}
