import { type MapEdge, type MapNodes, tex } from "./map.ts";

const samplers = "src/generative/diffusion/samplers.ts";

export const diffusionNodes = {
  ddpm: {
    title: { en: "DDPM", zh: "去噪扩散概率模型（DDPM）" },
    file: "src/generative/diffusion/ddpm.ts",
    symbol: "ddpm",
    source: { paper: "Ho et al. 2020" },
    formula: tex`\mathbb{E}\,\lVert \epsilon - \epsilon_\theta(\sqrt{\bar\alpha_t}\,x_0 + \sqrt{1 - \bar\alpha_t}\,\epsilon,\ t) \rVert^2`,
    command: "galatea train ddpm",
  },
  cosine: {
    title: { en: "cosine schedule", zh: "余弦调度" },
    file: "src/generative/diffusion/schedule.ts",
    symbol: "cosine",
    source: { paper: "Nichol and Dhariwal 2021" },
    formula: tex`\bar\alpha_t \propto \cos^2\Big(\frac{t/T + s}{1 + s} \cdot \frac{\pi}{2}\Big)`,
    command: "galatea train ddpm --schedule cosine",
  },
  "v-prediction": {
    title: { en: "v-prediction", zh: "v 预测" },
    file: "src/generative/diffusion/prediction.ts",
    symbol: "PARAMETERIZATIONS",
    source: { paper: "Salimans and Ho 2022" },
    formula: tex`v = \sqrt{\bar\alpha_t}\,\epsilon - \sqrt{1 - \bar\alpha_t}\,x_0`,
    command: "galatea train ddpm --prediction v",
  },
  "min-snr": {
    title: { en: "min-SNR weighting", zh: "min-SNR 加权" },
    file: "src/generative/diffusion/losses.ts",
    symbol: "lossWeights",
    source: { paper: "Hang et al. 2023" },
    formula: tex`\frac{\min(\mathrm{SNR}_t,\ \gamma)}{\mathrm{SNR}_t}\,\lVert \epsilon - \epsilon_\theta \rVert^2`,
    command: "galatea train ddpm --min-snr 5",
  },
  guidance: {
    title: { en: "classifier-free guidance", zh: "无分类器引导" },
    file: "src/generative/diffusion/model.ts",
    symbol: "predict",
    source: { paper: "Ho and Salimans 2022" },
    formula: tex`u + w\,(c - u)`,
    command: "galatea sample ddpm-mnist --guidance 2",
  },
  ancestral: {
    title: { en: "DDPM sampling", zh: "DDPM 采样" },
    file: samplers,
    symbol: "ddpm",
    source: { paper: "Ho et al. 2020" },
    formula: tex`x_{t-1} = \tilde\mu_t(x_t, \hat x_0) + \sigma_t z`,
    command: "galatea sample ddpm-mnist --sampler ddpm",
  },
  ddim: {
    title: { en: "DDIM", zh: "去噪扩散隐式模型（DDIM）" },
    file: samplers,
    symbol: "ddim",
    source: { paper: "Song et al. 2021" },
    formula: tex`x_s = \sqrt{\bar\alpha_s}\,\hat x_0 + \sqrt{1 - \bar\alpha_s - \sigma^2}\,\hat\epsilon + \sigma z`,
    command: "galatea sample ddpm-mnist --sampler ddim",
  },
  encoding: {
    title: { en: "DDIM backwards", zh: "DDIM 倒着走" },
    file: samplers,
    symbol: "ddimEncode",
    source: { paper: "Song et al. 2021" },
    formula: tex`x_t = \sqrt{\bar\alpha_t}\,\hat x_0 + \sqrt{1 - \bar\alpha_t}\,\hat\epsilon,\quad t > s`,
    command: "galatea reconstruct ddpm-mnist",
  },
  "dpm-solver": {
    title: { en: "DPM-Solver++", zh: "DPM-Solver++" },
    file: samplers,
    symbol: "dpmSolver",
    source: { paper: "Lu et al. 2022" },
    formula: tex`\hat x_0 + \tfrac{1}{2r}\,(\hat x_0 - \hat x_0')`,
    command: "galatea sample ddpm-mnist --sampler dpm-solver",
  },
  inpainting: {
    title: { en: "inpainting", zh: "图像补全" },
    file: "src/generative/diffusion/sampling.ts",
    symbol: "Sampler",
    source: { paper: "Lugmayr et al. 2022" },
    formula: tex`m \odot \tilde x_s + (1 - m) \odot x_s`,
    command: "galatea reconstruct ddpm-mnist --mask left",
  },
  "dit-in-context": {
    title: { en: "DiT, in context", zh: "DiT，条件作词元" },
    file: "src/generative/diffusion/dit-blocks.ts",
    symbol: "CONDITIONINGS",
    source: { paper: "Peebles and Xie 2023" },
    formula: tex`\mathrm{Blocks}(c_t, c_y, h_1, \dots, h_n)`,
    command: "galatea train dit --conditioning in-context",
  },
  "dit-adaln": {
    title: { en: "DiT, adaLN", zh: "DiT，adaLN" },
    file: "src/generative/diffusion/dit-blocks.ts",
    symbol: "Block",
    source: { paper: "Peebles and Xie 2023" },
    formula: tex`h + \mathrm{Attn}\big((1 + \gamma_c)\,\mathrm{LN}(h) + \beta_c\big)`,
    command: "galatea train dit --conditioning adaln",
  },
  dit: {
    title: { en: "DiT, adaLN-Zero", zh: "DiT，adaLN-Zero" },
    file: "src/generative/diffusion/dit.ts",
    symbol: "dit",
    source: { paper: "Peebles and Xie 2023" },
    formula: tex`h + \alpha_c\,\mathrm{Attn}\big((1 + \gamma_c)\,\mathrm{LN}(h) + \beta_c\big)`,
    command: "galatea train dit",
  },
} as const satisfies MapNodes;

export const diffusionEdges = [
  {
    from: "vae",
    to: "ddpm",
    change: {
      en: "the encoder is fixed: T steps that add noise, and only the way back is learned",
      zh: "编码器固定下来：T 步加噪，只学回来的路",
    },
    formula: [
      tex`q_\phi(z \mid x)`,
      tex`q(x_t \mid x_0) = \mathcal N\big(\sqrt{\bar\alpha_t}\,x_0,\ (1 - \bar\alpha_t) I\big)`,
    ],
  },
  {
    from: "dae",
    to: "ddpm",
    change: {
      en: "one network removes noise of every strength, and is used again and again",
      zh: "一个网络去掉各种强度的噪声，并且一遍遍地用",
    },
    formula: [
      tex`\tilde x = x + \sigma \epsilon`,
      tex`x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1 - \bar\alpha_t}\,\epsilon`,
    ],
  },
  {
    from: "ddpm",
    to: "cosine",
    change: {
      en: "fewer times are spent where next to no signal is left",
      zh: "在几乎没有信号的时刻少花步数",
    },
    formula: [
      tex`\beta_t = \beta_1 + \tfrac{t - 1}{T - 1}(\beta_T - \beta_1)`,
      tex`\bar\alpha_t \propto \cos^2\big(\tfrac{t/T + s}{1 + s} \tfrac{\pi}{2}\big)`,
    ],
  },
  {
    from: "ddpm",
    to: "v-prediction",
    change: {
      en: "the network predicts a mixture of noise and image, so that nothing is divided by a small number",
      zh: "网络预测噪声与图像的混合，于是不用除以很小的数",
    },
    formula: [tex`\epsilon`, tex`\sqrt{\bar\alpha_t}\,\epsilon - \sqrt{1 - \bar\alpha_t}\,x_0`],
  },
  {
    from: "ddpm",
    to: "min-snr",
    change: { en: "nearly clean images count less in the loss", zh: "接近干净的图像在损失里占得少些" },
    formula: [tex`1`, tex`\min(\mathrm{SNR}_t,\ \gamma) / \mathrm{SNR}_t`],
  },
  {
    from: "ddpm",
    to: "guidance",
    change: {
      en: "the difference that the class makes is amplified",
      zh: "放大类别带来的差别",
    },
    formula: [tex`c`, tex`u + w\,(c - u)`],
  },
  {
    from: "ddpm",
    to: "ancestral",
    change: {
      en: "the learned noise is removed step by step, with fresh noise at each",
      zh: "把预测的噪声一步步去掉，每步再加一点新的",
    },
    formula: [tex`\epsilon_\theta(x_t, t)`, tex`x_{t-1} = \tilde\mu_t(x_t, \hat x_0) + \sigma_t z`],
  },
  {
    from: "ancestral",
    to: "ddim",
    change: {
      en: "the same network, but steps may be skipped and need no noise",
      zh: "同一个网络，但可以跳步，也不必加噪",
    },
    formula: [tex`\sigma = \sigma_t,\ s = t - 1`, tex`\sigma = \eta\,\sigma_t,\ s < t`],
  },
  {
    from: "ddim",
    to: "encoding",
    change: { en: "the same steps the other way: image to noise", zh: "同样的步子反着走：从图像到噪声" },
    formula: [tex`s < t`, tex`s > t`],
  },
  {
    from: "ddim",
    to: "dpm-solver",
    change: {
      en: "the estimate of the step before gives the curve of the path: second order",
      zh: "用上一步的估计得知路径怎样弯：二阶方法",
    },
    formula: [tex`\hat x_0`, tex`\hat x_0 + \tfrac{1}{2r}\,(\hat x_0 - \hat x_0')`],
  },
  {
    from: "ddim",
    to: "inpainting",
    change: {
      en: "at each step the known part is put back with the noise of that time",
      zh: "每一步都把已知的部分换回来，带上该时刻的噪声",
    },
    formula: [tex`x_s`, tex`m \odot \tilde x_s + (1 - m) \odot x_s`],
  },
  {
    from: "ddpm",
    to: "dit-in-context",
    change: {
      en: "a transformer over patches in place of the U-Net",
      zh: "用图像块上的 Transformer 代替 U-Net",
    },
    formula: [tex`\mathrm{UNet}(x_t, t, y)`, tex`\mathrm{Transformer}(x_t^{(1)}, \dots, x_t^{(n)};\ t, y)`],
  },
  {
    from: "transformer",
    to: "dit-in-context",
    change: { en: "tokens are patches of a noisy image, not words", zh: "词元是含噪图像的小块，而不是词" },
    formula: [tex`w_1, \dots, w_n`, tex`x_t^{(1)}, \dots, x_t^{(n)}`],
  },
  {
    from: "dit-in-context",
    to: "dit-adaln",
    change: {
      en: "time and class scale and shift every block, and are no tokens any more",
      zh: "时刻和类别改为给每个块作缩放与平移，不再是词元",
    },
    formula: [tex`(c_t, c_y, h_1, \dots, h_n)`, tex`(1 + \gamma_c)\,\mathrm{LN}(h) + \beta_c`],
  },
  {
    from: "dit-adaln",
    to: "dit",
    change: {
      en: "a gate that begins at zero on what each part adds, so that every block begins as the identity",
      zh: "每一部分加上去的东西先过一道从零开始的门，于是每个块起初都是恒等映射",
    },
    formula: [tex`h + f_c(h)`, tex`h + \alpha_c\,f_c(h),\ \alpha_c = 0`],
  },
] as const satisfies readonly MapEdge[];
