import { type MapEdge, tex } from "./map.ts";

export const tabularEdges = [
  {
    from: "arms",
    to: "ucb",
    change: {
      en: "explore what is uncertain, not at random",
      zh: "探索没把握的，而不是随机探索",
    },
    formula: [
      tex`\varepsilon\mathrm{-greedy}(Q)`,
      tex`\arg\max_a\,\big[\,Q(a) + c \sqrt{\ln t / N(a)}\,\big]`,
    ],
  },
  {
    from: "arms",
    to: "gradient-bandit",
    change: {
      en: "no values: a preference for each arm, raised by what was better than usual",
      zh: "不估价值：每个臂一个偏好，结果好于平常就调高",
    },
    formula: [tex`Q(a)`, tex`\pi = \operatorname{softmax}(H)`],
  },
  {
    from: "chain",
    to: "mrp",
    change: { en: "+ a reward in each state, γ", zh: "＋每个状态有奖励，γ" },
    formula: [tex`p(s' \mid s)`, tex`v = r + \gamma P v`],
  },
  {
    from: "mrp",
    to: "mdp",
    change: { en: "+ a choice in each state", zh: "＋每个状态可以选择" },
    formula: [tex`p(s' \mid s)`, tex`p(s', r \mid s, a)`],
  },
  {
    from: "mdp",
    to: "pe",
    change: { en: "a policy chooses: a reward process again", zh: "由策略来选：又成了奖励过程" },
    formula: [tex`p(s', r \mid s, a)`, tex`\textstyle\sum_a \pi(a \mid s)\,p(s', r \mid s, a)`],
  },
  {
    from: "pe",
    to: "pi",
    change: { en: "improve the policy, evaluate again", zh: "改进策略，再评估" },
    formula: [tex`v_\pi`, tex`\pi' = \mathrm{greedy}(v_\pi)`],
  },
  {
    from: "pi",
    to: "vi",
    change: { en: "one sweep of evaluation, then improve", zh: "只评估一遍就改进" },
    formula: [tex`\textstyle\sum_a \pi(a \mid s)\,[\cdots]`, tex`\max_a\,[\cdots]`],
  },
  {
    from: "table",
    to: "vi",
    change: {
      en: "the right order is not known: sweep until nothing changes",
      zh: "不知道正确的顺序：一遍遍扫，直到不再变化",
    },
    formula: [tex`d(s) = c + \min_{s'} d(s')`, tex`v_{k+1}(s) = \max_{s'}\,[\,r + v_k(s')\,]`],
  },
  {
    from: "vi",
    to: "ps",
    change: { en: "the largest change first", zh: "变化最大的先更新" },
    formula: [tex`\forall s`, tex`\arg\max_s\,\lvert \Delta v(s) \rvert`],
  },
  {
    from: "vi",
    to: "lp",
    change: { en: "the fixed point as inequalities", zh: "把不动点写成不等式" },
    formula: [tex`v(s) = \max_a\,[\cdots]`, tex`v(s) \ge [\cdots]\ \forall a`],
  },
  {
    from: "pe",
    to: "mc",
    change: { en: "no model: average sampled returns", zh: "没有模型：对采样的回报取平均" },
    formula: [tex`\textstyle\sum p\,[\,r + \gamma v(s')\,]`, tex`G_t`],
  },
  {
    from: "mc",
    to: "mcc",
    change: { en: "of q, and improve", zh: "改学 q，并改进策略" },
    formula: [tex`V(S_t)`, tex`Q(S_t, A_t),\ \varepsilon\mathrm{-greedy}`],
  },
  {
    from: "mcc",
    to: "mces",
    change: {
      en: "every pair begins an episode, so the policy may be greedy",
      zh: "每一对都会作回合的开头，策略便可以纯贪心",
    },
    formula: [tex`\varepsilon\mathrm{-greedy}(Q)`, tex`(S_0, A_0) \sim \mathcal U,\ \mathrm{greedy}(Q)`],
  },
  {
    from: "mcc",
    to: "mco",
    change: { en: "act by b, learn about π: weigh by π/b", zh: "按 b 行动，学的是 π：用 π/b 加权" },
    formula: [tex`G_t`, tex`\rho\,G_t,\ \rho = \prod \pi / b`],
  },
  {
    from: "pe",
    to: "td",
    change: { en: "no model: sample one step of the backup", zh: "没有模型：只采样一步" },
    formula: [tex`\textstyle\sum p\,[\,r + \gamma v(s')\,]`, tex`R + \gamma V(S')`],
  },
  {
    from: "mc",
    to: "td",
    change: { en: "do not wait: guess the rest by V(S′)", zh: "不等结局：余下的用 V(S′) 估计" },
    formula: [tex`G_t`, tex`R + \gamma V(S')`],
  },
  {
    from: "td",
    to: "sarsa",
    change: { en: "of q, and improve", zh: "改学 q，并改进策略" },
    formula: [tex`R + \gamma V(S')`, tex`R + \gamma Q(S', A')`],
  },
  {
    from: "sarsa",
    to: "es",
    change: { en: "expectation over A′, not a sample", zh: "对 A′ 求期望，而不是采样" },
    formula: [tex`Q(S', A')`, tex`\textstyle\sum_a \pi(a \mid S')\,Q(S', a)`],
  },
  {
    from: "es",
    to: "esg",
    change: { en: "act by one policy, learn about the greedy one", zh: "按一个策略行动，学的是贪心策略" },
    formula: [tex`\pi = b`, tex`\pi = \mathrm{greedy}(Q)`],
  },
  {
    from: "esg",
    to: "ql",
    change: { en: "which is a maximum", zh: "这就是取最大值" },
    formula: [tex`\textstyle\sum_a \pi(a \mid S')\,Q(S', a)`, tex`\max_a Q(S', a)`],
  },
  {
    from: "vi",
    to: "ql",
    change: { en: "no model: sample one step", zh: "没有模型：只采样一步" },
    formula: [tex`\textstyle\sum p\,[\,r + \gamma \max_a q(s', a)\,]`, tex`R + \gamma \max_a Q(S', a)`],
  },
  {
    from: "ql",
    to: "dq",
    change: { en: "one table chooses, another judges", zh: "一张表选动作，另一张表评价" },
    formula: [tex`\max_a Q(S', a)`, tex`Q_2(S', \arg\max_a Q_1(S', a))`],
  },
  {
    from: "ql",
    to: "dyna",
    change: { en: "+ planning on a learnt model", zh: "＋在学到的模型上规划" },
    formula: [tex`1 \times Q(S, A) \leftarrow \cdots`, tex`(1 + n) \times Q(S, A) \leftarrow \cdots`],
  },
  {
    from: "dyna",
    to: "dynap",
    change: { en: "+ a bonus for what was not tried lately", zh: "＋久未尝试的动作加奖励" },
    formula: [tex`R`, tex`R + \kappa \sqrt{\tau}`],
  },
  {
    from: "td",
    to: "nstep",
    change: { en: "n rewards before the guess", zh: "先攒 n 个奖励再估计" },
    formula: [tex`R + \gamma V(S')`, tex`R_{t+1} + \cdots + \gamma^n V(S_{t+n})`],
  },
  {
    from: "nstep",
    to: "mc",
    change: { en: "n = the whole episode", zh: "n = 整个回合" },
    formula: [tex`\gamma^n V(S_{t+n})`, tex`0`],
    limit: true,
  },
  {
    from: "sarsa",
    to: "nstep-sarsa",
    change: { en: "n rewards before the guess", zh: "先攒 n 个奖励再估计" },
    formula: [tex`R + \gamma Q(S', A')`, tex`R_{t+1} + \cdots + \gamma^n Q(S_{t+n}, A_{t+n})`],
  },
  {
    from: "nstep",
    to: "lambda-return",
    change: { en: "a mean of all n", zh: "平均所有的 n" },
    formula: [tex`G_{t:t+n}`, tex`(1 - \lambda) \textstyle\sum_n \lambda^{n-1} G_{t:t+n}`],
  },
  {
    from: "lambda-return",
    to: "tdl",
    change: {
      en: "the same at every step, by traces of where one has been",
      zh: "每一步就更新，用资格迹记住走过哪里",
    },
    formula: [tex`G^\lambda_t - V(S_t)`, tex`\delta_t\,z_t`],
  },
  {
    from: "tdl",
    to: "sarsal",
    change: { en: "of q, and improve", zh: "改学 q，并改进策略" },
    formula: [tex`V \leftarrow V + \alpha\,\delta_t\,z_t`, tex`Q \leftarrow Q + \alpha\,\delta_t\,z_t`],
  },
  {
    from: "tdl",
    to: "online",
    change: { en: "exactly the λ-return, online", zh: "在线地精确算出 λ 回报" },
    formula: [
      tex`z \leftarrow \gamma \lambda z + \mathbf 1_S`,
      tex`z \leftarrow \gamma \lambda z + (1 - \alpha \gamma \lambda z_S)\,\mathbf 1_S`,
    ],
  },
  {
    from: "sarsa",
    to: "tile",
    change: { en: "a row of the table → shared features", zh: "表中的一行 → 共享的特征" },
    formula: [tex`Q(s, a)`, tex`w^\top x(s, a)`],
  },
] as const satisfies readonly MapEdge[];
