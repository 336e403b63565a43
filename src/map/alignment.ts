import { type MapEdge, type MapNodes, tex } from "./map.ts";

const alignment = "src/rl/alignment";

export const alignmentNodes = {
  sft: {
    title: { en: "supervised fine-tuning (SFT)", zh: "监督微调（SFT）" },
    file: `${alignment}/sft-loss.ts`,
    symbol: "sftLoss",
    command: "galatea train sft",
    source: { paper: "Ouyang et al. 2022" },
    formula: tex`-\textstyle\sum_{t \in y} \log \pi_\theta(y_t \mid x, y_{<t})`,
  },
  "reward-model": {
    title: { en: "reward model", zh: "奖励模型" },
    file: `${alignment}/reward-loss.ts`,
    symbol: "rewardLoss",
    command: "galatea train reward",
    source: { paper: "Bradley and Terry 1952; Ouyang et al. 2022" },
    formula: tex`-\log \sigma\big(r(y_w) - r(y_l)\big)`,
  },
  "best-of-n": {
    title: { en: "best of n", zh: "n 中取优" },
    file: `${alignment}/group.ts`,
    symbol: "bestOf",
    source: { paper: "Stiennon et al. 2020" },
    formula: tex`\arg\max_{i \le n} r(y_i)`,
  },
  rlhf: {
    title: { en: "PPO on tokens (RLHF)", zh: "词元上的 PPO（RLHF）" },
    file: `${alignment}/ppo-loss.ts`,
    symbol: "ppoLoss",
    command: "galatea train ppo",
    source: { paper: "Ziegler et al. 2019; Ouyang et al. 2022" },
    formula: tex`\mathbb{E}\,r(y) - \beta\,\mathrm{KL}(\pi \,\Vert\, \pi_{\mathrm{ref}})`,
  },
  "best-policy": {
    title: { en: "the best policy", zh: "最优策略" },
    file: `${alignment}/exact.ts`,
    symbol: "optimum",
    source: { paper: "Rafailov et al. 2023" },
    formula: tex`\pi^*(y) \propto \pi_{\mathrm{ref}}(y)\,e^{r(y) / \beta}`,
  },
  rloo: {
    title: { en: "REINFORCE leave-one-out (RLOO)", zh: "留一法 REINFORCE（RLOO）" },
    file: `${alignment}/rloo-loss.ts`,
    symbol: "rlooLoss",
    command: "galatea train rloo",
    source: { paper: "Ahmadian et al. 2024" },
    formula: tex`A_i = r_i - \tfrac{1}{K - 1} \textstyle\sum_{j \ne i} r_j`,
  },
  grpo: {
    title: { en: "GRPO", zh: "GRPO" },
    file: `${alignment}/grpo-loss.ts`,
    symbol: "grpoLoss",
    command: "galatea train grpo",
    source: { paper: "Shao et al. 2024" },
    formula: tex`A_i = \frac{r_i - \bar r}{\operatorname{sd}(r)}`,
  },
  aggregation: {
    title: { en: "DAPO, Dr. GRPO", zh: "DAPO、Dr. GRPO" },
    file: `${alignment}/grpo-loss.ts`,
    symbol: "aggregate",
    source: { paper: "Yu et al. 2025; Liu et al. 2025" },
    formula: tex`\tfrac{1}{\sum_i T_i} \textstyle\sum_{i, t} \ell_{i, t},\quad \tfrac{1}{N T_{\max}} \textstyle\sum_{i, t} \ell_{i, t}`,
  },
  dpo: {
    title: { en: "DPO", zh: "直接偏好优化（DPO）" },
    file: `${alignment}/dpo-loss.ts`,
    symbol: "dpoLoss",
    command: "galatea train dpo",
    source: { paper: "Rafailov et al. 2023" },
    formula: tex`-\log \sigma\Big(\beta \ln \frac{\pi(y_w)}{\pi_{\mathrm{ref}}(y_w)} - \beta \ln \frac{\pi(y_l)}{\pi_{\mathrm{ref}}(y_l)}\Big)`,
  },
  ipo: {
    title: { en: "IPO", zh: "IPO" },
    file: `${alignment}/dpo-loss.ts`,
    symbol: "dpoLoss",
    source: { paper: "Azar et al. 2024" },
    formula: tex`\big(\Delta - \tfrac{1}{2 \beta}\big)^2`,
  },
} as const satisfies MapNodes;

export const alignmentEdges = [
  {
    from: "gpt",
    to: "sft",
    change: { en: "only the tokens of the answer count in the loss", zh: "损失只计回答里的词元" },
    formula: [
      tex`\textstyle\sum_t \log \pi(x_t \mid x_{<t})`,
      tex`\textstyle\sum_{t \in y} \log \pi(y_t \mid x, y_{<t})`,
    ],
  },
  {
    from: "logistic",
    to: "reward-model",
    change: {
      en: "of a pair: a number for each answer, and their difference says which is preferred",
      zh: "成对来学：每个回答一个数，两数之差说明哪个更好",
    },
    formula: [tex`\log \sigma(w^\top x)`, tex`\log \sigma\big(r(y_w) - r(y_l)\big)`],
  },
  {
    from: "reward-model",
    to: "best-of-n",
    change: { en: "no training: draw n and keep the best", zh: "不训练：抽 n 个，留最好的" },
    formula: [tex`y \sim \pi`, tex`\arg\max_{i \le n} r(y_i)`],
  },
  {
    from: "ppo",
    to: "rlhf",
    change: {
      en: "a token is an action; the whole answer is rewarded, and straying from the first model is fined",
      zh: "一个词元就是一个动作；整个回答得奖励，偏离最初的模型要罚",
    },
    formula: [tex`r(s, a)`, tex`r(y) - \beta \ln \frac{\pi(y)}{\pi_{\mathrm{ref}}(y)}`],
  },
  {
    from: "sft",
    to: "rlhf",
    change: {
      en: "learn from its own answers and their rewards, not from given ones",
      zh: "从自己的回答和得到的奖励里学，而不是从现成的回答里学",
    },
    formula: [tex`\log \pi(y)`, tex`\hat A\,\log \pi(y),\ y \sim \pi`],
  },
  {
    from: "reward-model",
    to: "rlhf",
    change: { en: "its number is the reward at the last token", zh: "它给的数就是最后一个词元的奖励" },
    formula: [tex`r(y)`, tex`R_T = r(y)`],
  },
  {
    from: "rlhf",
    to: "best-policy",
    change: {
      en: "what reward and penalty together lead to, in closed form",
      zh: "奖励与惩罚合起来会走到哪里，有闭式解",
    },
    formula: [
      tex`\max_\pi \mathbb{E}\,r - \beta\,\mathrm{KL}`,
      tex`\pi^* \propto \pi_{\mathrm{ref}}\,e^{r / \beta}`,
    ],
  },
  {
    from: "baseline",
    to: "rloo",
    change: {
      en: "the baseline is the mean of the other answers to the same prompt",
      zh: "基线是同一个提示的其他回答的平均",
    },
    formula: [tex`V(S)`, tex`\tfrac{1}{K - 1} \textstyle\sum_{j \ne i} r_j`],
  },
  {
    from: "rlhf",
    to: "rloo",
    change: { en: "no critic, and a whole answer is one action", zh: "不要评论家，整个回答算一个动作" },
    formula: [tex`\rho_t\,\hat A_t`, tex`\rho(y)\,A(y)`],
  },
  {
    from: "rlhf",
    to: "grpo",
    change: {
      en: "no critic: a group of answers is measured by its own mean and deviation",
      zh: "不要评论家：一组回答用自己的均值和标准差来衡量",
    },
    formula: [
      tex`\hat A_t = \textstyle\sum_k (\gamma \lambda)^k \delta_{t+k}`,
      tex`A_i = (r_i - \bar r) / \operatorname{sd}(r)`,
    ],
  },
  {
    from: "grpo",
    to: "aggregation",
    change: {
      en: "every token counts the same, in short answers and long ones",
      zh: "回答不论长短，每个词元同等计入",
    },
    formula: [
      tex`\tfrac1N \textstyle\sum_i \tfrac{1}{T_i} \sum_t \ell_{i, t}`,
      tex`\tfrac{1}{\sum_i T_i} \textstyle\sum_{i, t} \ell_{i, t}`,
    ],
  },
  {
    from: "reward-model",
    to: "dpo",
    change: {
      en: "no reward model: the reward is read from the policy, and pairs train it at once",
      zh: "不要奖励模型：奖励从策略本身读出，直接用成对数据训练策略",
    },
    formula: [tex`r(y)`, tex`\beta \ln \frac{\pi(y)}{\pi_{\mathrm{ref}}(y)}`],
  },
  {
    from: "best-policy",
    to: "dpo",
    change: { en: "the closed form, solved for the reward", zh: "把闭式解反过来，解出奖励" },
    formula: [
      tex`\pi^* \propto \pi_{\mathrm{ref}}\,e^{r / \beta}`,
      tex`r = \beta \ln \frac{\pi^*}{\pi_{\mathrm{ref}}} + c`,
    ],
  },
  {
    from: "dpo",
    to: "ipo",
    change: {
      en: "a distance to a target in place of the logarithm, so that sure pairs do not pull for ever",
      zh: "用到目标的距离代替对数，免得已有把握的样本没完没了地拉",
    },
    formula: [tex`-\log \sigma(\beta \Delta)`, tex`\big(\Delta - \tfrac{1}{2 \beta}\big)^2`],
  },
] as const satisfies readonly MapEdge[];
