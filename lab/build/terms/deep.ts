import { tex } from "../../../src/map/index.ts";
import { type Linked, term } from "./term.ts";

const dqn = { file: "src/rl/deep/dqn.ts", symbol: "learn" } as const;
const gradient = { file: "src/rl/deep/policy-gradient.ts", symbol: "policyGradientLoss" } as const;
const deterministic = { file: "src/rl/deep/ddpg.ts", symbol: "deterministicPolicyGradient" } as const;

const rewards = term(tex`R `, "reward", "奖励", "rewards!, discounts!");
const logPi = (tex: string) =>
  term(tex, "log-probability of what was done", "所做动作的对数概率", "policy.logProb(actions!)");
const advantage = (tex: string, en: string, zh: string) => term(tex, en, zh, "advantages!), weights");
const targetAction = term(tex`\mu_{\bar\phi}(S')`, "target actor", "目标演员", "const calm = policy(targets");

export const deepTerms = {
  dqn: {
    at: dqn,
    terms: [
      rewards,
      term(tex`\max_a`, "the best action", "最好的动作", "const best = argmax("),
      term(tex`Q_{\bar\theta}(S', a)`, "target network", "目标网络", "target.forward(next!"),
    ],
  },
  double: {
    at: dqn,
    terms: [
      rewards,
      term(
        tex`Q_{\bar\theta}`,
        "target network judges",
        "目标网络评判",
        "target.forward(next!",
        "ofAction(zNext, best)",
      ),
      term(
        tex`\arg\max_a Q_\theta(S', a)`,
        "network chooses",
        "当前网络选择",
        "options.double ? network.forward(next!, chooser)",
        "const best = argmax(",
      ),
    ],
  },
  dueling: {
    terms: [
      term(tex`V(s)`, "value of the state", "状态的价值", "const V ="),
      term(tex`A(s, a)`, "advantage of the action", "动作的优势", "const A ="),
      term(tex`\bar A(s)`, "their mean", "优势的平均", "mean(A, {"),
    ],
  },
  "n-step": {
    terms: [
      term(tex`R_{t+1} + \cdots`, "n rewards", "n 个奖励", "sum = window.rewards[k]! + gamma * sum"),
      term(tex`\gamma^n`, "discount of n steps", "n 步的折扣", "gamma ** window.length"),
    ],
  },
  c51: {
    terms: [
      term(tex`p_i(s, a)`, "probabilities", "概率", "exp(logSoftmax(z))"),
      term(tex`\delta_{z_i}`, "atoms", "原子", "low + ((high - low) * i) / (atoms - 1)", ", support)"),
    ],
  },
  quantiles: {
    terms: [
      term(tex`\tfrac1N \textstyle\sum_i`, "mean over quantiles", "对分位数取平均", "mean(z, { axes: -1 })"),
      term(tex`\theta_i(s, a)`, "quantile", "分位数", "sub(unsqueeze(target, 1), unsqueeze(z, 2))"),
    ],
  },
  noisy: {
    terms: [
      term(tex`\mu`, "mean weight", "权重的均值", "add(this.weight, spread)"),
      term(tex`\sigma`, "learned spread", "学出来的幅度", "mul(this.weight_sigma"),
      term(tex`\varepsilon`, "noise", "噪声", "const [ahead, behind] ="),
    ],
  },
  reinforce: {
    at: gradient,
    terms: [
      logPi(tex`\log \pi_\theta(A_t \mid S_t)`),
      advantage(tex`G_t`, "return that followed", "之后的回报"),
    ],
  },
  baseline: {
    terms: [
      logPi(tex`\log \pi_\theta(A_t \mid S_t)`),
      advantage(tex`G_t - V(S_t)`, "return above the baseline", "高出基线的回报"),
    ],
  },
  ac: {
    at: { file: "src/rl/deep/actor-critic.ts", symbol: "learn" },
    terms: [
      logPi(tex`\log \pi_\theta(A \mid S)`),
      term(tex`R + \gamma V(S')`, "target", "目标", "const target ="),
      term(tex`V(S)`, "value", "价值", "network.value(observations!)"),
    ],
  },
  a2c: {
    at: gradient,
    terms: [
      logPi(tex`\log \pi_\theta(A_t \mid S_t)`),
      advantage(tex`G_{t:t+n} - V(S_t)`, "advantage of n steps", "n 步的优势"),
    ],
  },
  gae: {
    terms: [
      term(tex`\sum_k`, "sum, from the end back", "从末尾往回累加", "next = delta +"),
      term(tex`(\gamma \lambda)^k`, "fading", "衰减", "gamma * lambda * next"),
      term(tex`\delta_{t+k}`, "error of one step", "一步的误差", "const delta ="),
    ],
  },
  ppo: {
    at: { file: "src/rl/deep/policy-gradient.ts", symbol: "clippedObjective" },
    terms: [
      term(tex`\min`, "the worse of both", "两者中较差的", "return minimum("),
      term(tex`\rho_t \hat A_t`, "ratio by advantage", "概率比乘优势", "mul(r, A)"),
      term(
        tex`\operatorname{clip}(\rho_t, 1 - \epsilon, 1 + \epsilon)`,
        "ratio, clipped",
        "裁剪后的概率比",
        "const clipped =",
      ),
    ],
  },
  ddpg: {
    at: deterministic,
    terms: [
      term(tex`R `, "target", "目标", "target(batch, later)"),
      term(tex`Q_{\bar\theta}`, "target critic", "目标评论家", "targets.critics.values(next!"),
      targetAction,
    ],
  },
  td3: {
    at: deterministic,
    terms: [
      term(tex`R `, "target", "目标", "target(batch, later)"),
      term(tex`\min_i`, "the smaller of two", "两者取小", "minimum(x, y)"),
      term(tex`Q_{\bar\theta_i}`, "target critics", "目标评论家", "targets.critics.values(next!"),
      targetAction,
      term(tex`\operatorname{clip}(\varepsilon)`, "blur", "模糊", "const shift =", "add(calm, shift)"),
    ],
  },
  sac: {
    at: { file: "src/rl/deep/sac.ts", symbol: "learn" },
    terms: [
      term(tex`R `, "target", "目标", "target(batch, soft)"),
      term(
        tex`\min_i Q_{\bar\theta_i}(S', A')`,
        "the smaller of two critics",
        "两个评论家取小",
        "lowest(targets.values(next!, action))",
      ),
      term(tex`\alpha \log \pi(A' \mid S')`, "paid for entropy", "熵的报酬", "mul(alpha(), logNext)"),
    ],
  },
} as const satisfies Readonly<Record<string, Linked>>;
