import { type MapEdge, type MapNodes, tex } from "./map.ts";

export const measureNodes = {
  classifier: {
    title: { en: "classifier, the ruler", zh: "分类器，即标尺" },
    file: "src/generative/classifier.ts",
    symbol: "classifier",
    source: { paper: "LeCun et al. 1998" },
    formula: tex`p(y \mid x)`,
    command: "galatea train classifier",
  },
  "inception-score": {
    title: { en: "inception score", zh: "inception 得分" },
    file: "src/generative/metrics/classes.ts",
    symbol: "inceptionScore",
    source: { paper: "Salimans et al. 2016" },
    formula: tex`\exp \mathbb{E}\,\mathrm{KL}\big(p(y \mid x) \,\Vert\, p(y)\big)`,
  },
  frechet: {
    title: { en: "Fréchet distance", zh: "Fréchet 距离" },
    file: "src/generative/metrics/frechet.ts",
    symbol: "frechetDistance",
    source: { paper: "Heusel et al. 2017" },
    formula: tex`\lVert \mu_1 - \mu_2 \rVert^2 + \operatorname{tr}\big(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1^{1/2} \Sigma_2 \Sigma_1^{1/2})^{1/2}\big)`,
  },
  "precision-recall": {
    title: { en: "precision and recall", zh: "精确率与召回率" },
    file: "src/generative/metrics/precision-recall.ts",
    symbol: "precisionRecall",
    source: { paper: "Kynkäänniemi et al. 2019" },
    formula: tex`P\big(x_1 \in B(X_2)\big),\quad P\big(x_2 \in B(X_1)\big)`,
  },
} as const satisfies MapNodes;

export const measureEdges = [
  {
    from: "logistic",
    to: "classifier",
    change: { en: "on features that are learned", zh: "用在学出来的特征上" },
    formula: [tex`W x`, tex`W \phi_\theta(x)`],
  },
  {
    from: "classifier",
    to: "inception-score",
    change: {
      en: "are the drawn images clear, and of all classes?",
      zh: "画出来的图是否清楚、是否各类都有？",
    },
    formula: [tex`p(y \mid x)`, tex`\mathrm{KL}\big(p(y \mid x) \,\Vert\, p(y)\big)`],
  },
  {
    from: "inception-score",
    to: "frechet",
    change: {
      en: "real images are looked at, too, by the features before the answer",
      zh: "真实图像也要看，看的是给出答案之前的特征",
    },
    formula: [tex`p(y \mid x)`, tex`\phi(x) \sim \mathcal N(\mu, \Sigma)`],
  },
  {
    from: "frechet",
    to: "precision-recall",
    change: {
      en: "two numbers in place of one: quality and variety apart",
      zh: "一个数拆成两个：质量与多样性分开",
    },
    formula: [
      tex`\lVert \mu_1 - \mu_2 \rVert^2 + \cdots`,
      tex`P\big(x_1 \in B(X_2)\big),\ P\big(x_2 \in B(X_1)\big)`,
    ],
  },
] as const satisfies readonly MapEdge[];
