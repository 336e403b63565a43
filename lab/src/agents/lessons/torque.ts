/** What to break of an actor and its critic on the pendulum, and what to guess. */
import { after, type Lesson } from "../../experiment/tasks.ts";
import { given, type Seen } from "./seen.ts";

export const torque: Lesson<Seen> = {
  tasks: [
    {
      say: {
        en: "Let it believe in what cannot be: a mean value above 0 or below −1,630, though a step costs 0 to 16.3, and γ is 0.99.",
        zh: "让它相信不可能的事：平均价值高于 0 或低于 −1630，而每步扣 0 到 16.3 分，γ 是 0.99。",
      },
      why: {
        en: "With long steps and targets that follow at once, an error moves its own target, and grows. One critic runs away upwards, where the actor seeks it; of two, the smaller one downwards.",
        zh: "步子大，目标又紧跟着变，误差就推着自己的目标越走越远。一个评论家往上跑，因为演员专找偏高的；两个取较小的，就往下跑。",
      },
      done: after(1100, ({ latest }) => {
        const value = latest("value") ?? -9;
        return value > 0 || value < -1630;
      }),
    },
    {
      say: {
        en: "Freeze the targets: a mean value still above −30 after 3,000 steps.",
        zh: "冻住目标：3000 步之后平均价值仍高于 −30。",
      },
      why: {
        en: "With τ near 0 nothing of what the critic learns is passed on: it sees one reward ahead.",
        zh: "τ 接近 0 时，评论家学到的传不下去：只看到眼前一步的奖励。",
      },
      done: after(
        3000,
        (seen) => Number(given(seen, "tau") ?? 1) < 0.0005 && (seen.latest("value") ?? -99) > -30,
      ),
    },
    {
      say: {
        en: "Make it live for the moment: γ at most 0.5 (DDPG, SAC) or a rate below 10⁻⁵, and a mean return below −900 after 4,000 steps.",
        zh: "让它只顾眼前：γ 不超过 0.5（DDPG、SAC）或学习率低于 10⁻⁵，4000 步之后平均回报低于 −900。",
      },
      why: {
        en: "To swing up it must first swing away, which costs; who does not look ahead does not pay for that.",
        zh: "要荡上去，先得往反方向荡，要付代价；不往前看就不肯付。",
      },
      done: after(
        4000,
        (seen) =>
          (Number(given(seen, "gamma") ?? 1) <= 0.5 || Number(given(seen, "lr") ?? 1) < 1e-5) &&
          (seen.mean ?? 0) < -900,
      ),
    },
  ],
  questions: [
    {
      ask: {
        en: "Why is there no maximum over actions in the target?",
        zh: "目标里为什么没有对动作取最大？",
      },
      answers: [
        {
          en: "There are infinitely many: the actor's own is taken for the best.",
          zh: "动作有无穷多个：把演员的动作当作最好的。",
        },
        { en: "The critic does not see the action.", zh: "评论家看不到动作。" },
      ],
      right: 0,
      why: {
        en: "The actor is a maximum that is learned, by steps uphill on Q.",
        zh: "演员就是学出来的最大值，沿着 Q 一步步上坡。",
      },
    },
    {
      ask: {
        en: "Two critics, and the smaller one is believed. Against what?",
        zh: "两个评论家，信较小的那个，防的是什么？",
      },
      answers: [
        {
          en: "values that are too large, because the actor seeks them out",
          zh: "价值偏大，因为演员专门去找",
        },
        { en: "forgetting", zh: "遗忘" },
      ],
      right: 0,
      why: { en: "Both are seldom wrong upwards at the same place.", zh: "两个很少在同一处一起偏高。" },
    },
    {
      ask: {
        en: "The pendulum stands at last. What is the best return of an episode then?",
        zh: "摆终于立住了，一局的回报最好是多少？",
      },
      answers: [
        { en: "0", zh: "0" },
        { en: "between −100 and −300, mostly", zh: "多半在 −100 到 −300 之间" },
      ],
      right: 1,
      why: {
        en: "Getting there costs, the more the lower it begins.",
        zh: "荡上去就要扣分，起点越低扣得越多。",
      },
    },
  ],
};
