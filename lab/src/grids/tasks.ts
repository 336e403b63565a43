/** Things to break in a grid, and questions to answer before it is learned. */
import type { Lesson } from "../experiment/tasks.ts";
import type { MethodName } from "./replay.ts";

/** A method as it is: what it gives the start, and the returns of its last episodes. */
interface Learned {
  readonly start: number;
  readonly returns: readonly number[];
}

export interface GridSeen {
  readonly method: MethodName;
  readonly gamma: number;
  readonly epsilon: number;
  /** The start's value when dynamic programming is done. */
  readonly best: number;
  readonly td: Learned;
  readonly monteCarlo: Learned;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** The last n returns, where there are as many. */
const last = (n: number, { returns }: Learned): readonly number[] =>
  returns.length < n ? [] : returns.slice(-n);

export const GRIDS_LESSON: Lesson<GridSeen> = {
  tasks: [
    {
      say: {
        en: "Explore without exploring: with ε = 0 and γ = 1, temporal difference goes the best way ten times in a row.",
        zh: "不探索的探索：ε = 0、γ = 1，时序差分连续十次走出最好的路。",
      },
      why: {
        en: "All values begin at 0, and every step costs: what has not been tried looks better than what has, until it has been. Where steps cost nothing, as on FrozenLake, there is no such push, and it fails.",
        zh: "所有价值从 0 开始，而每一步都要付代价：没试过的总显得比试过的好，直到也试过。走路不花钱的地方（如 FrozenLake）没有这股推力，就学不成。",
      },
      done: ({ epsilon, gamma, best, td }) => {
        const ten = last(10, td);
        return epsilon === 0 && gamma === 1 && ten.length > 0 && ten.every((G) => Math.abs(G - best) < 1e-6);
      },
    },
    {
      say: {
        en: "Strand Monte Carlo: its last ten episodes do not come to an end, and are cut off after 400 steps.",
        zh: "让蒙特卡罗搁浅：最近十个回合都走不到头，400 步时被截断。",
      },
      why: {
        en: "It learns when an episode is over. With ε = 0 one that goes in a circle goes on until it is cut, and all that was done in it is paid alike, good steps too. Temporal difference changes its mind on the way.",
        zh: "它要等回合结束才学。ε = 0 时，兜圈子的回合会一直兜到被截断，其中做过的一切得分都差不多，好的步子也一样。时序差分在半路上就会改主意。",
      },
      done: ({ epsilon, monteCarlo }) => {
        const ten = last(10, monteCarlo);
        return epsilon === 0 && ten.length > 0 && ten.every((G) => G <= -400);
      },
    },
    {
      say: {
        en: "Know the way and fall all the same: Q-learning's value of the start is within 0.5 of the best, and its last 50 returns are below −100 on average.",
        zh: "知道路却照样掉下去：Q 学习对起点的估计与最优相差不到 0.5，而最近 50 个回合的平均回报低于 −100。",
      },
      why: {
        en: "It learns what would follow if it always acted best, whatever it does. Along the edge of a cliff, what it does with a large ε is fall.",
        zh: "不管自己怎么走，它学的都是“若总走最优会怎样”。贴着悬崖边，ε 大的走法就是往下掉。",
      },
      done: ({ method, best, td }) => {
        const fifty = last(50, td);
        const right = Math.abs(td.start - best) < 0.5;
        return method === "q-learning" && right && fifty.length > 0 && mean(fifty) < -100;
      },
    },
  ],
  questions: [
    {
      ask: {
        en: "An agent that only acts at random (ε = 1): which method still finds the values of the best policy?",
        zh: "智能体完全随机地走（ε = 1）：哪种方法仍能学到最优策略的价值？",
      },
      answers: [
        { en: "Sarsa", zh: "Sarsa" },
        { en: "Q-learning", zh: "Q 学习" },
        { en: "both", zh: "都能" },
        { en: "neither", zh: "都不能" },
      ],
      right: 1,
      why: {
        en: "Its target takes the best next action, not the one that is taken. On the cliff it has −13.00 after 500 such episodes; Sarsa learns what acting at random is worth, several thousand below.",
        zh: "它的目标取下一步最好的动作，而不是真走的那个。在悬崖上这样走 500 个回合，它得 −13.00；Sarsa 学到的是随机走的价值，负好几千。",
      },
    },
    {
      ask: {
        en: "On the cliff with ε = 0.1: who is paid more while it learns?",
        zh: "悬崖，ε = 0.1：学习过程中谁得到的回报更高？",
      },
      answers: [
        { en: "Q-learning, which learns the shortest way", zh: "Q 学习，它学的是最短的路" },
        { en: "Sarsa, which goes round", zh: "Sarsa，它绕着走" },
      ],
      right: 1,
      why: {
        en: "Sarsa's values have its own slips in them, so it keeps away from the edge (Sutton and Barto, example 6.6).",
        zh: "Sarsa 的价值里算上了自己的失足，所以离悬崖边远一些（Sutton 与 Barto，例 6.6）。",
      },
    },
    {
      ask: {
        en: "After how many sweeps of dynamic programming has the cliff's start its value of −13?",
        zh: "动态规划扫几遍之后，悬崖的起点才有它的价值 −13？",
      },
      answers: [
        { en: "1", zh: "1" },
        { en: "13", zh: "13" },
        { en: "36", zh: "36" },
      ],
      right: 1,
      why: {
        en: "A sweep carries what is known one cell further; the goal is thirteen steps away.",
        zh: "扫一遍，已知的就往外传一格；终点在十三步之外。",
      },
    },
  ],
};
