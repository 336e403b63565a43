import { type MapEdge, type MapNodes, tex } from "./map.ts";

export const autoencoderNodes = {
  ae: {
    title: { en: "autoencoder", zh: "自编码器" },
    file: "src/generative/autoencoder.ts",
    symbol: "ae",
    source: { paper: "Hinton and Salakhutdinov 2006" },
    formula: tex`\ell\big(x,\ g_\theta(f_\phi(x))\big)`,
    command: "galatea train ae",
  },
  dae: {
    title: { en: "denoising autoencoder", zh: "去噪自编码器" },
    file: "src/generative/denoising.ts",
    symbol: "dae",
    source: { paper: "Vincent et al. 2010" },
    formula: tex`\ell\big(x,\ g_\theta(f_\phi(\tilde x))\big),\quad \tilde x \sim C(\tilde x \mid x)`,
    command: "galatea train dae",
  },
  vae: {
    title: { en: "variational autoencoder (VAE)", zh: "变分自编码器（VAE）" },
    file: "src/generative/vae.ts",
    symbol: "vae",
    source: { paper: "Kingma and Welling 2014" },
    formula: tex`\mathbb{E}_{q}[\log p_\theta(x \mid z)] - \mathrm{KL}\big(q_\phi(z \mid x) \,\Vert\, p(z)\big)`,
    command: "galatea train vae",
  },
  "beta-vae": {
    title: { en: "β-VAE", zh: "β-VAE" },
    file: "src/generative/vae.ts",
    symbol: "vaeLoss",
    source: { paper: "Higgins et al. 2017" },
    formula: tex`\mathbb{E}_{q}[\log p_\theta(x \mid z)] - \beta\, \mathrm{KL}`,
    command: "galatea train vae --beta 4",
  },
  "free-bits": {
    title: { en: "free bits", zh: "free bits" },
    file: "src/generative/vae.ts",
    symbol: "vaeLoss",
    source: { paper: "Kingma et al. 2016" },
    formula: tex`\textstyle\sum_j \max(\lambda,\ \mathrm{KL}_j)`,
    command: "galatea train vae --free-bits 0.1",
  },
  cvae: {
    title: { en: "class-conditional VAE", zh: "类别条件 VAE" },
    file: "src/generative/vae.ts",
    symbol: "Vae",
    source: { paper: "Sohn et al. 2015" },
    formula: tex`q_\phi(z \mid x, y),\quad p_\theta(x \mid z, y)`,
    command: "galatea train vae --conditional",
  },
  iwae: {
    title: { en: "importance-weighted bound", zh: "重要性加权下界" },
    file: "src/generative/vae-bounds.ts",
    symbol: "importanceBound",
    source: { paper: "Burda et al. 2016" },
    formula: tex`\mathbb{E}\Big[\log \tfrac1k \textstyle\sum_{i=1}^k \frac{p(x, z_i)}{q(z_i \mid x)}\Big]`,
    command: "galatea evaluate vae-mnist --importance-samples 5000",
  },
} as const satisfies MapNodes;

export const autoencoderEdges = [
  {
    from: "pca",
    to: "ae",
    change: {
      en: "two networks take the place of a matrix and its transpose",
      zh: "用两个网络代替一个矩阵和它的转置",
    },
    formula: [tex`W W^\top x`, tex`g_\theta(f_\phi(x))`],
  },
  {
    from: "ae",
    to: "dae",
    change: {
      en: "the input is damaged, and the undamaged one is asked for",
      zh: "输入是弄坏的，要还原的是没弄坏的",
    },
    formula: [tex`f_\phi(x)`, tex`f_\phi(\tilde x),\ \tilde x \sim C(\tilde x \mid x)`],
  },
  {
    from: "ae",
    to: "vae",
    change: {
      en: "the code becomes a distribution, held to a known one from which new codes can be drawn",
      zh: "编码变成一个分布，并向一个已知的分布靠拢，于是可以抽出新的编码",
    },
    formula: [
      tex`z = f_\phi(x)`,
      tex`z = \mu_\phi(x) + \sigma_\phi(x) \odot \epsilon;\quad \mathrm{KL}\big(q_\phi(z \mid x) \,\Vert\, p(z)\big)`,
    ],
  },
  {
    from: "vae",
    to: "beta-vae",
    change: { en: "the divergence from the prior is weighted", zh: "给与先验的散度加一个权重" },
    formula: [tex`\mathrm{KL}`, tex`\beta\, \mathrm{KL}`],
  },
  {
    from: "vae",
    to: "free-bits",
    change: {
      en: "the first nats of each dimension cost nothing, so that the code is not given up",
      zh: "每一维最初的几个 nat 不计代价，免得编码被弃用",
    },
    formula: [tex`\textstyle\sum_j \mathrm{KL}_j`, tex`\textstyle\sum_j \max(\lambda,\ \mathrm{KL}_j)`],
  },
  {
    from: "vae",
    to: "cvae",
    change: {
      en: "the class is given to both halves, so the code need not hold it",
      zh: "类别同时交给编码器和解码器，编码就不必再记它",
    },
    formula: [tex`p_\theta(x \mid z)`, tex`p_\theta(x \mid z, y)`],
  },
  {
    from: "vae",
    to: "iwae",
    change: {
      en: "the logarithm of a mean of k weights, not the mean of the logarithm: a tighter bound",
      zh: "先对 k 个权重取平均再取对数，而不是对数的平均：下界更紧",
    },
    formula: [
      tex`\mathbb{E}\big[\log w\big]`,
      tex`\mathbb{E}\Big[\log \tfrac1k \textstyle\sum_i w_i\Big],\ w = \frac{p(x, z)}{q(z \mid x)}`,
    ],
  },
] as const satisfies readonly MapEdge[];
