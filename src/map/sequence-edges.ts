import { type MapEdge, tex } from "./map.ts";

export const sequenceEdges = [
  {
    from: "counts",
    to: "rnn",
    change: {
      en: "a state that has read everything, in place of the last n − 1 tokens",
      zh: "用一个读过前面一切的状态，代替最后 n − 1 个词元",
    },
    formula: [tex`x_{t-n+1:t-1}`, tex`h_{t-1} = f(x_{t-1}, h_{t-2})`],
  },
  {
    from: "rnn",
    to: "lstm",
    change: {
      en: "what is kept is carried by addition and guarded by gates, so that gradients survive",
      zh: "要记住的用加法携带、由门把守，梯度便不会消失",
    },
    formula: [tex`h_t = \tanh(\cdot)`, tex`c_t = f_t \odot c_{t-1} + i_t \odot g_t`],
  },
  {
    from: "lstm",
    to: "gru",
    change: {
      en: "one gate both keeps and forgets, and there is no second state",
      zh: "同一个门既管记住又管忘掉，也没有第二个状态",
    },
    formula: [tex`f_t \odot c_{t-1} + i_t \odot g_t`, tex`z_t \odot h_{t-1} + (1 - z_t) \odot n_t`],
  },
  {
    from: "lstm",
    to: "seq2seq",
    change: {
      en: "one network reads, another writes, and what passes between them is the last state",
      zh: "一个网络读，另一个网络写，中间只传最后的状态",
    },
    formula: [tex`p(x_t \mid x_{<t})`, tex`p(y_t \mid y_{<t}, h_S)`],
  },
  {
    from: "seq2seq",
    to: "additive",
    change: {
      en: "every state of the source stays at hand, and is weighed anew at each step",
      zh: "源的每个状态都留在手边，每一步重新加权",
    },
    formula: [tex`h_S`, tex`c_t = \textstyle\sum_j \alpha_{tj} h_j`],
  },
  {
    from: "additive",
    to: "dot",
    change: {
      en: "the score is a plain product, and is taken after the step, not before",
      zh: "得分就是内积，在这一步之后算，而不是之前",
    },
    formula: [tex`v^\top \tanh(W s_{t-1} + U h_j)`, tex`s_t^\top h_j`],
  },
  {
    from: "dot",
    to: "attention",
    change: {
      en: "what is asked, what is matched and what is passed on become three; the product is divided by √d",
      zh: "拿什么去问、和什么对照、传走什么，分成三样；内积再除以 √d",
    },
    formula: [tex`\operatorname{softmax}(s^\top h)\,h`, tex`\operatorname{softmax}(q^\top k / \sqrt d)\,v`],
  },
  {
    from: "attention",
    to: "multi-head",
    change: {
      en: "several questions at once, each in a part of the width",
      zh: "同时问好几个问题，各占一部分宽度",
    },
    formula: [tex`\mathrm{Attn}(Q, K, V)`, tex`[\mathrm{head}_1; \dots; \mathrm{head}_h]\,W_O`],
  },
  {
    from: "multi-head",
    to: "transformer",
    change: {
      en: "no recurrence: attention and a small network in turn, each added to its input",
      zh: "去掉循环：注意力与一个小网络交替，各自加到输入上",
    },
    formula: [tex`h_t = f(x_t, h_{t-1})`, tex`h + \mathrm{Attn}(h),\quad h + \mathrm{MLP}(h)`],
  },
  {
    from: "transformer",
    to: "pre-norm",
    change: {
      en: "normalise before each part, so that the sum itself is never rescaled",
      zh: "在每一部分之前归一化，残差和本身不再被缩放",
    },
    formula: [tex`\mathrm{LN}(h + f(h))`, tex`h + f(\mathrm{LN}(h))`],
  },
  {
    from: "pre-norm",
    to: "rms-norm",
    change: { en: "divide by the size, without taking off the mean", zh: "只除以大小，不减均值" },
    formula: [tex`(h - \bar h) / \mathrm{std}(h)`, tex`h / \mathrm{rms}(h)`],
  },
  {
    from: "transformer",
    to: "swiglu",
    change: {
      en: "one half of the small network opens and closes the other",
      zh: "小网络的一半给另一半当门",
    },
    formula: [tex`\mathrm{gelu}(W_1 h)`, tex`\mathrm{silu}(W_1 h) \odot V h`],
  },
  {
    from: "transformer",
    to: "sinusoidal",
    change: {
      en: "attention sees a bag: waves that are added say where each token stands",
      zh: "注意力看不出次序：加上一组波，说明每个词元在哪里",
    },
    formula: [tex`x_t`, tex`x_t + e_t`],
  },
  {
    from: "sinusoidal",
    to: "rotary",
    change: {
      en: "queries and keys are turned by their place, so that only the distance counts",
      zh: "按位置旋转查询和键，于是只有距离起作用",
    },
    formula: [tex`q^\top k`, tex`(R_t q)^\top (R_s k)`],
  },
  {
    from: "sinusoidal",
    to: "alibi",
    change: { en: "scores simply fall with the distance", zh: "得分直接随距离下降" },
    formula: [tex`q^\top k`, tex`q^\top k - m\,|t - s|`],
  },
  {
    from: "transformer",
    to: "gpt",
    change: {
      en: "a token sees only those before it, and the next one is predicted everywhere at once",
      zh: "每个词元只看得见前面的，所有位置同时预测下一个",
    },
    formula: [
      tex`\alpha_{ts} \propto e^{q_t^\top k_s}`,
      tex`\alpha_{ts} \propto e^{q_t^\top k_s}\,\mathbf 1_{s \le t}`,
    ],
  },
  {
    from: "transformer",
    to: "translation",
    change: {
      en: "one stack reads the source, the other writes and looks at the first by attention",
      zh: "一摞块读源，另一摞写，并用注意力看前一摞",
    },
    formula: [tex`\mathrm{Attn}(h, h, h)`, tex`\mathrm{Attn}(h_y, h_x, h_x)`],
  },
  {
    from: "seq2seq",
    to: "translation",
    change: { en: "attention in place of recurrence on both sides", zh: "两边都用注意力代替循环" },
    formula: [tex`s_t = f(s_{t-1}, y_{t-1})`, tex`\mathrm{Attn}(h_{y, \le t}),\ \mathrm{Attn}(h_y, h_x)`],
  },
  {
    from: "gpt",
    to: "cache",
    change: {
      en: "keys and values of what was read are kept, so that a new token costs one step",
      zh: "读过的词元的键和值都留着，新词元只花一步的代价",
    },
    formula: [tex`K_{1:t} = W_K\,h_{1:t}`, tex`K_{1:t} = [K_{1:t-1}; k_t]`],
  },
  {
    from: "gpt",
    to: "temperature",
    change: {
      en: "scores are divided before the draw: bolder or more careful",
      zh: "抽样前先把得分除一下：更大胆或更谨慎",
    },
    formula: [tex`\operatorname{softmax}(\ell)`, tex`\operatorname{softmax}(\ell / \tau)`],
  },
  {
    from: "temperature",
    to: "top-k",
    change: { en: "only the k likeliest may be drawn", zh: "只从最可能的 k 个里抽" },
    formula: [tex`p(x)`, tex`p(x)\,\mathbf 1[\,x \in \mathrm{top}_k\,]`],
  },
  {
    from: "top-k",
    to: "top-p",
    change: {
      en: "as many as it takes to reach a share of the probability, not always k",
      zh: "概率凑够一定份额就行，不总是 k 个",
    },
    formula: [tex`\lvert V \rvert = k`, tex`\textstyle\sum_V p(x) \ge p`],
  },
  {
    from: "gpt",
    to: "beam",
    change: {
      en: "the likeliest whole text is searched for, several beginnings at a time",
      zh: "寻找整体最可能的文本，同时保留好几个开头",
    },
    formula: [
      tex`x_t \sim p(\cdot \mid x_{<t})`,
      tex`\arg\max_{x_{1:t}} \textstyle\sum_i \log p(x_i \mid x_{<i})`,
    ],
  },
] as const satisfies readonly MapEdge[];
