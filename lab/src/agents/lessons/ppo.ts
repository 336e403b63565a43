/** What to break of PPO on cart and pole, and what to guess. */
import { after, type Lesson } from "../../experiment/tasks.ts";
import { given, type Seen } from "./seen.ts";

export const ppo: Lesson<Seen> = {
  tasks: [
    {
      say: {
        en: "Let one update run away from the old policy: a KL above 0.2 nats.",
        zh: "让一次更新远远离开旧策略：KL 高于 0.2 奈特。",
      },
      why: {
        en: "The clip takes away the reward for going far, not the way: long steps, twenty times over the same data, jump over it.",
        zh: "裁剪只是不再奖励走远，并不挡路：步子大，同一批数据又用二十遍，就越过去了。",
      },
      done: after(256, ({ latest }) => (latest("kl") ?? 0) > 0.2),
    },
    {
      say: {
        en: "Have more than half of all ratios clipped (above 0.5) within the first 2,000 steps.",
        zh: "在前 2000 步之内，让一半以上的比值被裁剪（高于 0.5）。",
      },
      why: {
        en: "With a tiny ε nearly every probability has left the range after a few passes; what is outside is not learned from any more.",
        zh: "ε 极小时，几遍之后几乎所有概率都出了范围；出了范围的就不再学了。",
      },
      done: ({ step, latest }) => step <= 2000 && (latest("clipped") ?? 0) > 0.5,
    },
    {
      say: {
        en: "Make it waste what it gathers: with one pass over each rollout, a mean return below 100 after 8,000 steps.",
        zh: "让它浪费经验：每批只用一遍，8000 步之后平均回报低于 100。",
      },
      why: {
        en: "That is a policy gradient like A2C's, with fewer and larger updates: using a rollout many times is what PPO is for.",
        zh: "这就成了像 A2C 那样的策略梯度，而且更新更少：把一批经验用许多遍，正是 PPO 的用处。",
      },
      done: after(8000, (seen) => given(seen, "epochs") === 1 && (seen.mean ?? 999) < 100),
    },
  ],
  questions: [
    {
      ask: {
        en: "In the first pass over a rollout, what is the ratio of new to old probability?",
        zh: "第一遍用这批经验时，新旧概率之比是多少？",
      },
      answers: [
        { en: "1: nothing has moved yet, and nothing is clipped.", zh: "1：还什么都没动，也没有裁剪。" },
        { en: "It depends on the advantage.", zh: "取决于优势。" },
      ],
      right: 0,
      why: {
        en: "So its first step is the policy gradient itself; only the later passes need the clip.",
        zh: "所以第一步就是策略梯度本身；后面几遍才需要裁剪。",
      },
    },
    {
      ask: {
        en: "PPO beside A2C, as usual: which is ahead after 10,000 steps?",
        zh: "默认设置下 PPO 与 A2C 并排，10 000 步之后谁领先？",
      },
      answers: [
        { en: "PPO", zh: "PPO" },
        { en: "A2C", zh: "A2C" },
        { en: "They are equal: both are policy gradients.", zh: "一样：都是策略梯度。" },
      ],
      right: 0,
      why: {
        en: "It makes some twenty steps from the data that give A2C one.",
        zh: "A2C 走一步的数据，它能走二十来步。",
      },
    },
    {
      ask: {
        en: "The advantage is negative and the ratio is already below 1 − ε. What is the gradient?",
        zh: "优势为负，比值已低于 1 − ε，梯度是多少？",
      },
      answers: [
        { en: "0: it has been made rare enough for this rollout.", zh: "0：这批数据里它已经够少了。" },
        { en: "As before: it should become rarer still.", zh: "照旧：还该更少。" },
      ],
      right: 0,
      why: {
        en: "min(r A, clip(r) A) is flat there. Back towards 1 it is not: moving back is always allowed.",
        zh: "min(r A, clip(r) A) 在那里是平的。往 1 走则不平：回头总是可以的。",
      },
    },
  ],
};
