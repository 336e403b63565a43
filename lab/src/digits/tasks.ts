/** Things to break of the map of codes, and questions to answer before it runs. */
import { after, type Lesson, type Standing } from "../experiment/tasks.ts";
import type { LatentKinds } from "./latent.ts";

type Seen = Standing<LatentKinds>;

export const LATENT_LESSON: Lesson<Seen> = {
  tasks: [
    {
      say: {
        en: "Make the whole map one digit: KL below 0.1 nats after 100 steps.",
        zh: "让整张图只剩一个数字：100 步之后 KL 低于 0.1 奈特。",
      },
      why: {
        en: "A large β makes every nat in the code too dear. The code then says nothing of the image, and the decoder answers the mean of all digits wherever it is asked.",
        zh: "β 很大时，编码里的每一奈特都太贵。编码不再说明图像，解码器在哪里都给出全部数字的平均。",
      },
      done: after(100, ({ latest }) => (latest("kl") ?? 9) < 0.1),
    },
    {
      say: {
        en: "Let the codes forget their prior: a quarter of them lie farther than 3 from the middle, after 100 steps.",
        zh: "让编码忘掉先验：100 步之后，四分之一的编码离中心超过 3。",
      },
      why: {
        en: "Of N(0, I) 1.1 % lie there. With β = 0 nothing draws codes to it: the farther apart they are, the easier they are told from one another.",
        zh: "N(0, I) 只有 1.1 % 在那里。β = 0 时没有什么把编码拉向它：离得越远，越容易分开。",
      },
      done: after(100, ({ look }) => (look?.numbers["codes/far"] ?? 0) > 0.25),
    },
    {
      say: {
        en: "Keep the code alive at any price: β of 10 or more, and yet a KL above 3 nats after 300 steps.",
        zh: "代价再高也保住编码：β 不小于 10，300 步之后 KL 仍高于 3 奈特。",
      },
      why: {
        en: "Free bits: up to so many nats a dimension cost nothing, and are used, whatever is asked for those beyond.",
        zh: "自由比特：每一维在这么多奈特以内不收费，就一定会用上，不管超出部分要价多高。",
      },
      done: after(
        300,
        ({ setting, latest }) => Number(setting?.options.beta ?? 1) >= 10 && (latest("kl") ?? 0) > 3,
      ),
    },
  ],
  questions: [
    {
      ask: {
        en: "The autoencoder beside it reconstructs better. Is it better to draw new digits from?",
        zh: "旁边的自编码器重构得更好。用它来画新数字也更好吗？",
      },
      answers: [
        { en: "Yes: what is reconstructed better is drawn better.", zh: "是：重构得好，画得就好。" },
        { en: "No: nothing says where its codes lie.", zh: "不：没有什么说明它的编码在哪里。" },
      ],
      right: 1,
      why: {
        en: "It has no prior to draw a code from, and between its codes are places that the decoder has never been asked about.",
        zh: "它没有可以抽编码的先验，编码之间还有许多解码器从没被问过的地方。",
      },
    },
    {
      ask: {
        en: "β goes from 1 to 10. Where do the codes of the test images go?",
        zh: "β 从 1 变到 10，测试图像的编码会往哪里去？",
      },
      answers: [
        { en: "to the edge of the map", zh: "到图的边上" },
        { en: "closer together, towards the middle", zh: "挤向中间" },
        { en: "they stay: β weighs the loss only", zh: "不动：β 只是损失的权重" },
      ],
      right: 1,
      why: {
        en: "A mean away from 0 costs KL, and that costs ten times as much. What is left apart are the digits that are told by few nats, as ones and zeros.",
        zh: "均值离开 0 就要付 KL，而且贵了十倍。还分得开的，只剩 1 和 0 这样几奈特就能区别的数字。",
      },
    },
    {
      ask: {
        en: "Codes of fours and nines lie mixed at one place. What does the decoder draw there?",
        zh: "4 和 9 的编码混在一处。解码器在那里画出什么？",
      },
      answers: [
        { en: "a sharp four, or a sharp nine", zh: "清晰的 4，或清晰的 9" },
        { en: "something between, and greyer", zh: "介于两者之间、发灰的东西" },
      ],
      right: 1,
      why: {
        en: "The best answer to several images at once is, pixel by pixel, their mean.",
        zh: "同时要答几幅图像，每个像素最好的答案就是它们的平均。",
      },
    },
  ],
};
