import { type MapEdge, type MapNodes, tex } from "./map.ts";

const game = { file: "src/generative/gan/losses.ts", symbol: "LOSSES" } as const;

export const ganNodes = {
  gan: {
    title: { en: "GAN", zh: "GAN" },
    file: "src/generative/gan/gan.ts",
    symbol: "gan",
    source: { paper: "Goodfellow et al. 2014" },
    formula: tex`\min_G \max_D\ \mathbb{E} \log D(x) + \mathbb{E} \log\big(1 - D(G(z))\big)`,
    command: "galatea train gan --loss minimax",
  },
  "non-saturating": {
    ...game,
    title: { en: "non-saturating loss", zh: "非饱和损失" },
    source: { paper: "Goodfellow et al. 2014" },
    formula: tex`\min_G -\mathbb{E} \log D(G(z))`,
    command: "galatea train gan",
  },
  "least-squares": {
    ...game,
    title: { en: "least squares", zh: "最小二乘" },
    source: { paper: "Mao et al. 2017" },
    formula: tex`\tfrac12 (s(x) - 1)^2 + \tfrac12 s(G(z))^2`,
    command: "galatea train gan --loss least-squares",
  },
  hinge: {
    ...game,
    title: { en: "hinge loss", zh: "合页损失" },
    source: { paper: "Miyato et al. 2018" },
    formula: tex`\max(0, 1 - s(x)) + \max(0, 1 + s(G(z)))`,
    command: "galatea train gan --loss hinge",
  },
  "wgan-gp": {
    file: "src/generative/gan/losses.ts",
    symbol: "gradientPenalty",
    title: { en: "WGAN-GP", zh: "WGAN-GP" },
    source: { paper: "Gulrajani et al. 2017" },
    formula: tex`s(G(z)) - s(x) + \lambda\big(\lVert \nabla s(\hat x) \rVert - 1\big)^2`,
    command: "galatea train gan --loss wgan-gp",
  },
  dcgan: {
    title: { en: "DCGAN", zh: "DCGAN" },
    file: "src/generative/gan/networks.ts",
    symbol: "Generator",
    source: { paper: "Radford et al. 2016" },
    formula: tex`h' = \sigma(W * h)`,
    command: "galatea train gan --network dcgan",
  },
  "spectral-norm": {
    title: { en: "spectral norm", zh: "谱归一化" },
    file: "src/nn/spectral-norm.ts",
    symbol: "SpectralNorm",
    source: { paper: "Miyato et al. 2018" },
    formula: tex`W / \sigma_{\max}(W)`,
    command: "galatea train gan --discriminator-norm spectral",
  },
  acgan: {
    title: { en: "AC-GAN", zh: "AC-GAN" },
    file: "src/generative/gan/networks.ts",
    symbol: "Discriminator",
    source: { paper: "Odena et al. 2017" },
    formula: tex`\log D(x) + \log p_D(y \mid x)`,
    command: "galatea train gan --conditional acgan",
  },
  projection: {
    title: { en: "projection discriminator", zh: "投影判别器" },
    file: "src/generative/gan/networks.ts",
    symbol: "Discriminator",
    source: { paper: "Miyato and Koyama 2018" },
    formula: tex`s(x, y) = \psi(\phi(x)) + e_y^\top \phi(x)`,
    command: "galatea train gan --conditional projection",
  },
  "minibatch-stddev": {
    title: { en: "minibatch standard deviation", zh: "小批量标准差" },
    file: "src/generative/gan/networks.ts",
    symbol: "withDeviation",
    source: { paper: "Karras et al. 2018" },
    formula: tex`s\big(x_i,\ \operatorname{std}(x_{1:4})\big)`,
    command: "galatea train gan --minibatch-stddev",
  },
  pacgan: {
    title: { en: "PacGAN", zh: "PacGAN" },
    file: "src/generative/gan/game.ts",
    symbol: "discriminatorLoss",
    source: { paper: "Lin et al. 2018" },
    formula: tex`D(x_1, \dots, x_m)`,
    command: "galatea train gan --pack 2",
  },
  unrolled: {
    title: { en: "unrolled GAN", zh: "展开的 GAN" },
    file: "src/generative/gan/game.ts",
    symbol: "generatorLoss",
    source: { paper: "Metz et al. 2017" },
    formula: tex`\min_G f\big(\theta_G,\ \theta_D^{(k)}(\theta_G)\big)`,
    command: "galatea train gan --unrolled 5",
  },
} as const satisfies MapNodes;

export const ganEdges = [
  {
    from: "vae",
    to: "gan",
    change: {
      en: "a judge that learns takes the place of the likelihood of each pixel",
      zh: "用一个会学习的评判者代替逐像素的似然",
    },
    formula: [tex`\log p_\theta(x \mid z)`, tex`\log D(G(z))`],
  },
  {
    from: "logistic",
    to: "gan",
    change: {
      en: "what it tells apart is real and generated, and the generator learns against it",
      zh: "要分清的是真与假，而生成器学着与它对抗",
    },
    formula: [tex`\log p(y \mid x)`, tex`\log D(x) + \log\big(1 - D(G(z))\big)`],
  },
  {
    from: "gan",
    to: "non-saturating",
    change: {
      en: "the generator raises log D where it lowered log (1 − D): a gradient where the judge is sure",
      zh: "生成器改为抬高 log D，而不是压低 log (1 − D)：判别器十拿九稳时也有梯度",
    },
    formula: [tex`\log\big(1 - D(G(z))\big)`, tex`-\log D(G(z))`],
  },
  {
    from: "non-saturating",
    to: "least-squares",
    change: {
      en: "squared distance from a target, not cross-entropy",
      zh: "与目标值的平方距离，而不是交叉熵",
    },
    formula: [tex`-\log D(x)`, tex`\tfrac12 (s(x) - 1)^2`],
  },
  {
    from: "non-saturating",
    to: "hinge",
    change: { en: "what is judged right with a margin costs nothing", zh: "判对且留有余量的，不计代价" },
    formula: [tex`-\log D(x)`, tex`\max(0,\ 1 - s(x))`],
  },
  {
    from: "gan",
    to: "wgan-gp",
    change: {
      en: "a critic's difference of scores, its slope held to 1, estimates a distance of distributions",
      zh: "评判网络给出得分之差，斜率限制在 1，估计的是分布之间的距离",
    },
    formula: [tex`-\log D(x)`, tex`-s(x) + \lambda\big(\lVert \nabla s(\hat x) \rVert - 1\big)^2`],
  },
  {
    from: "wgan-gp",
    to: "spectral-norm",
    change: {
      en: "the slope is bounded in each layer's weights, not by a penalty",
      zh: "斜率由每一层的权重来限制，而不是靠惩罚",
    },
    formula: [tex`\lambda\big(\lVert \nabla s(\hat x) \rVert - 1\big)^2`, tex`W / \sigma_{\max}(W)`],
  },
  {
    from: "non-saturating",
    to: "dcgan",
    change: { en: "convolutions in place of dense layers", zh: "用卷积代替全连接层" },
    formula: [tex`W h`, tex`W * h`],
  },
  {
    from: "non-saturating",
    to: "acgan",
    change: {
      en: "the generator is given a class, and the discriminator has to recognise it",
      zh: "给生成器一个类别，判别器还要认出它来",
    },
    formula: [tex`\log D(x)`, tex`\log D(x) + \log p_D(y \mid x)`],
  },
  {
    from: "acgan",
    to: "projection",
    change: {
      en: "the class enters the score as a product of features, and nobody classifies",
      zh: "类别以特征内积的形式进入得分，不再分类",
    },
    formula: [tex`\log p_D(y \mid x)`, tex`e_y^\top \phi(x)`],
  },
  {
    from: "non-saturating",
    to: "minibatch-stddev",
    change: {
      en: "the discriminator is shown how much a group varies, so that collapse is seen",
      zh: "告诉判别器一组样本的差异有多大，坍塌便藏不住",
    },
    formula: [tex`s(x_i)`, tex`s\big(x_i,\ \operatorname{std}(x_{1:4})\big)`],
  },
  {
    from: "non-saturating",
    to: "pacgan",
    change: { en: "several examples are judged at once", zh: "一次评判好几个样本" },
    formula: [tex`D(x)`, tex`D(x_1, \dots, x_m)`],
  },
  {
    from: "non-saturating",
    to: "unrolled",
    change: {
      en: "the generator learns against the discriminator as it will be k steps from now",
      zh: "生成器对抗的是 k 步之后的判别器",
    },
    formula: [tex`f(\theta_G, \theta_D)`, tex`f\big(\theta_G,\ \theta_D^{(k)}(\theta_G)\big)`],
  },
] as const satisfies readonly MapEdge[];
