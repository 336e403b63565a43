/** What to break of an agent, and what to guess. Numbers are of cart and pole, or of the pendulum, with any seed. */
import { after, type Lesson, type Standing } from "../experiment/tasks.ts";
import { AGENTS, type AgentName, type EnvName } from "./algorithms.ts";
import type { AgentKinds } from "./learning.ts";

interface Seen extends Standing<AgentKinds> {
  /** Of returns, over the last steps. */
  readonly mean: number | undefined;
}

const with_ = (seen: Seen, option: string): unknown => seen.setting?.options[option];

const policyGradient: Lesson<Seen> = {
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
      done: after(10_000, (seen) => Number(with_(seen, "gamma") ?? 1) < 0.5 && (seen.mean ?? 999) < 60),
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

const ppo: Lesson<Seen> = {
  tasks: [
    {
      say: {
        en: "Let one update run away from the old policy: a divergence (kl) above 0.2.",
        zh: "让一次更新远远离开旧策略：散度（kl）高于 0.2。",
      },
      why: {
        en: "The clip takes away the reward for going far, not the way: long steps, twenty times over the same data, jump over it.",
        zh: "截断只是不再奖励走远，并不挡路：步子大，同一批数据又用二十遍，就越过去了。",
      },
      done: after(256, ({ latest }) => (latest("kl") ?? 0) > 0.2),
    },
    {
      say: {
        en: "Have more than half of all ratios outside the clip (clipped above 0.5).",
        zh: "让一半以上的比率落在截断范围之外（clipped 高于 0.5）。",
      },
      why: {
        en: "With a tiny ε nearly every probability has left the range after a few passes; what is outside is not learned from any more.",
        zh: "ε 极小时，几遍之后几乎所有概率都出了范围；出了范围的就不再学了。",
      },
      done: after(256, ({ latest }) => (latest("clipped") ?? 0) > 0.5),
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
      done: after(8000, (seen) => with_(seen, "epochs") === 1 && (seen.mean ?? 999) < 100),
    },
  ],
  questions: [
    {
      ask: {
        en: "In the first pass over a rollout, what is the ratio of new to old probability?",
        zh: "第一遍用这批经验时，新旧概率之比是多少？",
      },
      answers: [
        { en: "1: nothing has moved yet, and nothing is clipped.", zh: "1：还什么都没动，也没有截断。" },
        { en: "It depends on the advantage.", zh: "取决于优势。" },
      ],
      right: 0,
      why: {
        en: "So its first step is the policy gradient itself; only the later passes need the clip.",
        zh: "所以第一步就是策略梯度本身；后面几遍才需要截断。",
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
        zh: "优势为负，比率已低于 1 − ε，梯度是多少？",
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

const values: Lesson<Seen> = {
  tasks: [
    {
      say: {
        en: "Let it promise more than there is: a mean value above 110, though no return discounted by 0.99 can exceed 100.",
        zh: "让它许诺过头：平均价值高于 110，而按 0.99 折扣的回报不可能超过 100。",
      },
      why: {
        en: "The largest of noisy values is too large on average, and the target takes it for true, again and again.",
        zh: "带噪声的价值取最大，平均来说偏大；目标又一次次把它当真。",
      },
      done: after(1000, ({ latest }) => (latest("value") ?? 0) > 110),
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
        en: "Let it forget: a replay of at most 300 transitions, and a mean return below 60 after 15,000 steps.",
        zh: "让它健忘：回放不超过 300 条，15 000 步之后平均回报低于 60。",
      },
      why: {
        en: "The last few episodes are all alike: they say nothing of states that it has left behind, and what was known of them is overwritten.",
        zh: "最近几局都差不多：离开过的状态再也见不到，学过的就被覆盖。",
      },
      done: after(15_000, (seen) => Number(with_(seen, "replay") ?? 1e5) <= 300 && (seen.mean ?? 999) < 60),
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
        en: "Which is larger as they learn, the values of DQN or of double DQN?",
        zh: "学习过程中，DQN 与双 DQN 谁的价值更大？",
      },
      answers: [
        { en: "DQN's", zh: "DQN 的" },
        { en: "double DQN's", zh: "双 DQN 的" },
        { en: "They learn the same values.", zh: "学到的价值相同。" },
      ],
      right: 0,
      why: {
        en: "Both learn towards the same truth, but a maximum over its own errors is on average too large.",
        zh: "两者都朝同一个真值学，但对自己的误差取最大，平均来说偏大。",
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

const torque: Lesson<Seen> = {
  tasks: [
    {
      say: {
        en: "Let the actor believe in what cannot be: a mean value above 1, though every reward here is negative.",
        zh: "让演员相信不可能的事：平均价值高于 1，而这里每个奖励都是负的。",
      },
      why: {
        en: "The actor looks for the critic's errors upwards, and the target takes what it finds for true.",
        zh: "演员专找评论家偏高的错，目标又把找到的当真。",
      },
      done: after(1000, ({ latest }) => (latest("value") ?? -9) > 1),
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
        (seen) => Number(with_(seen, "tau") ?? 1) < 0.0005 && (seen.latest("value") ?? -99) > -30,
      ),
    },
    {
      say: {
        en: "Make it live for the moment: γ at most 0.5 (DDPG, SAC) or a rate below 10⁻⁵, and a mean return below −900 after 6,000 steps.",
        zh: "让它只顾眼前：γ 不超过 0.5（DDPG、SAC）或学习率低于 10⁻⁵，6000 步之后平均回报低于 −900。",
      },
      why: {
        en: "To swing up it must first swing away, which costs; who does not look ahead does not pay for that.",
        zh: "要荡上去，先得往反方向荡，要付代价；不往前看就不肯付。",
      },
      done: after(
        6000,
        (seen) =>
          (Number(with_(seen, "gamma") ?? 1) <= 0.5 || Number(with_(seen, "lr") ?? 1) < 1e-5) &&
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

const LESSONS: Readonly<Partial<Record<AgentName, Lesson<Seen>>>> = {
  reinforce: policyGradient,
  baseline: policyGradient,
  "actor-critic": policyGradient,
  a2c: policyGradient,
  ppo,
  dqn: values,
  "double-dqn": values,
  ddpg: torque,
  td3: torque,
  sac: torque,
};

/** Numbers are of the environment in which an agent learns at first. */
export const lessonOf = (name: AgentName, env: EnvName): Lesson<Seen> | undefined =>
  AGENTS[name].envs[0] === env ? LESSONS[name] : undefined;
