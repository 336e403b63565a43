/** What an agent says of states, and an episode of it as it is at the moment. */
import type { Policy } from "galatea/rl/agent.ts";
import { fastRandom, npRandom, type Rng } from "galatea/rl/random.ts";
import type { Rows } from "galatea/rl/rows.ts";
import { type Action, type Place, taken } from "./envs.ts";

/** Of one state, by name: `probabilities` or `q` of each action, or an `action` and its `deviation`; and the `value`. */
export type Said = Readonly<Record<string, readonly number[]>>;

export interface Episode {
  /** Steps that the agent had learned from. */
  readonly learned: number;
  /** One more than there are actions. */
  readonly states: readonly Float64Array[];
  readonly actions: readonly Action[];
  readonly rewards: readonly number[];
  readonly said: readonly Said[];
  /** From a run of another day. */
  readonly recorded?: true;
}

export interface Asked {
  /** Where it begins, and how many steps of the episode have been; a state of its own where it is left out. */
  readonly from?: { readonly state: Float64Array; readonly steps: number } | undefined;
  /** Which of the beginnings. */
  readonly seed: readonly [number, number];
  /** Take actions by chance, as while learning, and not the best ones. */
  readonly exploring: boolean;
}

/** What the policy says of so many observations, row after row. */
export async function saidOfRows(policy: Policy, rows: Rows, count: number): Promise<Said[]> {
  const all = Object.entries((await policy.says?.(rows)) ?? {});
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(
      all.map(([name, { data }]) => {
        const size = data.length / count;
        return [name, Array.from(data.subarray(i * size, (i + 1) * size), Number)];
      }),
    ),
  );
}

/** What the policy says of these states, state after state. */
export function saidOf(policy: Policy, { source }: Place, states: readonly Float64Array[]): Promise<Said[]> {
  const observations = states.map((state) => source.observation(state));
  const width = observations[0]!.length;
  const rows = new Float32Array(width * states.length);
  for (const [i, observation] of observations.entries()) rows.set(observation, i * width);
  return saidOfRows(policy, rows, states.length);
}

/** The least and the largest value of an action that was said, by which values are drawn. */
export function endsOf(said: readonly Said[]): readonly [low: number, high: number] {
  const values = said.flatMap(({ q = [] }) => q);
  return [Math.min(...values), Math.max(...values)];
}

const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values));

/** The action that it takes: the best, or one by chance. `epsilon` is the share of random ones of those who go by values. */
export function actionBy(
  { probabilities, q, action, deviation }: Said,
  exploring: boolean,
  rng: Rng,
  epsilon: number,
): Action {
  if (probabilities) {
    let left = rng.random();
    const drawn = probabilities.findIndex((p) => (left -= p) < 0);
    return exploring && drawn >= 0 ? drawn : largest(probabilities);
  }
  if (q) return exploring && rng.random() < epsilon ? Math.floor(rng.random() * q.length) : largest(q);
  return action![0]! + (exploring && deviation ? rng.normal() * deviation[0]! : 0);
}

export async function playEpisode(
  policy: Policy,
  place: Place,
  { from, seed, exploring }: Asked,
  { learned, epsilon }: { readonly learned: number; readonly epsilon: number },
): Promise<Episode> {
  const { source, limit, actions, most } = place;
  const rng = npRandom([...seed]);
  const chance = fastRandom([...seed, 1]);
  let state = from?.state ?? source.initial(rng);
  const episode = {
    learned,
    states: [state],
    actions: [] as Action[],
    rewards: [] as number[],
    said: [] as Said[],
  };
  for (let step = from?.steps ?? 0; step < limit; step++) {
    const said = (await saidOf(policy, place, [state]))[0]!;
    const chosen = actionBy(said, exploring, chance, epsilon);
    const action = actions > 0 ? chosen : Math.min(Math.max(chosen, -most), most);
    const next = source.transition(state, taken(place, action), rng);
    episode.said.push(said);
    episode.actions.push(action);
    episode.rewards.push(source.reward(state, taken(place, action), next));
    episode.states.push(next);
    state = next;
    if (source.terminal(state)) break;
  }
  episode.said.push((await saidOf(policy, place, [state]))[0]!);
  return episode;
}
