/** What to break of a policy gradient on cart and pole, and what to guess. */
import { after, type Lesson } from "../../experiment/tasks.ts";
import { given, type Seen } from "./seen.ts";

export const policyGradient: Lesson<Seen> = {
  tasks: [
    {
      say: {
        en: "Make it sure of itself before it can do anything: entropy below 0.05 nats, and a mean return below 60.",
        zh: "让它什么都还不会就自信起来：熵低于 0.05 奈特，而平均回报低于 60。",
      },
      why: {
        en: "Steps too long make the first lucky action certain. What is never tried any more has no gradient: it cannot come back.",
        zh: "步子太大，第一次碰巧的动作就成了必然。不再尝试的动作没有梯度，也就回不来了。",
      },
      done: after(500, ({ latest, mean }) => (latest("entropy") ?? 9) < 0.05 && (mean ?? 999) < 60),
    },
    {
      say: {
        en: "Keep it from making up its mind: entropy still above 0.69 nats after 8,000 steps (a coin has ln 2 = 0.693).",
        zh: "让它拿不定主意：8000 步之后熵仍高于 0.69 奈特（抛硬币是 ln 2 = 0.693）。",
      },
      why: {
        en: "With a large weight, entropy is worth more than what it could win by being right.",
        zh: "权重很大时，保持熵比做对更划算。",
      },
      done: after(8000, ({ latest }) => (latest("entropy") ?? 0) > 0.69),
    },
    {
      say: {
        en: "Make it blind to what comes later: γ below 0.5, and a mean return below 60 after 10,000 steps.",
        zh: "让它看不到以后：γ 低于 0.5，10 000 步之后平均回报低于 60。",
      },
      why: {
        en: "Every step pays 1, also the last before the fall. Who counts only the next few sees no difference between the actions.",
        zh: "每一步都得 1，倒下之前的那步也一样。只看眼前几步，两个动作就没有差别。",
      },
      done: after(10_000, (seen) => Number(given(seen, "gamma") ?? 1) < 0.5 && (seen.mean ?? 999) < 60),
    },
  ],
  questions: [
    {
      ask: {
        en: "A baseline is subtracted from the return. What does that change?",
        zh: "从回报里减去基线，改变的是什么？",
      },
      answers: [
        { en: "the direction in which the policy moves on average", zh: "策略平均移动的方向" },
        { en: "only how noisy the steps are", zh: "只有步子的噪声" },
      ],
      right: 1,
      why: {
        en: "Σ ∇π(a | s) is 0, so what does not depend on the action takes nothing away on average; it takes away variance.",
        zh: "Σ ∇π(a | s) = 0，不依赖动作的量平均起来什么也不减，减掉的是方差。",
      },
    },
    {
      ask: {
        en: "Every reward here is 1. How can an action be worse than average at all?",
        zh: "这里每步奖励都是 1，一个动作怎么会比平均差？",
      },
      answers: [
        {
          en: "It cannot; all are made likelier, and some more than others.",
          zh: "不会；都变得更可能，只是有多有少。",
        },
        { en: "Fewer steps follow it: its return is smaller.", zh: "它之后的步数更少，回报就更小。" },
      ],
      right: 1,
      why: {
        en: "What counts is the sum of all that follows, and against V(s) that is often negative. Without a baseline the first answer would be right.",
        zh: "算的是之后的全部，减去 V(s) 往往是负的。没有基线时，第一个答案才对。",
      },
    },
    {
      ask: { en: "As it learns, what does the entropy do?", zh: "学着学着，熵会怎样？" },
      answers: [
        { en: "It falls: the policy becomes surer.", zh: "下降：策略越来越确定。" },
        { en: "It stays at ln 2: there are two actions.", zh: "一直是 ln 2：动作有两个。" },
        { en: "It grows: it explores more and more.", zh: "上升：探索越来越多。" },
      ],
      right: 0,
      why: {
        en: "What is better is made likelier, and that is all that a policy gradient does; a bonus for entropy slows it.",
        zh: "策略梯度做的就是让好的更可能；熵奖励会让它慢下来。",
      },
    },
  ],
};
