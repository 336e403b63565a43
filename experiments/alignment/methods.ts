import { openData } from "../../src/data/node.ts";
import type { AnyModel } from "../../src/model/contract.ts";
import { dpo } from "../../src/rl/alignment/dpo.ts";
import { grpo } from "../../src/rl/alignment/grpo.ts";
import { ppo } from "../../src/rl/alignment/ppo.ts";
import { rloo } from "../../src/rl/alignment/rloo.ts";
import { sft } from "../../src/rl/alignment/sft.ts";
import { type Experiment, markdownTable } from "../experiment.ts";
import { save } from "../sequences/learning.ts";
import { evaluated, type Looked, learn, processorSeconds } from "./learning.ts";

const DATA = "task:sort,length=6,min=6,symbols=10";
const NETWORK = { layers: 2, width: 64, context: 16, positions: "learned", activation: "relu" };
/** Prompts and completions of a step, held-out prompts, and steps between looks. */
const [PROMPTS, GROUP, HELD_OUT, EVERY] = [32, 8, 256, 10];

interface Entry {
  readonly name: string;
  readonly model: AnyModel;
  readonly lr: number;
  readonly options?: Readonly<Record<string, unknown>>;
}

const METHODS: readonly Entry[] = [
  { name: "DPO", model: dpo, lr: 1e-4, options: { beta: 0.5 } },
  { name: "PPO", model: ppo, lr: 1e-3, options: { beta: 0 } },
  { name: "RLOO", model: rloo, lr: 1e-3, options: { beta: 0 } },
  { name: "GRPO", model: grpo, lr: 1e-3 },
];

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The methods side by side on the sort task: after as many completions, and after as many seconds. */
export const methods: Experiment = {
  description: "DPO, PPO, RLOO, GRPO and best of n on the sort task, at equal samples and equal time",
  run: async ({ engine, out, steps = 100 }) => {
    const data = await openData(DATA);
    const base = await learn(
      { title: "SFT", model: sft, data, options: NETWORK, training: { steps: 50, batchSize: 256, lr: 5e-3 } },
      engine,
    );
    const weights = await base.module.stateDict();
    const trained: { readonly name: string; readonly looks: readonly Looked[] }[] = [];
    // As long as the first of them takes for its steps; each goes on until it has had both.
    let time = 0;
    for (const { name, model, lr, options } of METHODS) {
      const { looks, module } = await learn(
        {
          title: name,
          model,
          data,
          options: { ...NETWORK, group: GROUP, heldOut: HELD_OUT, ...options },
          training: { steps: 4 * steps, batchSize: PROMPTS, lr },
          weights,
          every: EVERY,
        },
        engine,
        (now) => now.step >= steps && now.seconds >= time,
      );
      time ||= looks.at(-1)!.seconds;
      trained.push({ name, looks });
      module.dispose();
    }
    const completions = steps * PROMPTS * GROUP;
    const best = async (n: number): Promise<{ reward: number; seconds: number }> => {
      const before = processorSeconds();
      const found = await evaluated(
        { model: sft, data, options: NETWORK, module: base.module },
        { samples: HELD_OUT, bestOf: n },
        engine,
      );
      return { reward: found.reward!, seconds: processorSeconds() - before };
    };
    const one = await best(1);
    const spread = await best(Math.round(completions / HELD_OUT));
    const few = await best(GROUP);
    // Both have a part that does not depend on n.
    const each = (spread.seconds - few.seconds) / (Math.round(completions / HELD_OUT) - GROUP);
    const inTime = Math.max(1, Math.round(time / each));
    const rows = trained.map(({ name, looks }) => {
      const samples = looks.find(({ step }) => step >= steps)!;
      const timed = looks.findLast(({ seconds }) => seconds <= time) ?? looks[0]!;
      return [
        name,
        percent(samples.metrics["heldOut/reward"]!),
        `${samples.seconds.toFixed(1)} s`,
        samples.metrics["heldOut/kl"]!.toFixed(2),
        percent(timed.metrics["heldOut/reward"]!),
        `${timed.step} steps`,
      ];
    });
    const bests: (readonly [number, { reward: number; seconds: number }])[] = [
      [GROUP, few],
      [Math.round(completions / HELD_OUT), spread],
    ];
    const table = markdownTable(
      [
        "",
        `${completions.toLocaleString("en-US")} completions`,
        "seconds",
        "KL",
        `in ${time.toFixed(0)} s`,
        "that is",
      ],
      [
        ["π_ref", percent(one.reward), "0", "0", percent(one.reward), ""],
        ...rows,
        ...bests.map(([n, { reward, seconds }]) => [
          `best of ${n}`,
          percent(reward),
          `${seconds.toFixed(1)} s`,
          `≤ ${(Math.log(n) - (n - 1) / n).toFixed(2)}`,
          "",
          "",
        ]),
        [`best of ${inTime}`, "", "", "", percent((await best(inTime)).reward), "of each prompt"],
      ],
    );
    await save(out, "alignment", table);
    base.module.dispose();
  },
};
