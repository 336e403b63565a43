/** Things to break of the sequence models, and questions to answer before they run. */
import { after, type Lesson, type Standing } from "../experiment/tasks.ts";
import type { GptKinds } from "./gpt.ts";
import type { PairKinds } from "./pairs.ts";
import { VARIANTS } from "./variants.ts";

/** A pair of experiments side by side, where there are two. */
export interface PairSeen extends Standing<PairKinds> {
  readonly twin: Standing<PairKinds> | undefined;
}

const accuracyOf = (seen: Standing<PairKinds> | undefined): number | undefined =>
  seen?.look?.numbers["heldOut/accuracy"];
const isTransformer = ({ setting }: Standing<PairKinds>): boolean =>
  setting !== undefined && VARIANTS[setting.variant].model === "transformer";

export const PAIRS_LESSON: Lesson<PairSeen> = {
  tasks: [
    {
      say: {
        en: "Let attention run away from a fixed code: at the same step it has 25 points more of the tokens right, side by side.",
        zh: "让注意力把固定编码甩开：两者并排，同一步数时，写对的词元多出 25 个百分点。",
      },
      why: {
        en: "One vector has to carry all letters and their order, and must learn that first; attention goes back to the letters themselves.",
        zh: "一个向量要装下所有字母和它们的顺序，得先学会装；注意力则直接回头去看字母本身。",
      },
      done: (seen) => {
        const { twin } = seen;
        if (!twin || seen.setting?.variant === "code" || isTransformer(seen)) return false;
        const [own, other] = [accuracyOf(seen), accuracyOf(twin)];
        const together = Math.abs(seen.step - twin.step) <= 10 && Math.min(seen.step, twin.step) > 20;
        return twin.setting?.variant === "code" && together && (own ?? 0) > (other ?? 1) + 0.25;
      },
    },
    {
      say: {
        en: "A Transformer that knows which letters there are, and not their order: reversing, 40 to 65 % of the tokens are right after 300 steps.",
        zh: "让 Transformer 知道有哪些字母，却不知道先后：300 步之后，倒序写对的词元在 40 % 到 65 % 之间。",
      },
      why: {
        en: "Without positions the source is a set. The decoder can avoid what it has written already, and for the rest it has to guess.",
        zh: "没有位置编码，源序列只是一个集合。解码器能避开已经写过的，剩下的只好猜。",
      },
      done: after(300, (seen) => {
        const share = accuracyOf(seen) ?? 0;
        return isTransformer(seen) && seen.setting?.task === "reverse" && share > 0.4 && share < 0.65;
      }),
    },
    {
      say: {
        en: "Build one that learns nothing at all: after 100 steps its loss is still that of guessing among eight letters and the end, above 2.15 nats.",
        zh: "搭一个什么也学不到的：100 步之后，损失仍像在八个字母和结束符里乱猜，高于 2.15 奈特。",
      },
      why: {
        en: "Guessing among nine costs ln 9 = 2.20. Without residual connections the first layers reach the output only through all others, and so do their gradients.",
        zh: "在九个里乱猜要 ln 9 = 2.20 奈特。没有残差连接，前面各层只有穿过后面所有的层才影响输出，梯度也要这样穿回来。",
      },
      done: after(100, ({ look }) => (look?.numbers["heldOut/loss"] ?? 0) > 2.15),
    },
  ],
  questions: [
    {
      ask: {
        en: "A Transformer without positions is to sort. Can it?",
        zh: "让没有位置编码的 Transformer 排序，它行吗？",
      },
      answers: [
        { en: "No: like reversing, it needs the order.", zh: "不行：和倒序一样，要知道先后。" },
        {
          en: "Mostly: what is sorted depends on the set alone.",
          zh: "大体上行：排好序的结果只取决于有哪些字母。",
        },
      ],
      right: 1,
      why: {
        en: "About nine tokens of ten, where reversing stays below six. The rest are letters that occur more than once: counting is hard for attention that averages.",
        zh: "十个词元约对九个，而倒序不到六个。剩下的错在重复的字母：注意力取的是平均，不擅长计数。",
      },
    },
    {
      ask: {
        en: "A decoder that cannot see the source guesses from what it wrote itself. On which task is it right more often?",
        zh: "看不到源序列的解码器只能从自己写过的来猜。在哪个任务上猜对得更多？",
      },
      answers: [
        { en: "reversing", zh: "倒序" },
        { en: "sorting", zh: "排序" },
        { en: "the same on both", zh: "一样多" },
      ],
      right: 1,
      why: {
        en: "Sorted letters only go up, so each narrows the next: about 41 % against 20 %.",
        zh: "排好序的字母只升不降，前一个就缩小了后一个的范围：约 41 % 对 20 %。",
      },
    },
    {
      ask: {
        en: "Attention that has learned to reverse writes its first letter. Where does it look?",
        zh: "学会倒序的注意力写第一个字母时，看哪里？",
      },
      answers: [
        { en: "at the first letter of the source", zh: "源序列的第一个字母" },
        { en: "at the last", zh: "最后一个" },
        { en: "at all of them alike", zh: "全都一样看" },
      ],
      right: 1,
      why: {
        en: "The map of weights becomes the other diagonal. Nobody told it; the loss did.",
        zh: "权重图渐渐变成另一条对角线。没有人教它，是损失教的。",
      },
    },
  ],
};

export interface GptSeen extends Standing<GptKinds> {
  /** The smallest held-out loss so far. */
  readonly lowest: number | undefined;
  /** The held-out loss of counting pairs of letters. */
  readonly pairs: number | undefined;
  /** What it wrote last, when it was written to its end. */
  readonly names: readonly string[];
}

const lossOf = ({ look }: GptSeen): number | undefined => look?.numbers["heldOut/loss"];

export const GPT_LESSON: Lesson<GptSeen> = {
  tasks: [
    {
      say: {
        en: "Overfit: the held-out loss has risen by 0.2 nats from its lowest, and that of training is below both.",
        zh: "过拟合：留出数据的损失从最低处回升了 0.2 奈特，而训练损失比两者都低。",
      },
      why: {
        en: "With few names to learn from, the weights learn these names by heart. What they gain there, they lose on names that they have not seen.",
        zh: "可学的名字太少，权重就把这几个名字背了下来。在它们上面得到的，要在没见过的名字上赔回去。",
      },
      done: (seen) => {
        const [now, trained] = [lossOf(seen), seen.latest("loss")];
        if (seen.step < 50 || now === undefined || seen.lowest === undefined) return false;
        return now > seen.lowest + 0.2 && (trained ?? 9) < seen.lowest;
      },
    },
    {
      say: {
        en: "Lose to counting: after 300 steps still worse than counts of two letters.",
        zh: "输给计数：300 步之后，还不如两个字母的计数。",
      },
      why: {
        en: "Four layers without residual connections stand in one another's way: what is left is how frequent letters are, 2.97 nats, as counts of single letters have.",
        zh: "四层没有残差连接，就互相挡住了路：剩下的只有字母各有多常见，2.97 奈特，和数单个字母一样。",
      },
      done: after(300, (seen) => (lossOf(seen) ?? 0) > (seen.pairs ?? 9) && seen.setting?.names === "all"),
    },
    {
      say: {
        en: "Make it write the same name six times.",
        zh: "让它把同一个名字写六遍。",
      },
      why: {
        en: "At temperature 0, or with k = 1, the likeliest letter is taken each time: the seed has nothing to decide.",
        zh: "温度为 0 或 k = 1 时，每次都取最可能的字母：种子无事可做。",
      },
      done: ({ step, names }) =>
        step > 0 && names.length === 6 && new Set(names).size === 1 && names[0] !== "",
    },
  ],
  questions: [
    {
      ask: {
        en: "Counts of four letters know more of what came before than counts of three. Which has the smaller held-out loss here?",
        zh: "四个字母的计数比三个字母的计数多看一个字母。这里谁在留出数据上损失更小？",
      },
      answers: [
        { en: "four letters", zh: "四个字母的" },
        { en: "three letters", zh: "三个字母的" },
      ],
      right: 1,
      why: {
        en: "Most groups of four were seen too seldom to be counted: 2.488 nats against 2.472. A GPT shares what it learns among contexts that are alike.",
        zh: "四个字母的组合大多见得太少，数不准：2.488 对 2.472 奈特。GPT 则在相似的上文之间共享学到的东西。",
      },
    },
    {
      ask: {
        en: "Positions are switched off. Can a GPT still tell “ma” from “am”?",
        zh: "关掉位置编码，GPT 还分得出“ma”和“am”吗？",
      },
      answers: [
        { en: "No: it sees a set of letters.", zh: "分不出：它看到的是一个集合。" },
        { en: "Yes, though a little less well.", zh: "分得出，只是略逊一点。" },
      ],
      right: 1,
      why: {
        en: "A letter sees only those before it: the first sees one, the second two, and so the mask tells the order. After 400 steps it has 2.53 nats, with positions 2.45.",
        zh: "每个字母只看得到它前面的：第一个看到一个，第二个看到两个，掩码就透露了先后。400 步之后是 2.53 奈特，有位置编码是 2.45。",
      },
    },
    {
      ask: {
        en: "The temperature goes from 1 to 2. What becomes of the names?",
        zh: "温度从 1 升到 2，写出的名字会怎样？",
      },
      answers: [
        { en: "rarer letters, stranger names", zh: "少见的字母变多，名字变怪" },
        { en: "likelier letters, commoner names", zh: "常见的字母变多，名字更普通" },
      ],
      right: 0,
      why: {
        en: "Logits are halved: all chances come closer together.",
        zh: "logits 减半，各个字母的概率彼此靠近。",
      },
    },
  ],
};
