/** What a reader knows already from programming problems and from statistics. */
import { type MapEdge, type MapNodes, tex } from "./map.ts";

export const bridgeNodes = {
  table: {
    title: { en: "dynamic-programming table", zh: "动态规划的表" },
    file: "examples/bridge/grids.ts",
    symbol: "minPathSum",
    source: { paper: "LeetCode 64" },
    formula: tex`d_{ij} = c_{ij} + \min(d_{i+1,j},\ d_{i,j+1})`,
  },
  stones: {
    title: { en: "stone game", zh: "石子游戏" },
    file: "examples/bridge/lines.ts",
    symbol: "stoneGame",
    source: { paper: "LeetCode 877" },
    formula: tex`v(s) = \max_a\,[\,r - v(s')\,]`,
  },
  minimax: {
    title: { en: "game solver", zh: "博弈求解" },
    file: "src/rl/games/solve.ts",
    symbol: "solveGame",
    source: { paper: "Zermelo 1913" },
    formula: tex`v(s) = \max_a -v(s')`,
  },
  pca: {
    title: { en: "principal components (PCA)", zh: "主成分分析（PCA）" },
    file: "src/generative/metrics/pca.ts",
    symbol: "fitPca",
    source: { paper: "Pearson 1901" },
    formula: tex`\min_W \lVert x - W W^\top x \rVert^2`,
  },
  logistic: {
    title: { en: "logistic regression", zh: "逻辑回归" },
    file: "src/generative/metrics/linear-probe.ts",
    symbol: "linearProbe",
    source: { paper: "Cox 1958" },
    formula: tex`p(y \mid x) = \operatorname{softmax}(W x + b)_y`,
  },
} as const satisfies MapNodes;

export const bridgeEdges = [
  {
    from: "table",
    to: "stones",
    change: {
      en: "two players: what is good for the next is bad for the mover",
      zh: "两个玩家：对下一位有利，就是对走子的人不利",
    },
    formula: [tex`\min_a\,[\,c + d(s')\,]`, tex`\max_a\,[\,r - v(s')\,]`],
  },
  {
    from: "stones",
    to: "minimax",
    change: {
      en: "any game of two, only its end pays, and every position is looked at once",
      zh: "推广到任意双人游戏：只有终局有得失，每个局面只看一次",
    },
    formula: [tex`r - v(s')`, tex`-v(s')`],
  },
] as const satisfies readonly MapEdge[];
