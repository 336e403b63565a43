import { UserError } from "../../errors.ts";
import type { Asked, Dialogue } from "./dialogue.ts";
import type { Judged } from "./rewards.ts";
import { completionOf, type Rollout } from "./rollout.ts";

/** A part of what completions are paid: many at once, as a network may read them. */
export interface Part {
  readonly name: string;
  readonly weight: number;
  score(judged: readonly Judged[], rollout: Rollout): Promise<ArrayLike<number>> | ArrayLike<number>;
}

export interface Verdict {
  /** Of each completion: the weighted sum of the parts. */
  readonly rewards: Float64Array;
  /** The mean of each part by its name, where there are several. */
  readonly parts: Readonly<Record<string, number>>;
  readonly judged: readonly Judged[];
}

export const mean = (x: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]!;
  return x.length === 0 ? 0 : sum / x.length;
};

/**
 * What completions are paid. `missingEnd` stands for the reward of those that were cut.
 * @throws UserError where a reward is not a finite number, with the completion that got it
 */
export async function judge(
  rollout: Rollout,
  asked: readonly Asked[],
  {
    dialogue,
    parts,
    missingEnd,
  }: { dialogue: Dialogue; parts: readonly Part[]; missingEnd?: number | undefined },
): Promise<Verdict> {
  const judged = asked.map(
    (of, n): Judged => ({ ...of, completion: dialogue.text(completionOf(rollout, n)) }),
  );
  const rewards = new Float64Array(rollout.rows);
  const means: Record<string, number> = {};
  for (const part of parts) {
    const { name, weight } = part;
    const own = await part.score(judged, rollout);
    for (let n = 0; n < rewards.length; n++) {
      if (!Number.isFinite(own[n]))
        throw new UserError(
          `the reward ${name} of ${JSON.stringify(judged[n]!.completion)}, for the prompt ${JSON.stringify(judged[n]!.prompt)}, is ${own[n]}; a finite number is expected`,
        );
      rewards[n]! += weight * own[n]!;
    }
    means[`reward/${name}`] = mean(own);
  }
  if (missingEnd !== undefined)
    for (let n = 0; n < rewards.length; n++) if (rollout.ended[n] === 0) rewards[n] = missingEnd;
  return { rewards, parts: parts.length > 1 ? means : {}, judged };
}
