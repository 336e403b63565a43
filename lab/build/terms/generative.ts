/** Autoencoders, GANs, and how they are measured. */
import { tex } from "../../../src/map/index.ts";
import { type Linked, term } from "./term.ts";

const vaeLoss = { file: "src/generative/vae.ts", symbol: "vaeLoss" } as const;
const likelihood = term(
  tex`\mathbb{E}_{q}[\log p_\theta(x \mid z)]`,
  "reconstruction",
  "重构项",
  "logLikelihood.mean()",
);

export const generativeTerms = {
  ae: {
    at: { file: "src/generative/autoencoder.ts", symbol: "Autoencoder" },
    terms: [
      term(tex`\ell`, "distance", "距离", "distance(x, output)"),
      term(tex`g_\theta`, "decoder", "解码器", "this.decoder.forward(this.encode(input))"),
      term(tex`f_\phi(x)`, "code", "编码", "this.encoder.forward(x)"),
    ],
  },
  dae: {
    terms: [
      term(
        tex`\ell\big(x,\ g_\theta(f_\phi(\tilde x))\big)`,
        "loss against the undamaged input",
        "与未损坏输入的差",
        "module.loss(batch[field]!, corrupt(",
      ),
      term(tex`C(\tilde x \mid x)`, "damage", "损坏", "const corrupt =", "corrupt(batch[field]!, key)"),
    ],
  },
  vae: {
    at: vaeLoss,
    terms: [
      likelihood,
      term(
        tex`\mathrm{KL}\big(q_\phi(z \mid x) \,\Vert\, p(z)\big)`,
        "divergence from the prior",
        "与先验的散度",
        "kl.mean(",
        "perDimension.sum()",
      ),
    ],
  },
  "beta-vae": {
    terms: [
      likelihood,
      term(tex`\beta`, "weight", "权重", ".mul(beta)", ": beta;"),
      term(tex`\mathrm{KL}`, "divergence", "散度", "charged.mul(weight)"),
    ],
  },
  "free-bits": {
    terms: [
      term(tex`\sum_j`, "sum over dimensions", "对各维求和", ".sum() : klTerm"),
      term(tex`\max`, "no less than", "不低于", "perDimension.maximum("),
      term(tex`\lambda`, "free nats", "免费的 nat", "freeBits > 0", "maximum(freeBits)"),
      term(tex`\mathrm{KL}_j`, "divergence of a dimension", "单维的散度", "const perDimension ="),
    ],
  },
  cvae: {
    terms: [
      term(tex`q_\phi(z \mid x, y)`, "encoder, told the class", "知道类别的编码器", "this.encoder.forward(x, this.#condition(labels))"), // biome-ignore format: a term
      term(tex`p_\theta(x \mid z, y)`, "decoder, told the class", "知道类别的解码器", "this.decoder.forward(z, this.#condition(labels))"), // biome-ignore format: a term
    ],
  },
  iwae: {
    terms: [
      term(tex`\mathbb{E}`, "mean over examples", "对样本取平均", "bound += value / count"),
      term(tex`\log \tfrac1k`, "logarithm of the mean", "平均的对数", "new LogMeanExp("),
      term(tex`\sum_{i=1}^k`, "k draws", "抽 k 次", "drawn < k", "total.add("),
      term(tex`\frac{p(x, z_i)}{q(z_i \mid x)}`, "weight of a draw", "一次抽样的权重", "model.logWeights("),
    ],
  },
  gan: {
    terms: [
      term(tex`\min_G`, "generator's move", "生成器的一步", "generatorLoss(module"),
      term(tex`\max_D`, "discriminator's move", "判别器的一步", "discriminatorLoss(module"),
      term(tex`D(x)`, "real examples", "真实样本", "const real ="),
    ],
  },
  "non-saturating": {
    terms: [
      term(
        tex`-\mathbb{E} \log D(G(z))`,
        "to be taken for real",
        "让判别器当真",
        "generator: (fake) => bce(fake, 1)",
      ),
    ],
  },
  "least-squares": {
    terms: [
      term(tex`\tfrac12 (s(x) - 1)^2`, "real: towards 1", "真的：靠近 1", "squared(real, target)"),
      term(tex`\tfrac12 s(G(z))^2`, "generated: towards 0", "假的：靠近 0", "squared(fake, 0)"),
    ],
  },
  hinge: {
    terms: [
      term(tex`\max(0, 1 - s(x))`, "real: above 1", "真的：高于 1", "sub(1, real).relu().mean()"),
      term(tex`\max(0, 1 + s(G(z)))`, "generated: below −1", "假的：低于 −1", "fake.add(1).relu().mean()"),
    ],
  },
  "wgan-gp": {
    terms: [
      term(
        tex`\lVert \nabla s(\hat x) \rVert`,
        "slope between real and generated",
        "真假之间的斜率",
        "const between =",
        "grad(critic(between)",
        "const norm =",
      ),
      term(tex`\big)^2`, "squared distance from 1", "与 1 之差的平方", "norm.sub(1).square()"),
    ],
  },
  "spectral-norm": {
    terms: [
      term(tex`W /`, "weight, divided", "权重除以", "div(weight"),
      term(
        tex`\sigma_{\max}(W)`,
        "largest singular value",
        "最大奇异值",
        "unit(matmul(fixed",
        "sum(mul(next, matmul(w, v)))",
      ),
    ],
  },
  acgan: {
    terms: [
      term(tex`\log D(x)`, "real or not", "真假", "this.out.forward(h"),
      term(tex`\log p_D(y \mid x)`, "class", "类别", "this.classifier?.forward(h"),
    ],
  },
  projection: {
    terms: [
      term(tex`\psi(\phi(x))`, "score without the class", "不看类别的得分", "this.out.forward(h"),
      term(
        tex`e_y^\top \phi(x)`,
        "product with the class",
        "与类别的内积",
        "this.embedding.forward(labels",
        "e.mul(h)",
      ),
    ],
  },
  "minibatch-stddev": {
    terms: [
      term(tex`x_i`, "features of one", "单个样本的特征", "concat([h"),
      term(tex`\operatorname{std}(x_{1:4})`, "deviation of the group", "一组的标准差", "const groups =", "const deviation ="), // biome-ignore format: a term
    ],
  },
  unrolled: {
    terms: [
      term(tex`\min_G f`, "generator's loss", "生成器的损失", "options.loss.generator("),
      term(
        tex`\theta_D^{(k)}(\theta_G)`,
        "discriminator, k steps on",
        "k 步之后的判别器",
        "unrolled(d, real, fake",
      ),
    ],
  },
  "inception-score": {
    terms: [
      term(tex`\exp`, "exponential", "指数", "Math.exp(divergence)"),
      term(tex`\mathbb{E}`, "mean over images", "对图像取平均", "divergence +="),
      term(
        tex`\mathrm{KL}\big(p(y \mid x) \,\Vert\, p(y)\big)`,
        "divergence from all classes",
        "与总体类别的散度",
        "p * Math.log(p / marginal[i % k]!)",
      ),
    ],
  },
  frechet: {
    terms: [
      term(
        tex`\lVert \mu_1 - \mu_2 \rVert^2`,
        "distance of the means",
        "均值的距离",
        "const gap =",
        "gap * gap",
      ),
      term(
        tex`\Sigma_1 + \Sigma_2`,
        "variances",
        "方差",
        "a.covariance[i * d + i]! + b.covariance[i * d + i]!",
      ),
      term(
        tex`(\Sigma_1^{1/2} \Sigma_2 \Sigma_1^{1/2})^{1/2}`,
        "what they share",
        "两者共有的部分",
        "squareRoot(a).mmul(squareRoot(b))",
        "new SingularValueDecomposition(",
      ),
    ],
  },
} as const satisfies Readonly<Record<string, Linked>>;
