import { type MapEdge, type MapNodes, tex } from "./map.ts";

export const sequenceNodes = {
  counts: {
    title: { en: "n-gram counts", zh: "n-gram 计数" },
    file: "src/sequence/count-model.ts",
    symbol: "CountModel",
    source: { paper: "Witten and Bell 1991" },
    formula: tex`p(x_t \mid x_{t-n+1:t-1}) \propto \#(x_{t-n+1:t})`,
  },
  rnn: {
    title: { en: "recurrent network (RNN)", zh: "循环神经网络（RNN）" },
    file: "src/nn/recurrent.ts",
    symbol: "RNN",
    source: { paper: "Elman 1990" },
    formula: tex`h_t = \tanh(W x_t + U h_{t-1} + b)`,
  },
  lstm: {
    title: { en: "LSTM", zh: "长短期记忆（LSTM）" },
    file: "src/nn/recurrent.ts",
    symbol: "LSTM",
    source: { paper: "Hochreiter and Schmidhuber 1997" },
    formula: tex`c_t = f_t \odot c_{t-1} + i_t \odot g_t,\quad h_t = o_t \odot \tanh c_t`,
  },
  gru: {
    title: { en: "GRU", zh: "门控循环单元（GRU）" },
    file: "src/nn/recurrent.ts",
    symbol: "GRU",
    source: { paper: "Cho et al. 2014" },
    formula: tex`h_t = z_t \odot h_{t-1} + (1 - z_t) \odot n_t`,
  },
  attention: {
    title: { en: "attention", zh: "注意力" },
    file: "src/nn/attention.ts",
    symbol: "scaledDotProductAttention",
    source: { paper: "Bahdanau et al. 2015; Vaswani et al. 2017" },
    formula: tex`\operatorname{softmax}\big(Q K^\top / \sqrt d\big)\,V`,
  },
  "multi-head": {
    title: { en: "multi-head attention", zh: "多头注意力" },
    file: "src/nn/attention.ts",
    symbol: "MultiheadAttention",
    source: { paper: "Vaswani et al. 2017" },
    formula: tex`[\mathrm{head}_1; \dots; \mathrm{head}_h]\,W_O`,
  },
  transformer: {
    title: { en: "Transformer block", zh: "Transformer 块" },
    file: "src/sequence/transformer.ts",
    symbol: "Block",
    source: { paper: "Vaswani et al. 2017" },
    formula: tex`h' = h + \mathrm{Attn}(h),\quad h'' = h' + \mathrm{MLP}(h')`,
  },
  "pre-norm": {
    title: { en: "pre-norm", zh: "前置归一化" },
    file: "src/sequence/transformer.ts",
    symbol: "Block",
    source: { paper: "Xiong et al. 2020" },
    formula: tex`h + f(\mathrm{LN}(h))`,
    command: "galatea train gpt --norm pre",
  },
  "rms-norm": {
    title: { en: "RMSNorm", zh: "RMSNorm" },
    file: "src/nn/normalization.ts",
    symbol: "RMSNorm",
    source: { paper: "Zhang and Sennrich 2019" },
    formula: tex`g \odot h / \mathrm{rms}(h)`,
    command: "galatea train gpt --norm-kind rms",
  },
  swiglu: {
    title: { en: "SwiGLU", zh: "SwiGLU" },
    file: "src/sequence/transformer.ts",
    symbol: "FeedForward",
    source: { paper: "Shazeer 2020" },
    formula: tex`W_2\,\big(\mathrm{silu}(W_1 h) \odot V h\big)`,
    command: "galatea train gpt --gated --activation silu",
  },
  sinusoidal: {
    title: { en: "sinusoidal positions", zh: "正弦位置编码" },
    file: "src/sequence/positions.ts",
    symbol: "sinusoidsAt",
    source: { paper: "Vaswani et al. 2017" },
    formula: tex`e_{t,2i} = \sin(t / 10000^{2i/d})`,
    command: "galatea train gpt --positions sinusoidal",
  },
  rotary: {
    title: { en: "rotary positions", zh: "旋转位置编码" },
    file: "src/sequence/positions.ts",
    symbol: "rotate",
    source: { paper: "Su et al. 2021" },
    formula: tex`(R_t q)^\top (R_s k) = q^\top R_{s-t}\,k`,
    command: "galatea train gpt --positions rotary",
  },
  alibi: {
    title: { en: "ALiBi", zh: "ALiBi" },
    file: "src/sequence/positions.ts",
    symbol: "alibiBias",
    source: { paper: "Press et al. 2022" },
    formula: tex`q^\top k - m\,|t - s|`,
    command: "galatea train gpt --positions alibi",
  },
  gpt: {
    title: { en: "GPT", zh: "GPT" },
    file: "src/sequence/gpt-model.ts",
    symbol: "gpt",
    source: { paper: "Radford et al. 2019" },
    formula: tex`-\textstyle\sum_t \log p_\theta(x_t \mid x_{<t})`,
    command: "galatea train gpt",
  },
  cache: {
    title: { en: "key–value cache", zh: "键值缓存" },
    file: "src/sequence/cache.ts",
    symbol: "KeyValueCache",
    source: { paper: "Shazeer 2019" },
    formula: tex`K_{1:t} = [K_{1:t-1}; k_t]`,
  },
  temperature: {
    title: { en: "temperature", zh: "温度" },
    file: "src/sequence/logits.ts",
    symbol: "temperature",
    source: { paper: "Ackley et al. 1985" },
    formula: tex`\operatorname{softmax}(\ell / \tau)`,
    command: "galatea sample gpt-names --temperature 0.8",
  },
  "top-k": {
    title: { en: "top-k", zh: "top-k" },
    file: "src/sequence/logits.ts",
    symbol: "topK",
    source: { paper: "Fan et al. 2018" },
    formula: tex`p(x) \propto p(x)\,\mathbf 1[\,x \in \mathrm{top}_k\,]`,
    command: "galatea sample gpt-names --top-k 10",
  },
  "top-p": {
    title: { en: "top-p (nucleus)", zh: "top-p（核采样）" },
    file: "src/sequence/logits.ts",
    symbol: "topP",
    source: { paper: "Holtzman et al. 2020" },
    formula: tex`p(x)\,\mathbf 1[\,x \in V\,],\quad V = \arg\min_V \lvert V \rvert : \textstyle\sum_V p(x) \ge p`,
    command: "galatea sample gpt-names --top-p 0.9",
  },
  beam: {
    title: { en: "beam search", zh: "束搜索" },
    file: "src/sequence/beam.ts",
    symbol: "beamSearch",
    source: { paper: "Graves 2012; Wu et al. 2016" },
    formula: tex`\arg\max_{x_{1:t}} \textstyle\sum_i \log p(x_i \mid x_{<i})`,
    command: "galatea sample gpt-names --beams 4",
  },
} as const satisfies MapNodes;

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
    from: "rnn",
    to: "attention",
    change: {
      en: "everything that was read stays at hand, and is weighed by how well it answers",
      zh: "读过的都留在手边，按与当前问题的契合程度加权",
    },
    formula: [
      tex`h_t`,
      tex`\textstyle\sum_s \alpha_{ts}\,v_s,\ \alpha_t = \operatorname{softmax}(q_t^\top k_s / \sqrt d)`,
    ],
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
