/** What is known from programming problems, tables of values, and games. */
import { tex } from "../../../src/map/index.ts";
import { type Linked, term } from "./term.ts";

const sum = tex`\sum_{s', r} p(s', r \mid s, a)\,[\,r + \gamma v(s')\,]`;
const reward = term(tex`R `, "reward", "奖励", "const R = task.reward", "= R + gamma");
const alpha = (code: string) => term(tex`\alpha`, "step size", "步长", code);

export const tabularTerms = {
  table: {
    terms: [
      term(tex`d_{ij}`, "cell of the table", "表格中的一格", "best[r]![c] ="),
      term(tex`c_{ij}`, "its cost", "这一格的代价", "grid[r]![c]! + ("),
      term(tex`\min`, "the cheaper", "较便宜的", "Math.min(...next)"),
      term(
        tex`d_{i+1,j},\ d_{i,j+1}`,
        "right and below",
        "右边与下边",
        "[best[r + 1]?.[c], best[r]![c + 1]]",
      ),
    ],
  },
  stones: {
    terms: [
      term(tex`\max_a`, "the better end", "较好的一端", "Math.max(piles"),
      term(
        tex`r - v(s')`,
        "pile, less the other's lead",
        "石堆减对手的领先",
        "piles[i]! - lead",
        "piles[j]! - lead",
      ),
    ],
  },
  minimax: {
    terms: [
      term(tex`\max_a`, "best move", "最好的一步", "if (mine > value) value = mine"),
      term(tex`-v(s')`, "the other's loss", "对手之失", "0 - visit(game.play(state, action))"),
    ],
  },
  arms: {
    terms: [
      term(tex`\tfrac1n`, "step size", "步长", "(alpha ?? 1 / n[a]!)"),
      term(tex`R - Q(a)`, "error", "误差", "(R - Q[a]!)"),
    ],
  },
  ucb: {
    terms: [
      term(tex`\arg\max_a`, "choice", "选择", "argmax(bound"),
      term(tex`Q(a)`, "estimate", "估计", "Q[a]! + c"),
      term(
        tex`c \sqrt{\ln t / N(a)}`,
        "what is not known yet",
        "尚不确定的部分",
        "c * Math.sqrt(log / n[a]!)",
      ),
    ],
  },
  "gradient-bandit": {
    terms: [
      term(
        tex`\alpha (R - \bar R)`,
        "better than usual",
        "比平常好多少",
        "alpha * (R - average)",
        "average +=",
      ),
      term(
        tex`\mathbf 1_{a=A} - \pi(a)`,
        "towards what was done",
        "朝做过的动作",
        "((a === A ? 1 : 0) - pi[a]!)",
      ),
    ],
  },
  mrp: {
    at: { file: "src/rl/mdp/reward-process.ts", symbol: "iterativeValue" },
    terms: [
      term(tex`r `, "reward", "奖励", "Float64Array.from(reward)"),
      term(tex`\gamma P v`, "what follows", "之后的价值", "P[s * n + t]! * v[t]!", "gamma * expected"),
    ],
  },
  pe: {
    terms: [
      term(tex`v(s)`, "new value", "新的价值", "fresh[s] = value"),
      term(tex`\pi(a \mid s)`, "policy", "策略", "policy[i]! *"),
      term(sum, "what an action is worth", "一个动作的价值", "backup(m, v, gamma, i)"),
    ],
  },
  pi: {
    terms: [
      term(tex`v_{\pi_0}`, "evaluate", "评估", "policyEvaluation(m, policy"),
      term(tex` \pi_1 `, "improve", "改进", "improve(m, actions, v", "policy = deterministicPolicy("),
    ],
  },
  vi: {
    at: { file: "src/rl/mdp/bellman-sweep.ts", symbol: "sweepInPlace" },
    terms: [
      term(tex`v(s)`, "new value", "新的价值", "v[s] = best"),
      term(tex`\max_a`, "the best action", "最好的动作", "best = Math.max("),
      term(sum, "what an action is worth", "一个动作的价值", "backup(m, v, gamma, i)"),
    ],
  },
  ps: {
    terms: [
      term(tex`\arg\max_s`, "the most urgent first", "最急的先来", "queue.pop()"),
      term(tex`\lvert \Delta v(s) \rvert`, "how much it would change", "会改变多少", "const error ="),
    ],
  },
  mc: {
    terms: [
      alpha("alpha(s) *"),
      term(tex`G_t - V(S_t)`, "error of the return", "回报的误差", "G = R[t]! + gamma * G", "(G - V[s]!)"),
    ],
  },
  mcc: {
    terms: [
      term(tex`\overline{G_t}`, "mean of returns", "回报的平均", "learnReturns("),
      term(
        tex`\varepsilon\mathrm{-greedy}(Q)`,
        "behaviour",
        "行为策略",
        "generateEpisode(task, behaviour, Q",
      ),
    ],
  },
  td: {
    terms: [alpha("alpha(S) *"), term(tex`R + \gamma V(S')`, "target", "目标", "R + gamma * V[next]!")],
  },
  sarsa: {
    terms: [
      reward,
      term(tex`\gamma`, "discount", "折扣", "gamma * Q"),
      term(
        tex`Q(S', A')`,
        "the action taken next",
        "接着采取的动作",
        "const nextA =",
        "Q[next * task.actions + nextA]!",
      ),
    ],
  },
  es: {
    terms: [
      reward,
      term(
        tex`\sum_a \pi(a \mid S')\,Q(S', a)`,
        "expectation over actions",
        "对动作取期望",
        "target.expected(task, Q, next)",
      ),
    ],
  },
  ql: {
    terms: [
      reward,
      term(tex`\max_a Q(S', a)`, "the best next action", "下一步最好的动作", "maxValue(task, Q, next)"),
    ],
  },
  dq: {
    terms: [
      reward,
      term(tex`Q_2`, "one table judges", "一张表评判", "judge[next"),
      term(
        tex`\arg\max_a Q_1(S', a)`,
        "the other chooses",
        "另一张表选择",
        "greedyAction(task, learner, next",
      ),
    ],
  },
  dyna: {
    terms: [
      term(tex`n`, "planning steps", "规划步数", "p < n; p++"),
      term(tex`(R, S')`, "what the model says", "模型的回答", "learn(j, model.reward[j]!"),
      term(
        tex`\mathrm{Model}(S, A)`,
        "what is remembered",
        "记下的转移",
        "remember(S, A, R, next);",
        "const j = model.known[",
      ),
    ],
  },
  dynap: {
    at: { file: "src/rl/tabular/dyna-q.ts", symbol: "dynaQ" },
    terms: [
      term(tex`R `, "remembered reward", "记下的奖励", "model.reward[j]!"),
      term(
        tex`\kappa \sqrt{\tau}`,
        "bonus for what was long not tried",
        "久未尝试的奖励",
        "kappa * Math.sqrt(",
      ),
    ],
  },
  nstep: {
    terms: [
      term(
        tex`R_{t+1} + \cdots + \gamma^{n-1} R_{t+n}`,
        "n rewards",
        "n 个奖励",
        "G = rewards[i % (n + 1)]! + gamma * G",
      ),
      term(tex`\gamma^n V(S_{t+n})`, "the value there", "到达处的价值", "let G = V[states[last"),
    ],
  },
  "nstep-sarsa": {
    terms: [
      term(
        tex`R_{t+1} + \cdots + \gamma^{n-1} R_{t+n}`,
        "n rewards",
        "n 个奖励",
        "G = rewards[i % size]! + gamma * G",
      ),
      term(tex`\gamma^n Q(S_{t+n}, A_{t+n})`, "the value there", "到达处的价值", "let G = Q[states[last"),
    ],
  },
  "lambda-return": {
    terms: [
      term(tex`G^\lambda_t`, "λ-return", "λ 回报", "returns[t] = G"),
      term(tex`(1 - \lambda)`, "share of one step", "只看一步的份额", "(1 - lambda)"),
      term(tex`\lambda^{n-1}`, "share of the rest", "其余的份额", "lambda * G"),
    ],
  },
  tdl: {
    terms: [
      alpha("traces.update(V, alpha"),
      term(tex`\delta_t`, "error", "误差", "const delta ="),
      term(
        tex`\gamma \lambda z_{t-1} + \mathbf 1_{S_t}`,
        "trace",
        "资格迹",
        "traces.visit(S, gamma * lambda",
      ),
    ],
  },
  sarsal: {
    terms: [
      alpha("traces.update(Q, alpha"),
      term(tex`\delta_t`, "error", "误差", "const delta ="),
      term(tex`z_t`, "trace", "资格迹", "traces.visit(i, gamma * lambda"),
    ],
  },
  online: {
    terms: [
      term(tex` \gamma \lambda z `, "fading", "衰减", "z[i]! *= decay"),
      term(
        tex`(1 - \alpha \gamma \lambda z_{S})`,
        "mark of the visit",
        "到访的标记",
        "this.#mark(z[index]!, alpha)",
      ),
    ],
  },
  uct: {
    at: { file: "src/rl/games/tree.ts", symbol: "uct" },
    terms: [
      term(tex`Q(s, a)`, "value so far", "目前的价值", "q + c"),
      term(
        tex`c \sqrt{\ln N(s) / N(s, a)}`,
        "what is not known yet",
        "尚不确定的部分",
        "c * Math.sqrt(Math.log(total) / n)",
      ),
    ],
  },
  puct: {
    terms: [
      term(tex`Q(s, a)`, "value so far", "目前的价值", "q + (c"),
      term(tex`c\,P(s, a)`, "what the network proposes", "网络的建议", "c * p"),
      term(tex`\sqrt{N(s)}`, "visits above", "上一层的访问数", "Math.sqrt(total)"),
      term(tex`1 + N(s, a)`, "visits of this move", "这一步的访问数", "(1 + n)"),
    ],
  },
} as const satisfies Readonly<Record<string, Linked>>;
