import { type MapEdge, type MapNodes, tex } from "./map.ts";

export const gameNodes = {
  uct: {
    title: { en: "tree search (UCT)", zh: "树搜索（UCT）" },
    file: "src/rl/games/search.ts",
    symbol: "uctSearch",
    source: { paper: "Kocsis and Szepesvári 2006" },
    formula: tex`\arg\max_a\,\big[\,Q(s, a) + c \sqrt{\ln N(s) / N(s, a)}\,\big]`,
  },
  puct: {
    title: { en: "PUCT", zh: "PUCT" },
    file: "src/rl/games/tree.ts",
    symbol: "puct",
    source: { paper: "Silver et al. 2017" },
    formula: tex`Q(s, a) + c\,P(s, a)\,\frac{\sqrt{N(s)}}{1 + N(s, a)}`,
  },
  alphazero: {
    title: { en: "AlphaZero", zh: "AlphaZero" },
    file: "src/rl/deep/alphazero.ts",
    symbol: "alphazero",
    source: { paper: "Silver et al. 2018" },
    formula: tex`(z - v_\theta(s))^2 - \textstyle\sum_a \pi(a) \log p_\theta(a \mid s)`,
    command: "galatea rl train alphazero",
  },
} as const satisfies MapNodes;

export const gameEdges = [
  {
    from: "minimax",
    to: "uct",
    change: {
      en: "not every position: those that look promising, judged by games played at random from there",
      zh: "不看所有局面，只看有希望的；好坏由从那里开始的随机对局来判断",
    },
    formula: [tex`\max_a -v(s')`, tex`Q(s, a) = \tfrac{1}{N} \textstyle\sum z`],
  },
  {
    from: "ucb",
    to: "uct",
    change: { en: "a bandit in every node of a tree", zh: "树的每个结点都是一台老虎机" },
    formula: [tex`Q(a) + c \sqrt{\ln t / N(a)}`, tex`Q(s, a) + c \sqrt{\ln N(s) / N(s, a)}`],
  },
  {
    from: "uct",
    to: "puct",
    change: { en: "a prior says which moves to try first", zh: "由先验指出先试哪些着法" },
    formula: [tex`c \sqrt{\ln N(s) / N(s, a)}`, tex`c\,P(s, a)\,\sqrt{N(s)} / (1 + N(s, a))`],
  },
  {
    from: "puct",
    to: "alphazero",
    change: {
      en: "a network gives prior and value, and learns from what the search found in games against itself",
      zh: "先验和价值由网络给出，网络再从自我对弈里搜索的结果中学习",
    },
    formula: [tex`P,\ z`, tex`(p_\theta, v_\theta)(s) \to (\pi, z)`],
  },
] as const satisfies readonly MapEdge[];
