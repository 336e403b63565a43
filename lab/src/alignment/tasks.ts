/** Things to break of RL for a GPT, and questions to answer before it runs. */
import { after, type Lesson, type Standing } from "../experiment/tasks.ts";
import type { AlignKinds } from "./alignment.ts";

type Seen = Standing<AlignKinds>;

export const ALIGNMENT_LESSON: Lesson<Seen> = {
  tasks: [
    {
      say: {
        en: "Make it sure of what is wrong: an entropy below 0.05 nats a token, though fewer than 80 % of its answers are right, after 40 steps.",
        zh: "让它错得很笃定：40 步之后，熵低于每词元 0.05 奈特，答对的却不到 80 %。",
      },
      why: {
        en: "Without a price, and in long steps, it settles on the first answer that was paid. Then all of a group is alike, nothing is better than the mean, and no gradient is left to find what is right.",
        zh: "没有代价，步子又大，它就认定最先得到奖励的写法。此后一组里全都一样，没有哪个比平均好，也就没有梯度去找对的答案。",
      },
      done: after(
        40,
        ({ latest, look }) => (latest("entropy") ?? 9) < 0.05 && (look?.numbers["exact/right"] ?? 1) < 0.8,
      ),
    },
    {
      say: {
        en: "Leave it without a signal: at 60 % of the prompts or more, all completions are paid alike, while fewer than 30 % of its answers are right; after 10 steps.",
        zh: "让它收不到信号：10 步之后，60 % 以上的提示里各份回答得分全都一样，而答对的还不到 30 %。",
      },
      why: {
        en: "An advantage is what a completion has above the others of its group. In groups of two, both are mostly wrong: what all have is no advantage.",
        zh: "优势是一份回答比同组其他回答好多少。一组只有两份时，多半两份都错：大家一样，就谈不上优势。",
      },
      done: after(
        10,
        ({ latest, look }) => (latest("noSignal") ?? 0) >= 0.6 && (look?.numbers["exact/right"] ?? 1) < 0.3,
      ),
    },
    {
      say: {
        en: "Pay for what is not meant: a reward above 0.75, though fewer than 55 % of its answers are right, after 40 steps.",
        zh: "奖励错了东西：40 步之后，奖励高于 0.75，答对的却不到 55 %。",
      },
      why: {
        en: "Two of three places are paid two thirds. At this price the last third is worth less than what going there costs: the optimum itself has many answers that are nearly right.",
        zh: "三个位置对两个就得三分之二。按这个价钱，最后那三分之一抵不上走过去的代价：最优策略本身就有许多“差一点对”的回答。",
      },
      done: after(40, ({ look }) => {
        const right = look?.numbers["exact/right"] ?? 1;
        return (look?.place.reward ?? 0) > 0.75 && right < 0.55;
      }),
    },
  ],
  questions: [
    {
      ask: { en: "The price β goes up. Where does the star go?", zh: "β 变大，星号往哪里走？" },
      answers: [
        { en: "to more reward, farther from the reference", zh: "奖励更高，离参考模型更远" },
        { en: "back along the curve, towards the reference", zh: "沿曲线退回参考模型" },
        { en: "above the curve", zh: "到曲线上方" },
      ],
      right: 1,
      why: {
        en: "π* ∝ π_ref·exp(r/β): a large β flattens the exponential, and leaves π_ref.",
        zh: "π* ∝ π_ref·exp(r/β)：β 大，指数就平，剩下的就是 π_ref。",
      },
    },
    {
      ask: {
        en: "Can a method be so good that its policy stands above the curve?",
        zh: "方法足够好，策略能站到曲线上方吗？",
      },
      answers: [
        { en: "Yes, with enough steps.", zh: "能，步数够多就行。" },
        { en: "No.", zh: "不能。" },
      ],
      right: 1,
      why: {
        en: "Each point of the curve is the most reward that any policy can have at that divergence. Where the reward is drawn and not exact, it may seem so for a batch.",
        zh: "曲线上每一点都是在那个散度下任何策略能得到的最多奖励。用抽样估计的奖励，某一批倒可能看起来更高。",
      },
    },
    {
      ask: {
        en: "Same β, two rewards: 1 for the right answer, or the share of right places. Under which are more answers right in the end?",
        zh: "β 相同，两种奖励：答对得 1，或按放对的位置给分。最后哪种答对得更多？",
      },
      answers: [
        { en: "1 for the right answer", zh: "答对得 1" },
        { en: "the share of right places: it shows the way", zh: "按位置给分：它一步步指路" },
      ],
      right: 0,
      why: {
        en: "With β = 0.3, RLOO has about 83 % right after 80 steps with the one, and 51 % with the other. Partial credit shows the way at first, and then pays for staying there.",
        zh: "β = 0.3 时，RLOO 走 80 步，前者约 83 % 答对，后者 51 %。部分得分起初指路，后来却成了停在半路的报酬。",
      },
    },
  ],
};
