import { tex } from "../../../src/map/index.ts";
import { type Linked, term } from "./term.ts";

const modulated = term(
  tex`(1 + \gamma_c)\,\mathrm{LN}(h) + \beta_c`,
  "scaled and shifted norm",
  "缩放与平移后的归一化",
  "modulate(this.norm1.forward(x), shift1, scale1)",
);
const attended = term(tex`\mathrm{Attn}`, "attention", "注意力", "this.attn.forward(");

export const diffusionTerms = {
  ddpm: {
    at: { file: "src/generative/diffusion/losses.ts", symbol: "diffusionLoss" },
    terms: [
      term(tex`\mathbb{E}`, "mean", "平均", "loss: errors.mean()"),
      term(tex` \epsilon `, "noise", "噪声", "const epsilon = normal("),
      term(tex`\epsilon_\theta`, "network", "网络", "network.forward("),
      term(
        tex`\sqrt{\bar\alpha_t}\,x_0 + \sqrt{1 - \bar\alpha_t}\,\epsilon`,
        "noised example",
        "加噪的样本",
        "noised(x0, epsilon, level)",
      ),
      term(tex`,\ t`, "time", "时刻", "const t = randint("),
      term(tex`\rVert^2`, "squared error", "平方误差", "predicted.sub(target).square()"),
    ],
  },
  cosine: {
    terms: [
      term(tex`\cos^2`, "cosine, squared", "余弦的平方", "Math.cos(", "** 2"),
      term(tex`\frac{t/T + s}{1 + s}`, "time, from s", "从 s 起算的时刻", "((u + s) / (1 + s))"),
      term(tex`\frac{\pi}{2}`, "a quarter turn", "四分之一圈", "(Math.PI / 2)"),
    ],
  },
  "v-prediction": {
    terms: [
      term(tex`\sqrt{\bar\alpha_t}\,\epsilon`, "noise, by the signal", "噪声乘信号", "epsilon.mul(signal)"),
      term(tex`\sqrt{1 - \bar\alpha_t}\,x_0`, "image, by the noise", "图像乘噪声", "x0.mul(noise))"),
    ],
  },
  "min-snr": {
    terms: [
      term(
        tex`\frac{\min(\mathrm{SNR}_t,\ \gamma)}{\mathrm{SNR}_t}`,
        "weight of a time",
        "某时刻的权重",
        "Math.min(s.snr(t), gamma)",
        "PER_X0[kind](s.snr(t))",
      ),
      term(
        tex`\lVert \epsilon - \epsilon_\theta \rVert^2`,
        "error as it is",
        "误差本身",
        "schedule.table(() => 1)",
      ),
    ],
  },
  guidance: {
    terms: [
      term(tex`u `, "without the class", "不看类别", "u.add(", "both.narrow(0, count, 2 * count)"),
      term(tex`w`, "how much", "引导强度", ".mul(w)"),
      term(tex`c - u`, "what the class changes", "类别带来的差别", "c.sub(u)"),
    ],
  },
  ancestral: {
    terms: [
      term(tex`\tilde\mu_t(x_t, \hat x_0)`, "mean of the way back", "回来一步的均值", "schedule.posterior("),
      term(tex`\sigma_t`, "fresh noise", "新加的噪声", "deviation(schedule, step, variance)"),
    ],
  },
  ddim: {
    terms: [
      term(tex`\sqrt{\bar\alpha_s}\,\hat x_0`, "estimated image", "估计的图像", "x0: next.signal"),
      term(
        tex`\sqrt{1 - \bar\alpha_s - \sigma^2}\,\hat\epsilon`,
        "estimated noise",
        "估计的噪声",
        "next.noise ** 2 - sigma ** 2",
        "epsilon: Math.sqrt(direction)",
      ),
      term(tex`\sigma z`, "fresh noise", "新加的噪声", "const sigma =", "const noise ="),
    ],
  },
  encoding: {
    terms: [
      term(tex`\sqrt{\bar\alpha_t}\,\hat x_0`, "estimated image", "估计的图像", "next.signal"),
      term(
        tex`\sqrt{1 - \bar\alpha_t}\,\hat\epsilon`,
        "estimated noise",
        "估计的噪声",
        "epsilon: next.noise",
      ),
      term(tex`t > s`, "towards noise", "朝噪声走", "steps.toReversed()"),
    ],
  },
  "dpm-solver": {
    terms: [
      term(tex`\tfrac{1}{2r}`, "how far to extrapolate", "外推多远", "const ratio ="),
      term(tex`\hat x_0'`, "estimate of the step before", "上一步的估计", "previous: extra"),
    ],
  },
  "dit-adaln": { terms: [attended, modulated] },
  dit: {
    at: { file: "src/generative/diffusion/dit-blocks.ts", symbol: "Block" },
    terms: [term(tex`\alpha_c`, "gate", "门", "gate1.mul(attended)"), attended, modulated],
  },
} as const satisfies Readonly<Record<string, Linked>>;
