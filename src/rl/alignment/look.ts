import type { Metrics } from "../../train/checkpoint.ts";
import { fastRandom } from "../random.ts";
import type { Asked } from "./dialogue.ts";
import { judge, mean, type Part } from "./judge.ts";
import { logRatios } from "./method.ts";
import type { Rollout } from "./rollout.ts";
import type { Drawing, reader, sampler } from "./studio.ts";
import type { Look } from "./warnings.ts";

type Sampler = ReturnType<typeof sampler>;

export interface LookPrograms {
  readonly own: Sampler;
  /** ln π_ref, and π's own as the trainer has it. */
  readonly refers: ReturnType<typeof reader>;
  readonly trained: ReturnType<typeof reader>;
  /** What π_ref makes of the first held-out prompts. */
  readonly shown: () => Promise<readonly string[]>;
}

interface Looking {
  readonly drawing: Drawing;
  readonly parts: readonly Part[];
  readonly missingEnd: number | undefined;
  readonly seed: number;
}

/** Apart from what training draws by. */
const LOOK = 1_000_003;
/** Completions shown beside those of the reference model. */
const SHOWN = 4;

/** Completions of the first held-out prompts. */
export async function shownBy(
  by: Sampler,
  held: readonly Asked[],
  { drawing: { dialogue, temperature }, seed }: Pick<Looking, "drawing" | "seed">,
): Promise<string[]> {
  const full = Array.from({ length: by.rows }, (_, i) => held[i % held.length]!);
  const rollout = await by.draw(full, fastRandom([seed, LOOK, 0]), temperature);
  const { judged } = await judge(rollout, full, { dialogue, parts: [] });
  return judged.slice(0, SHOWN).map(({ completion }) => completion);
}

/** What a policy does with held-out prompts: its reward, its divergence, and some completions beside those of π_ref. */
export async function lookAt(
  { own, refers, trained, shown }: LookPrograms,
  held: readonly Asked[],
  { drawing, parts, missingEnd, seed }: Looking,
): Promise<{ readonly look: Look; readonly metrics: Metrics; readonly text: readonly string[] }> {
  const { dialogue, temperature } = drawing;
  const sums: Record<string, number[]> = {};
  const note = (name: string, values: Iterable<number>): void => {
    (sums[name] ??= []).push(...values);
  };
  const texts: string[] = [];
  for (let at = 0; at < held.length; at += own.rows) {
    const some = held.slice(at, at + own.rows);
    const full = Array.from({ length: own.rows }, (_, i) => some[i % some.length]!);
    const rollout = await own.draw(full, fastRandom([seed, LOOK, at]), temperature);
    const { rewards, parts: own1, judged } = await judge(rollout, full, { dialogue, parts, missingEnd });
    const [ref, now] = [await refers.read(rollout), await trained.read(rollout)];
    const n = some.length;
    note("reward", rewards.subarray(0, n));
    for (const [name, value] of Object.entries(own1)) note(name, [value]);
    note("kl", logRatios({ rollout, reference: ref.logProbs }).subarray(0, n));
    note("length", rollout.lengths.subarray(0, n));
    note(
      "truncated",
      Array.from(rollout.ended.subarray(0, n), (e) => 1 - e),
    );
    note("reference", masked(rollout, ref.logProbs, n));
    note("entropy", masked(rollout, now.entropy, n));
    texts.push(...judged.slice(0, n).map(({ completion }) => completion));
  }
  const found = Object.fromEntries(Object.entries(sums).map(([name, values]) => [name, mean(values)]));
  const distinct = new Set(texts).size / texts.length;
  const look = { ...found, distinct } as unknown as Look;
  const metrics = Object.fromEntries(
    Object.entries({ ...found, distinct }).map(([name, value]) => [`heldOut/${name}`, value]),
  );
  const beside = await shown();
  const text = held
    .slice(0, SHOWN)
    .map(
      ({ prompt }, i) =>
        `${prompt === "" ? "" : `${prompt} → `}${JSON.stringify(texts[i])} (reference: ${JSON.stringify(beside[i])})`,
    );
  return { look, metrics, text };
}

/** The tokens that count, of the first n rows. */
function masked({ mask, positions: T }: Rollout, x: Float32Array, n: number): number[] {
  const out: number[] = [];
  for (let k = 0; k < n * T; k++) if (mask[k] === 1) out.push(x[k]!);
  return out;
}
