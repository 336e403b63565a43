import type { Data } from "../../data/data.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import type { World } from "../../model/contract.ts";
import { readCheckpoint } from "../../train/run.ts";
import { dialogueOf } from "./dialogue.ts";
import type { Part } from "./judge.ts";
import { type NamedReward, rewardsOf } from "./rewards.ts";
import { gptOptionsOf, ScoredGpt } from "./scored-gpt.ts";
import { scorer } from "./studio.ts";
import { TONES, tonesOf } from "./tones.ts";

interface Around {
  readonly data: Data;
  readonly world: World;
  readonly engine: Engine;
}

/** What completions are paid for, by name: rewards of rewards.ts, and model:RUN, a trained reward model. */
export async function partsOf(names: readonly string[], around: Around): Promise<Part[]> {
  const { data, world } = around;
  const table = names.some((name) => name.startsWith("tones"))
    ? tonesOf(new TextDecoder().decode(await world.asset(TONES)))
    : undefined;
  const known = { data: () => data, tones: () => table! };
  return Promise.all(
    names.map(async (name): Promise<Part> => {
      if (name.startsWith("model:")) return modelPart(name, around);
      const [{ of, ...part }] = rewardsOf([name], known) as [NamedReward];
      return { ...part, score: (judged) => judged.map(of) };
    }),
  );
}

async function modelPart(text: string, { world, engine }: Around): Promise<Part> {
  const [, name = "", weight = "1"] = /^model:([^*]*)(?:\*(.*))?$/.exec(text) ?? [];
  const run = await world.run(name);
  const { config } = run;
  if (config.kind !== "model" || config.model !== "reward" || !config.spec)
    throw new UserError(
      `the reward ${text}: ${run.path} is no reward model (galatea train reward makes one)`,
    );
  const checkpoint = await readCheckpoint(run);
  if (!checkpoint) throw new UserError(`${run.path} has no checkpoint yet: train it first`);
  const module = new ScoredGpt(gptOptionsOf(config.options as never, config.spec));
  module.loadStateDict(checkpoint.tensors.weights, { source: run.path });
  const dialogue = dialogueOf(config.spec);
  const score = scorer(module, engine);
  return {
    name: `model:${name}`,
    weight: Number(weight),
    score: (judged) =>
      score(
        judged.map(({ prompt, completion }) =>
          Int32Array.of(...dialogue.prompt(prompt), ...dialogue.answer(completion)),
        ),
      ),
  };
}
