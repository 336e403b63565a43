import { mdp } from "galatea/rl";
import { numbered, type Place, type Problem, settled, unseen } from "./problem.ts";

/** 322: the fewest coins that make an amount. */
export const coinChange: Problem<{ coins: number[]; amount: number }> = {
  name: "Coin Change",
  number: 322,
  idea: "S: amount left. A: a coin. r: −1. Answer: −v, or −1 where every way gets stuck.",
  samples: [
    { input: { coins: [1, 2, 5], amount: 11 }, answer: 3 },
    { input: { coins: [2], amount: 3 }, answer: -1 },
    { input: { coins: [1], amount: 0 }, answer: 0 },
  ],
  classic({ coins, amount }, fill = unseen) {
    const fewest = Array.from({ length: amount + 1 }, (_, a) => (a === 0 ? 0 : Infinity));
    for (let a = 0; a <= amount; a++) {
      for (const coin of coins) if (coin <= a) fewest[a] = Math.min(fewest[a]!, fewest[a - coin]! + 1);
      fill([a], fewest[a]!);
    }
    return fewest[amount] === Infinity ? -1 : fewest[amount]!;
  },
  pose({ coins, amount }) {
    // To be stuck costs more than any number of coins: it stands for −∞.
    const STUCK = -(amount + 1);
    const model = mdp({
      states: Math.max(amount + 1, 2),
      actions: coins.length + 1,
      actionNames: [...coins.map((coin) => `coin ${coin}`), "give up"],
      ...(amount > 0 ? { initial: amount } : {}),
      outcomes: (s, a) => {
        if (s === 0) return [];
        if (a === coins.length) return [{ probability: 1, next: 0, reward: STUCK, terminated: true }];
        return coins[a]! <= s ? [{ probability: 1, next: s - coins[a]!, reward: -1 }] : [];
      },
    });
    return {
      model,
      start: amount,
      certain: true,
      answer: (v) => (v(amount) <= STUCK ? -1 : 0 - v(amount)),
      entry: (v, [a = 0]) => (v(a) <= STUCK ? Infinity : 0 - v(a)),
    };
  },
};

const POURS = [
  [4, 0],
  [3, 1],
  [2, 2],
  [1, 3],
] as const;

/** 808: the chance that soup A runs out first, plus half of that for both at once. */
export const soup: Problem<number> = {
  name: "Soup Servings",
  number: 808,
  idea: "S: (A, B) in portions of 25 ml. No choice. p: four pours, ¼ each. r at the end: 1, ½ or 0.",
  samples: [
    { input: 50, answer: 0.625 },
    { input: 100, answer: 0.71875 },
    { input: 0, answer: 0.5 },
  ],
  classic(n, fill = unseen) {
    const memo = new Map<string, number>();
    const chance = (a: number, b: number): number => {
      if (a <= 0) return b <= 0 ? 0.5 : 1;
      if (b <= 0) return 0;
      const key = `${a} ${b}`;
      const known = memo.get(key);
      if (known !== undefined) return known;
      const p = POURS.reduce((sum, [x, y]) => sum + chance(a - x, b - y) / 4, 0);
      memo.set(key, p);
      fill([a - 1, b - 1], p);
      return p;
    };
    return chance(Math.ceil(n / 25), Math.ceil(n / 25));
  },
  pose(n) {
    const full = Math.ceil(n / 25);
    const entry = (v: (s: number) => number, [a = 0, b = 0]: Place) => v(a * full + b);
    if (full === 0) return { ...settled("pour", 0.5), certain: false, entry };
    const at = (a: number, b: number): number => (a - 1) * full + b - 1;
    const start = at(full, full);
    const model = mdp({
      states: full * full,
      actions: 1,
      actionNames: ["pour"],
      initial: start,
      outcomes: (s) =>
        POURS.map(([x, y]) => {
          const [a, b] = [Math.floor(s / full) + 1 - x, (s % full) + 1 - y];
          const over = a <= 0 || b <= 0;
          const reward = a > 0 ? 0 : b <= 0 ? 0.5 : 1;
          return {
            probability: 0.25,
            next: over ? s : at(a, b),
            reward: over ? reward : 0,
            terminated: over,
          };
        }),
    });
    return { model, start, certain: false, entry, answer: (v) => v(start) };
  },
};

/** 837: the chance to end at n points or fewer when cards 1 … maxPts are drawn until k points. */
export const new21: Problem<{ n: number; k: number; maxPts: number }> = {
  name: "New 21 Game",
  number: 837,
  idea: "S: points. No choice. p: uniform over 1 … maxPts. r: 1 if the points, once k or more, are n or fewer.",
  samples: [
    { input: { n: 10, k: 1, maxPts: 10 }, answer: 1 },
    { input: { n: 6, k: 1, maxPts: 10 }, answer: 0.6 },
    { input: { n: 21, k: 17, maxPts: 10 }, answer: 0.73278 },
    { input: { n: 0, k: 0, maxPts: 1 }, answer: 1 },
  ],
  classic({ n, k, maxPts }, fill = unseen) {
    const p = Array.from({ length: k + maxPts }, () => 0);
    for (let points = k + maxPts - 1; points >= 0; points--) {
      if (points >= k) p[points] = points <= n ? 1 : 0;
      else for (let card = 1; card <= maxPts; card++) p[points]! += p[points + card]! / maxPts;
      fill([points], p[points]!);
    }
    return p[0]!;
  },
  pose({ n, k, maxPts }) {
    // From k points on no card is drawn.
    const entry = (v: (s: number) => number, [points = 0]: Place) =>
      points < k ? v(points) : Number(points <= n);
    if (k === 0) return { ...settled("draw", 1), certain: false, entry };
    const model = mdp({
      states: k,
      actions: 1,
      actionNames: ["draw"],
      initial: 0,
      outcomes: (s) =>
        Array.from({ length: maxPts }, (_, i) => {
          const points = s + i + 1;
          const over = points >= k;
          return {
            probability: 1 / maxPts,
            next: over ? s : points,
            reward: over && points <= n ? 1 : 0,
            terminated: over,
          };
        }),
    });
    return { model, start: 0, certain: false, entry, answer: (v) => v(0) };
  },
};

/** 714: the most that buying and selling can earn when every sale costs a fee. */
export const stock: Problem<{ prices: number[]; fee: number }> = {
  name: "Best Time to Buy and Sell Stock with Transaction Fee",
  number: 714,
  idea: "S: (day, holding). A: wait, or trade (buy, sell). r: the cash that changes hands.",
  samples: [
    { input: { prices: [1, 3, 2, 8, 4, 9], fee: 2 }, answer: 8 },
    { input: { prices: [1, 3, 7, 5, 10, 3], fee: 3 }, answer: 6 },
  ],
  classic({ prices, fee }, fill = unseen) {
    // What can still be earned, from the last day back: without a share, and with one.
    let [free, holding] = [0, 0];
    for (let day = prices.length - 1; day >= 0; day--) {
      const price = prices[day]!;
      [free, holding] = [Math.max(free, holding - price), Math.max(holding, free + price - fee)];
      fill([0, day], free);
      fill([1, day], holding);
    }
    return free;
  },
  pose({ prices, fee }) {
    const model = mdp({
      states: 2 * prices.length,
      actions: 2,
      actionNames: ["wait", "trade"],
      initial: 0,
      outcomes: (s, a) => {
        const [day, holding] = [Math.floor(s / 2), s % 2];
        const over = day === prices.length - 1;
        const cash = a === 0 ? 0 : holding === 1 ? prices[day]! - fee : -prices[day]!;
        const after = a === 0 ? holding : 1 - holding;
        return [{ probability: 1, next: over ? s : 2 * (day + 1) + after, reward: cash, terminated: over }];
      },
    });
    const entry = (v: (s: number) => number, [holding = 0, day = 0]: Place) => v(2 * day + holding);
    return { model, start: 0, certain: true, entry, answer: (v) => v(0) };
  },
};

/** 403: can the frog reach the last stone when its jumps change by at most 1? */
export const frog: Problem<number[]> = {
  name: "Frog Jump",
  number: 403,
  idea: "S: (stone, last jump k). A: jump k − 1, k, k + 1. r: 1 on the last stone. Answer: v = 1.",
  samples: [
    { input: [0, 1, 3, 5, 6, 8, 12, 17], answer: true },
    { input: [0, 1, 2, 3, 4, 8, 9, 11], answer: false },
  ],
  classic(stones, fill = unseen) {
    const memo = new Map<string, boolean>();
    const crosses = (stone: number, k: number): boolean => {
      const at = stones.indexOf(stone);
      if (at < 0) return false;
      const key = `${stone} ${k}`;
      const known = memo.get(key);
      if (known !== undefined) return known;
      const jumps = [k - 1, k, k + 1].filter((jump) => jump > 0);
      const can = at === stones.length - 1 || jumps.map((j) => crosses(stone + j, j)).includes(true);
      memo.set(key, can);
      fill([k, at], Number(can));
      return can;
    };
    return crosses(0, 0);
  },
  pose(stones) {
    const there = new Set(stones);
    const last = stones.at(-1)!;
    type At = readonly [stone: number, jump: number];
    const moves = ([stone, k]: At): At[] =>
      stone === last ? [] : [k - 1, k, k + 1].map((jump) => [stone + jump, jump] as const);
    const legal = (from: At): At[] => moves(from).filter(([stone, jump]) => jump > 0 && there.has(stone));
    const { states, index } = numbered<At>([[0, 0]], legal);
    const model = mdp({
      states: states.length,
      actions: 4,
      actionNames: ["shorter", "as before", "longer", "stay"],
      initial: 0,
      stateName: (s) => `stone ${states[s]![0]} after ${states[s]![1]}`,
      outcomes: (s, a) => {
        const from = states[s]!;
        // Where no jump is left the frog may only stay, for nothing.
        if (a === 3)
          return from[0] === last || legal(from).length > 0
            ? []
            : [{ probability: 1, next: s, reward: 0, terminated: true }];
        const to = moves(from)[a];
        if (to === undefined || to[1] <= 0 || !there.has(to[0])) return [];
        const won = to[0] === last;
        return [{ probability: 1, next: index(to), reward: won ? 1 : 0, terminated: won }];
      },
    });
    return {
      model,
      start: 0,
      certain: true,
      answer: (v) => v(0) > 0.5,
      entry: (v, [k = 0, at = 0]) => (stones[at] === last ? 1 : v(index([stones[at]!, k]))),
    };
  },
};

/** 877: does the first player win when both take piles from the ends of a row? */
export const stoneGame: Problem<number[]> = {
  name: "Stone Game",
  number: 877,
  idea: "S: the row i … j. A: left or right pile. r: the pile. γ = −1: v is the mover's lead, v = max r − v′.",
  samples: [
    { input: [5, 3, 4, 5], answer: true },
    { input: [3, 7, 2, 3], answer: true },
  ],
  classic(piles, fill = unseen) {
    const n = piles.length;
    const lead = piles.map((pile, i) => piles.map((_, j) => (i === j ? pile : 0)));
    for (let length = 1; length <= n; length++) {
      for (let i = 0, j = length - 1; j < n; i++, j++) {
        if (i < j) lead[i]![j] = Math.max(piles[i]! - lead[i + 1]![j]!, piles[j]! - lead[i]![j - 1]!);
        fill([i, j], lead[i]![j]!);
      }
    }
    return lead[0]![n - 1]! > 0;
  },
  pose(piles) {
    const n = piles.length;
    const start = n - 1;
    const model = mdp({
      states: n * n,
      actions: 2,
      actionNames: ["left", "right"],
      initial: start,
      outcomes: (s, a) => {
        const [i, j] = [Math.floor(s / n), s % n];
        if (i > j) return [];
        const reward = a === 0 ? piles[i]! : piles[j]!;
        if (i === j) return [{ probability: 1, next: s, reward, terminated: true }];
        return [{ probability: 1, next: a === 0 ? (i + 1) * n + j : i * n + j - 1, reward }];
      },
    });
    const entry = (v: (s: number) => number, [i = 0, j = 0]: Place) => v(i * n + j);
    return { model, start, gamma: -1, certain: true, entry, answer: (v) => v(start) > 0 };
  },
};
