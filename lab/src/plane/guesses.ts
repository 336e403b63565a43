/** Curves to guess before they are seen, with the usual settings on any of the sets of points. */
import type { CurveQuestion } from "../experiment/guess.ts";
import type { DataName, ModelName } from "./models.ts";

/** How high the picture is: it depends on how far the data spread. */
type Heights = Readonly<Record<DataName, number>>;

interface Guessed extends Omit<CurveQuestion, "range"> {
  readonly heights: Heights;
}

const GUESSES: Readonly<Partial<Record<ModelName, Guessed>>> = {
  vae: {
    metric: "kl",
    steps: 300,
    heights: { "ring-8": 2, "gaussians-25": 10, moons: 2, spiral: 4, drawn: 4 },
    ask: {
      en: "The loss has two terms. How does one of them, the KL of the code from its prior, go over the first 300 steps? Draw it.",
      zh: "损失有两项。其中的 KL（编码离先验有多远）在前 300 步里怎样变化？画出来。",
    },
    why: {
      en: "Though it is a part of the loss, it rises: at first the code says nothing and costs nothing; then each nat that it carries saves the reconstruction more than a nat. It levels off where the two are even.",
      zh: "它虽是损失的一部分，却会上升：起初编码什么也没说，也就不花代价；后来每多带一奈特，重构省下的不止一奈特。两者相抵时就平了。",
    },
  },
  gan: {
    metric: "generator/loss",
    steps: 600,
    heights: { "ring-8": 2, "gaussians-25": 2, moons: 2, spiral: 2, drawn: 2 },
    ask: {
      en: "The generator starts with samples that lie nowhere near the data. How does its loss go over the first 600 steps? Draw it.",
      zh: "生成器开始时，样本离数据还很远。它的损失在前 600 步里怎样变化？画出来。",
    },
    why: {
      en: "It does not fall, however good the samples become: it is measured by the judge, who learns as well. It rises while the judge is ahead; at a draw the judge says ½ everywhere, and the loss is −log ½ ≈ 0.69, as it was when neither knew anything.",
      zh: "样本再好，它也不降：量它的是判别器，而判别器也在学。判别器领先时它上升；打成平手时，判别器处处给 ½，损失是 −log ½ ≈ 0.69，和双方什么都不会的时候一样。",
    },
  },
  ddpm: {
    metric: "loss",
    steps: 400,
    heights: { "ring-8": 1, "gaussians-25": 8, moons: 1, spiral: 3, drawn: 2 },
    ask: {
      en: "At first the samples are noise; after 400 steps most lie near the data. How does the loss, a mean squared error, go on the way? Draw it.",
      zh: "开始时样本只是噪声，400 步之后大多落在数据附近。损失（均方误差）一路上怎样变化？画出来。",
    },
    why: {
      en: "It falls a little, and levels off far from 0: from x_t alone nobody can tell which noise was added to which point, and that part of the error stays, however well the network learns. The little that it falls is all that was learned.",
      zh: "它只降了一点，随后停在离 0 很远的地方：只看 x_t，谁也说不准是哪个点加了哪个噪声；网络学得再好，这部分误差也消不掉。降下去的那一点，就是学到的全部。",
    },
  },
};

export function guessOf(model: ModelName, data: DataName): CurveQuestion | undefined {
  const guess = GUESSES[model];
  return guess && { ...guess, range: [0, guess.heights[data]] };
}
