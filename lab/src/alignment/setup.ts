/** What the page of RL for GPT trains: the task, the tiny GPT, the methods, and what each is offered with. */
import type { Control } from "../experiment/controls.ts";

export const METHODS = ["rloo", "grpo"] as const;
export type MethodName = (typeof METHODS)[number];
export const REWARDS = ["exact", "places"] as const;
export type RewardName = (typeof REWARDS)[number];

/** Three letters of four kinds: all 341 things that can be written for a prompt can be listed. */
export const DATA = "task:sort,length=3,min=3,symbols=4";
export const TINY = { layers: 1, heads: 2, width: 32, context: 16, positions: "learned" } as const;

/** The reference model: how long it learns from answers before rewards begin. */
export const REFERENCE = { steps: 25, batchSize: 32, lr: 3e-3 } as const;
/** Prompts of a step, and steps in which the rate grows: Adam's first steps would else be long ones in any direction. */
export const [PROMPTS, WARMUP] = [16, 10] as const;

export interface AlignSetting {
  readonly method: MethodName;
  readonly reward: RewardName;
  readonly beta: number;
  readonly group: number;
  readonly lr: number;
  readonly seed: number;
}

export const USUAL: AlignSetting = {
  method: "rloo",
  reward: "exact",
  beta: 0.3,
  group: 8,
  lr: 2e-3,
  seed: 0,
};

/** The first training: a little, from answers. */
export const ANSWERS = { options: TINY, training: { ...REFERENCE, lrSchedule: "constant" } } as const;

/** The second: from rewards, at a constant rate. */
export const rewardsBy = ({ reward, beta, group, lr }: Omit<AlignSetting, "method" | "seed">) => ({
  options: { ...TINY, reward: [reward], beta, group },
  training: { batchSize: PROMPTS, lr, warmup: WARMUP },
});

/** What a method's schema gives, for `build/controls.ts`. */
const offered = (model: MethodName) => ({
  model,
  controls: ["beta", "group"],
  options: { beta: USUAL.beta, group: USUAL.group },
});
export const OFFERED = { rloo: offered("rloo"), grpo: offered("grpo") };

/** All five controls: those of the schema, in bounds that fit a page, and the three that are choices of the page. */
export const controlsOf = (own: readonly Control[]): readonly Control[] => [
  { name: "method", about: "", usual: USUAL.method, kind: "choice", choices: METHODS },
  { name: "reward", about: "", usual: USUAL.reward, kind: "choice", choices: REWARDS },
  ...own.map((control) => (control.name === "group" ? { ...control, min: 2, max: 16 } : control)),
  { name: "lr", about: "", usual: USUAL.lr, kind: "number", min: 1e-6, max: 0.1 },
];
