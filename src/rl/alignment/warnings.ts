/** What the course of a training may be warned of, each in a sentence. */

/** What a look at held-out prompts found. */
export interface Look {
  readonly reward: number;
  /** Nats of a completion from π_ref. */
  readonly kl: number;
  /** ln π_ref of a token, on average. */
  readonly reference: number;
  /** Share of distinct completions. */
  readonly distinct: number;
  /** Nats of a token. */
  readonly entropy: number;
}

/** @param first the look before anything was learned */
export function warningsOf(first: Look, now: Look, klLimit: number): string[] {
  const said: string[] = [];
  const fixed = (x: number): string => x.toFixed(2);
  if (now.reward > first.reward + 0.02 && now.distinct < 0.7 * first.distinct)
    said.push(
      `reward hacking? The reward has risen from ${fixed(first.reward)} to ${fixed(now.reward)}, while distinct completions fell from ${fixed(first.distinct)} to ${fixed(now.distinct)}: read the samples`,
    );
  else if (now.reward > first.reward + 0.02 && now.reference < first.reference - 1)
    said.push(
      `reward hacking? The reward has risen from ${fixed(first.reward)} to ${fixed(now.reward)}, while a token's log-probability under the reference model fell from ${fixed(first.reference)} to ${fixed(now.reference)}: read the samples`,
    );
  if (first.entropy > 0.05 && now.entropy < 0.05 * first.entropy)
    said.push(
      `the entropy has collapsed from ${first.entropy.toFixed(3)} to ${now.entropy.toFixed(4)} nats a token: all draws are alike, and there is hardly anything left to learn from (a larger option \`beta\` or a smaller option \`lr\` keeps it)`,
    );
  if (now.kl > klLimit)
    said.push(
      `a completion is ${now.kl.toFixed(1)} nats from the reference model, and option \`klLimit\` is ${klLimit}: raise option \`beta\`, or stop earlier`,
    );
  return said;
}
