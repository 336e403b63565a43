/** Sequence models, and learning from preferences and rewards of texts. */
import { tex } from "../../../src/map/index.ts";
import { type Linked, term } from "./term.ts";

const cells = "src/nn/recurrent.ts";
const groups = "src/rl/alignment/group.ts";

export const sequenceTerms = {
  rnn: {
    at: { file: cells, symbol: "RNNCell" },
    terms: [
      term(tex`\tanh`, "nonlinearity", "非线性", "this.#nonlinearity(add("),
      term(tex`W x_t`, "from the input", "来自输入", "add(fromInput"),
      term(tex`U h_{t-1}`, "from the state", "来自状态", "this.fromHidden(h!)"),
    ],
  },
  lstm: {
    at: { file: cells, symbol: "LSTMCell" },
    terms: [
      term(tex`f_t \odot c_{t-1}`, "what is kept", "留下的", "mul(sigmoid(f!), c!)"),
      term(tex`i_t \odot g_t`, "what is written", "写入的", "mul(sigmoid(i!), tanh(g!))"),
      term(tex`o_t \odot \tanh c_t`, "what is shown", "输出的", "mul(sigmoid(o!), tanh(next))"),
    ],
  },
  gru: {
    at: { file: cells, symbol: "GRUCell" },
    terms: [
      term(tex`z_t`, "gate", "门", "const z ="),
      term(tex`h_{t-1}`, "old state", "旧状态", "sub(h!, n)"),
      term(tex`n_t`, "new state", "新状态", "const n ="),
    ],
  },
  additive: {
    terms: [
      term(tex`v^\top`, "read-out", "读出", "this.v.forward("),
      term(tex`\tanh`, "nonlinearity", "非线性", "tanh(sums)"),
      term(tex`W s_{t-1}`, "decoder's state", "解码器的状态", "this.query.forward(s)"),
      term(tex`U h_j`, "encoder's state", "编码器的状态", "this.key?.forward(states)"),
      term(tex`\alpha_{tj}`, "alignment", "对齐权重", "softmax(add("),
    ],
  },
  dot: {
    terms: [term(tex`s_t^\top h_j`, "inner product", "内积", "attentionWeights(s, keys")],
  },
  attention: {
    at: { file: "src/nn/attention.ts", symbol: "attentionWeights" },
    terms: [
      term(tex`\operatorname{softmax}`, "shares that sum to 1", "和为 1 的份额", "softmax(scores)"),
      term(tex`Q K^\top`, "query by key", "查询乘键", "matmul(query, keys"),
      term(tex`/ \sqrt d`, "scale", "缩放", "1 / Math.sqrt("),
    ],
  },
  "multi-head": {
    terms: [
      term(
        tex`\mathrm{head}_1; \dots; \mathrm{head}_h`,
        "heads",
        "各个头",
        "splitHeads(x, this.#heads)",
        "scaledDotProductAttention(q, k, v",
        "joinHeads(y)",
      ),
      term(tex`W_O`, "output", "输出矩阵", "this.out_proj.forward("),
    ],
  },
  transformer: {
    terms: [
      term(tex`\mathrm{Attn}(h)`, "attention", "注意力", "attn.forward(y, scope"),
      term(tex`\mathrm{MLP}(h')`, "feed-forward", "前馈网络", "mlp.forward(y)"),
    ],
  },
  "rms-norm": {
    terms: [
      term(tex`g`, "gain", "增益", "affine("),
      term(tex`h / \mathrm{rms}(h)`, "over its size", "除以均方根", "const rms =", "div(rows, rms)"),
    ],
  },
  swiglu: {
    terms: [
      term(tex`W_2`, "back to the width", "回到原宽度", "this.c_proj.forward("),
      term(tex`\mathrm{silu}(W_1 h)`, "gate", "门", "act(this.c_gate.forward(x))"),
      term(tex`V h`, "what is gated", "被门控的值", "const hidden ="),
    ],
  },
  alibi: {
    terms: [
      term(tex`m`, "slope of a head", "每个头的斜率", "const slopes ="),
      term(tex`|t - s|`, "distance", "距离", "const distance ="),
    ],
  },
  gpt: {
    terms: [
      term(tex`\log p_\theta`, "log-likelihood", "对数似然", "nextTokenLoss("),
      term(tex`x_t`, "next token", "下一个词元", "answer ?? next"),
      term(tex`x_{<t}`, "what was read", "读过的", "readAndNext(", "module.forward(read"),
    ],
  },
  cache: {
    terms: [
      term(tex`K_{1:t-1}`, "keys so far", "此前的键", "const before ="),
      term(tex`k_t`, "new key", "新的键", "writtenAt(at, before, now)"),
    ],
  },
  temperature: { terms: [term(tex`\ell / \tau`, "logits, divided", "logit 除以温度", "x / t")] },
  "top-k": {
    terms: [term(tex`\mathrm{top}_k`, "k likeliest", "最可能的 k 个", "ranked(logits).subarray(0, k)")],
  },
  "top-p": {
    terms: [
      term(tex`p(x)\,\mathbf 1[\,x \in V\,]`, "these alone", "只留这些", "only(logits"),
      term(
        tex`\arg\min_V \lvert V \rvert : \textstyle\sum_V p(x) \ge p`,
        "fewest that reach p",
        "凑够 p 的最少几个",
        "until(p, ranked(logits)",
      ),
    ],
  },
  sft: {
    terms: [
      term(tex`\sum_{t \in y}`, "over the answer's tokens", "对回答的词元", "tokenMean("),
      term(tex`\log \pi_\theta(y_t \mid x, y_{<t})`, "log-likelihood", "对数似然", "tokenMean(logProbs"),
    ],
  },
  "reward-model": {
    terms: [
      term(tex`\log \sigma`, "log-sigmoid", "对数 sigmoid", "logSigmoid("),
      term(tex`r(y_w) - r(y_l)`, "how much better", "好多少", "sub(chosen, rejected)"),
    ],
  },
  "best-of-n": {
    terms: [
      term(tex`\arg\max_{i \le n}`, "the best of a group", "一组中最好的", "best = i;"),
      term(tex`r(y_i)`, "reward", "奖励", "rewards[i]!"),
    ],
  },
  rlhf: {
    at: { file: "src/rl/alignment/penalty.ts", symbol: "penalty" },
    terms: [
      term(
        tex`\mathrm{KL}(\pi \,\Vert\, \pi_{\mathrm{ref}})`,
        "divergence from the reference",
        "与参考策略的散度",
        "KL[estimator](",
      ),
    ],
  },
  "best-policy": {
    terms: [
      term(tex`\pi_{\mathrm{ref}}(y)`, "reference", "参考策略", "ref[i]! *"),
      term(tex`e^{r(y) / \beta}`, "tilt by the reward", "按奖励倾斜", "Math.exp((r[i]! - top) / beta)"),
    ],
  },
  rloo: {
    at: { file: groups, symbol: "leaveOneOut" },
    terms: [
      term(tex`r_i`, "own reward", "自己的奖励", "x - (total"),
      term(tex`\tfrac{1}{K - 1}`, "mean", "平均", "/ (K - 1)"),
      term(tex`\sum_{j \ne i} r_j`, "the others' rewards", "其余样本的奖励", "(total - x)"),
    ],
  },
  grpo: {
    at: { file: groups, symbol: "groupAdvantages" },
    terms: [
      term(tex`r_i - \bar r`, "above the mean", "高出平均多少", "const m =", "(x - m) / (scale"),
      term(
        tex`\operatorname{sd}(r)`,
        "deviation of the group",
        "组内标准差",
        "const sd =",
        "sd + SD_EPSILON",
      ),
    ],
  },
  aggregation: {
    terms: [
      term(
        tex`\tfrac{1}{\sum_i T_i}`,
        "DAPO: over all tokens",
        "DAPO：除以词元总数",
        "maximum(tokensPerBatch, 1)",
      ),
      term(
        tex`\tfrac{1}{N T_{\max}}`,
        "Dr. GRPO: over the most there could be",
        "Dr. GRPO：除以最大长度",
        "dr_grpo:",
      ),
      term(
        tex`\sum_{i, t} \ell_{i, t}`,
        "sum over tokens",
        "对词元求和",
        "sum(mul(x, mask))",
        "rowSum(x, mask)",
      ),
    ],
  },
  dpo: {
    terms: [
      term(tex`\log \sigma`, "log-sigmoid", "对数 sigmoid", "const right = logSigmoid("),
      term(tex`\beta`, "strength", "强度", "mul(delta, beta))"),
      term(
        tex`\ln \frac{\pi(y_w)}{\pi_{\mathrm{ref}}(y_w)}`,
        "log-ratio of the chosen, in Δ",
        "被选回答的对数比，在 Δ 中",
        "delta: Tensor",
      ),
    ],
  },
  ipo: {
    terms: [
      term(tex`\Delta`, "difference of log-ratios", "对数比之差", "sub(delta, 1"),
      term(tex`\tfrac{1}{2 \beta}`, "where to stop", "停在哪里", "1 / (2 * beta)"),
      term(tex`\big)^2`, "squared", "平方", "square(sub("),
    ],
  },
} as const satisfies Readonly<Record<string, Linked>>;
