/** Things to break, whose success is read from the numbers; and questions to answer before it runs. */
import { after, type Lesson, type Standing } from "../experiment/tasks.ts";
import type { PlaneKinds } from "./experiment.ts";
import { isUsual, type ModelName } from "./models.ts";

type Seen = Standing<PlaneKinds>;

/** Few diffusion samples near the data, drawn as usual: with other steps they may be bad for that reason. */
const fewNear = ({ look }: Seen, share: number): boolean =>
  (look?.numbers.near ?? 1) < share && (!look?.sampling || isUsual(look.sampling));

export const LESSONS: Readonly<Partial<Record<ModelName, Lesson<Seen>>>> = {
  vae: {
    tasks: [
      {
        say: {
          en: "Make the code carry nothing: KL below 0.1 nats after 200 steps.",
          zh: "让编码什么也不带：200 步之后 KL 低于 0.1 奈特。",
        },
        why: {
          en: "A large β makes every nat in the code too dear: the posterior collapses onto the prior, and the decoder answers the mean of the data.",
          zh: "β 很大时，编码里的每一奈特都太贵：后验塌到先验上，解码器只好给出数据的均值。",
        },
        done: after(200, ({ latest }) => (latest("kl") ?? 9) < 0.1),
      },
      {
        say: {
          en: "Make it an autoencoder: reconstruction below −2 nats, though samples miss the data (fewer than 15 % near).",
          zh: "让它变成自编码器：重构项低于 −2 奈特，而样本却偏离数据（靠近数据的不到 15 %）。",
        },
        why: {
          en: "With β = 0 nothing holds the codes to the prior, so what is drawn from the prior is decoded from where no code ever was.",
          zh: "β = 0 时没有什么把编码拉向先验，从先验里抽到的编码，解码器从没见过。",
        },
        done: after(
          100,
          ({ latest, look }) => (latest("reconstruction") ?? 9) < -2 && (look?.numbers.near ?? 1) < 0.15,
        ),
      },
      {
        say: {
          en: "Cover 90 % of the data with a code of one number.",
          zh: "编码只有一维，却覆盖 90 % 的数据。",
        },
        why: {
          en: "A line can be laid through all the data; what it cannot do is leave out what lies between.",
          zh: "一条线可以穿过所有数据；它做不到的是避开中间的空白。",
        },
        done: after(
          50,
          ({ setting, look }) => setting?.options.latent === 1 && (look?.numbers.covered ?? 0) > 0.9,
        ),
      },
    ],
    questions: [
      {
        ask: { en: "β goes from 1 to 8. What happens to the samples?", zh: "β 从 1 变到 8，样本会怎样？" },
        answers: [
          { en: "They lie closer to the modes.", zh: "更贴近各个点团。" },
          { en: "They draw in towards the middle of the data.", zh: "向数据的中间收拢。" },
          { en: "They do not change: β only weighs the loss.", zh: "不变：β 只是损失的权重。" },
        ],
        right: 1,
        why: {
          en: "The code may carry less, so the decoder knows less of x and answers an average.",
          zh: "编码能带的信息少了，解码器对 x 所知更少，只能给出平均。",
        },
      },
      {
        ask: {
          en: "Can the decoded grid of codes fall apart into eight pieces, one a mode?",
          zh: "解码后的编码网格会断成八块、每个点团一块吗？",
        },
        answers: [
          { en: "Yes, after enough steps.", zh: "会，步数够多就行。" },
          { en: "No: it stretches, but stays in one piece.", zh: "不会：它会拉长，但始终连成一片。" },
        ],
        right: 1,
        why: {
          en: "The decoder is a continuous map: what is connected in the plane of codes stays connected.",
          zh: "解码器是连续映射：编码平面上连在一起的，解码之后仍连在一起。",
        },
      },
      {
        ask: { en: "With β = 0, which number gets better?", zh: "β = 0 时，哪个数会变好？" },
        answers: [
          { en: "the reconstruction", zh: "重构项" },
          { en: "the share of samples near the data", zh: "靠近数据的样本比例" },
        ],
        right: 0,
        why: {
          en: "Nothing but the reconstruction is asked for then; the prior is forgotten.",
          zh: "这时只要求重构；先验被忘掉了。",
        },
      },
    ],
  },
  gan: {
    tasks: [
      {
        say: {
          en: "Lose modes: on the ring of 8, samples on at most 4 of them after 300 steps.",
          zh: "丢掉模式：在八个点团的圆环上，300 步之后至多 4 个点团有样本。",
        },
        why: {
          en: "The generator only has to please the judge of the moment; when the judge does not see how much samples vary, one mode is as good as eight.",
          zh: "生成器只需讨好眼前的判别器；判别器看不到样本的多样性时，一个点团和八个一样好。",
        },
        done: after(
          300,
          ({ setting, look }) => setting?.data === "ring-8" && (look?.numbers.modes ?? 8) <= 4,
        ),
      },
      {
        say: {
          en: "Let the judge win: right about more than 95 % of real and of generated points, after 200 steps.",
          zh: "让判别器获胜：200 步之后，真点和生成的点它都判对 95 % 以上。",
        },
        why: {
          en: "More updates a step, or a loss that gives no slope where the judge is sure (minimax), leave the generator with nothing to follow.",
          zh: "每步多更新几次判别器，或者用判别器有把握时就没有梯度的损失（minimax），生成器便无路可走。",
        },
        done: after(
          200,
          ({ latest }) =>
            (latest("discriminator/real_accuracy") ?? 0) > 0.95 &&
            (latest("discriminator/fake_accuracy") ?? 0) > 0.95,
        ),
      },
      {
        say: { en: "Find all 8 modes within 1000 steps.", zh: "1000 步之内找到全部 8 个点团。" },
        why: {
          en: "A judge that sees the variety of a group, and its gentle loss, keep the generator spread out.",
          zh: "判别器能看到一组样本的多样性，损失又温和，生成器就不会缩成一团。",
        },
        done: ({ step, setting, look }) =>
          setting?.data === "ring-8" && step > 0 && step <= 1000 && look?.numbers.modes === 8,
      },
    ],
    questions: [
      {
        ask: {
          en: "The generator's loss goes up. Are its samples getting worse?",
          zh: "生成器的损失上升了，样本一定变差了吗？",
        },
        answers: [
          { en: "Yes.", zh: "是。" },
          { en: "Not necessarily: the judge may have got better.", zh: "不一定：可能是判别器变强了。" },
        ],
        right: 1,
        why: {
          en: "The loss is measured by the other player, who moves, too. Read the modes and the share of good samples instead.",
          zh: "损失由另一方来量，而它自己也在变。要看的是点团数和好样本的比例。",
        },
      },
      {
        ask: {
          en: "What would the judge say of every place if the generator were perfect?",
          zh: "如果生成器完美，判别器在每一处会给出什么？",
        },
        answers: [
          { en: "real (1)", zh: "真（1）" },
          { en: "generated (0)", zh: "假（0）" },
          { en: "undecided (½)", zh: "无法判断（½）" },
        ],
        right: 2,
        why: {
          en: "D*(x) = p(x) / (p(x) + q(x)), which is ½ where both are equal.",
          zh: "D*(x) = p(x) / (p(x) + q(x))，两者相等处就是 ½。",
        },
      },
      {
        ask: {
          en: "Half a step moves one player. After the judge's half, have the samples moved?",
          zh: "半步只更新一方。判别器的半步之后，样本动了吗？",
        },
        answers: [
          { en: "Yes.", zh: "动了。" },
          { en: "No.", zh: "没动。" },
        ],
        right: 1,
        why: {
          en: "Samples depend on the generator alone; only the shade has changed.",
          zh: "样本只取决于生成器；变的只有底色。",
        },
      },
    ],
  },
  ddpm: {
    tasks: [
      {
        say: {
          en: "Take away the levels of noise: T of 10 or fewer, and fewer than 30 % of samples near the data after 200 steps.",
          zh: "拿掉噪声的层次：T 不超过 10，200 步之后靠近数据的样本不到 30 %。",
        },
        why: {
          en: "The last level must be nearly N(0, I), for there sampling begins; with few steps of the same schedule it is not, and each step is too long.",
          zh: "最后一层必须接近 N(0, I)，因为采样从那里开始；步数太少就做不到，而且每一步都太长。",
        },
        done: after(
          200,
          (seen) => Number(seen.setting?.options.timesteps ?? 1000) <= 10 && fewNear(seen, 0.3),
        ),
      },
      {
        say: { en: "All 8 modes of the ring within 300 steps.", zh: "300 步之内找到圆环上全部 8 个点团。" },
        why: {
          en: "Regression has no rival to outwit: no mode is lost, since each has its own share of the loss.",
          zh: "这是回归，没有对手要骗：每个点团在损失里都有份，所以不会丢。",
        },
        done: ({ step, setting, look }) =>
          setting?.data === "ring-8" && step > 0 && step <= 300 && look?.numbers.modes === 8,
      },
      {
        say: {
          en: "Starve the network: a width of 8 or fewer, and fewer than 40 % of samples near the data after 300 steps.",
          zh: "把网络饿瘦：宽度不超过 8，300 步之后靠近数据的样本不到 40 %。",
        },
        why: {
          en: "The score of narrow modes changes within a short distance; a small network smooths it.",
          zh: "窄点团附近的得分变化很急，小网络只能把它抹平。",
        },
        done: after(300, (seen) => Number(seen.setting?.options.width ?? 128) <= 8 && fewNear(seen, 0.4)),
      },
    ],
    questions: [
      {
        ask: {
          en: "At a high level of noise, where do the arrows point?",
          zh: "噪声水平很高时，箭头指向哪里？",
        },
        answers: [
          { en: "to the nearest mode", zh: "最近的点团" },
          { en: "to the middle of all data", zh: "全部数据的中间" },
        ],
        right: 1,
        why: {
          en: "With so much noise a point could have come from any mode, and the score averages over them. Move the slider and see.",
          zh: "噪声这么大，一个点可能来自任何一个点团，得分是它们的平均。拖动滑块看看。",
        },
      },
      {
        ask: {
          en: "The loss stops falling early, far from 0. Has the model stopped learning?",
          zh: "损失很早就不再下降，而且离 0 还远。模型不学了吗？",
        },
        answers: [
          { en: "Yes.", zh: "是的。" },
          { en: "No: most of the loss cannot be removed.", zh: "不是：损失的大部分是消不掉的。" },
        ],
        right: 1,
        why: {
          en: "Which noise was added cannot be known from x_t alone; what is left to gain is small beside that.",
          zh: "只看 x_t 无法确知加了哪个噪声；与之相比，还能改进的部分很小。",
        },
      },
      {
        ask: {
          en: "Can the ways from noise (DDIM, η = 0) cross?",
          zh: "从噪声走来的路（DDIM，η = 0）在同一时刻会相交吗？",
        },
        answers: [
          { en: "At the same time, no.", zh: "不会。" },
          { en: "Yes, anywhere.", zh: "会，随处都可能。" },
        ],
        right: 0,
        why: {
          en: "They follow an ordinary differential equation: from one place at one time there is one way on.",
          zh: "它们沿着一个常微分方程走：同一时刻、同一处，只有一条路。",
        },
      },
    ],
  },
};
