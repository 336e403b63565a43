/** What to break of DQN on cart and pole, and what to guess. */
import { after, type Lesson } from "../../experiment/tasks.ts";
import { given, type Seen } from "./seen.ts";

export const values: Lesson<Seen> = {
  tasks: [
    {
      say: {
        en: "Let it promise more than it gets: a mean value above its mean return, after 6,000 steps.",
        zh: "让它许诺过头：6000 步之后，平均价值高于平均回报。",
      },
      why: {
        en: "Long steps make values noisy. The largest of noisy values is too large on average, and the target takes it for true, again and again.",
        zh: "步子太大，价值就满是噪声。带噪声的价值取最大，平均来说偏大；目标又一次次把它当真。",
      },
      done: after(6000, ({ latest, mean }) => (latest("value") ?? 0) > (mean ?? 999)),
    },
    {
      say: {
        en: "Freeze its target: a mean value below 5 after 5,000 steps.",
        zh: "冻住目标：5000 步之后平均价值低于 5。",
      },
      why: {
        en: "What the target network never learns cannot be passed on: it sees one reward ahead, and behind that its first weights.",
        zh: "目标网络不更新，就没有东西可传：它只看到眼前一步的奖励，后面是最初的权重。",
      },
      done: after(5000, ({ latest }) => (latest("value") ?? 99) < 5),
    },
    {
      say: {
        en: "Let it learn from the last moments alone: a replay of at most 100 transitions, and a mean return below 60 after 5,500 steps.",
        zh: "让它只从刚才的经历学：回放不超过 100 条，5500 步之后平均回报低于 60。",
      },
      why: {
        en: "A few episodes are all alike: they say nothing of states that it has left behind, and what was known of them is overwritten.",
        zh: "刚才的几局都差不多：离开过的状态再也见不到，学过的就被覆盖。",
      },
      done: after(5500, (seen) => Number(given(seen, "replay") ?? 1e5) <= 100 && (seen.mean ?? 999) < 60),
    },
  ],
  questions: [
    {
      ask: {
        en: "The values of both actions are nearly equal in most states. Has it learned nothing?",
        zh: "多数状态下两个动作的价值几乎相等，是没学到东西吗？",
      },
      answers: [
        { en: "Right: they should be far apart.", zh: "是的：应该相差很远。" },
        { en: "No: one wrong step is soon put right.", zh: "不是：走错一步，马上能纠正。" },
      ],
      right: 1,
      why: {
        en: "Q is the return of one action and the best ones after it: near the middle the first matters little.",
        zh: "Q 是先做这个动作、之后都做最好的回报：在中间附近，第一步无关紧要。",
      },
    },
    {
      ask: {
        en: "Double DQN lets one network choose the next action, and the other value it. What does that take away?",
        zh: "双 DQN 让一个网络选下一个动作，另一个网络估值。它去掉的是什么？",
      },
      answers: [
        {
          en: "choosing an action for the very error that its value has",
          zh: "因为某个价值恰好估高了，才选中那个动作",
        },
        { en: "the noise of the rewards", zh: "奖励的噪声" },
        { en: "the need for a target network", zh: "对目标网络的需要" },
      ],
      right: 0,
      why: {
        en: "A maximum picks what is overestimated. Another network's errors are others, and not picked for being large.",
        zh: "取最大会挑中被高估的。另一个网络的误差是另一回事，不会因为偏大而被挑中。",
      },
    },
    {
      ask: {
        en: "Its returns stay low for the first thousands of steps. Why, beside learning?",
        zh: "最初几千步回报一直低，除了还没学会，还因为什么？",
      },
      answers: [
        { en: "ε: many of its actions are random then.", zh: "ε：那时许多动作是随机的。" },
        { en: "The discount makes returns small.", zh: "折扣让回报变小。" },
      ],
      right: 0,
      why: {
        en: "The curve shows episodes as it explores; the picture shows it without. Compare the two.",
        zh: "曲线是边探索边玩的成绩，画面里是不探索的。比比看。",
      },
    },
  ],
};
