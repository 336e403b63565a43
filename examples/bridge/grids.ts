import { mdp } from "galatea/rl";
import { type Place, type Problem, unseen } from "./problem.ts";

const inside = (grid: readonly (readonly number[])[], r: number, c: number): boolean =>
  r < grid.length && c < grid[0]!.length;

/** 64: the cheapest way from corner to corner, right and down. */
export const minPathSum: Problem<number[][]> = {
  name: "Minimum Path Sum",
  number: 64,
  idea: "S: cell. A: right, down. r: minus the cost of the cell entered. Answer: the first cell's cost − v.",
  samples: [
    {
      input: [
        [1, 3, 1],
        [1, 5, 1],
        [4, 2, 1],
      ],
      answer: 7,
    },
    {
      input: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      answer: 12,
    },
  ],
  classic(grid, fill = unseen) {
    const best = grid.map((row) => row.map(() => 0));
    for (let r = grid.length - 1; r >= 0; r--) {
      for (let c = grid[0]!.length - 1; c >= 0; c--) {
        const next = [best[r + 1]?.[c], best[r]![c + 1]].filter((x) => x !== undefined);
        best[r]![c] = grid[r]![c]! + (next.length > 0 ? Math.min(...next) : 0);
        fill([r, c], best[r]![c]!);
      }
    }
    return best[0]![0]!;
  },
  pose(grid) {
    const columns = grid[0]!.length;
    const model = mdp({
      states: grid.length * columns,
      actions: 2,
      actionNames: ["right", "down"],
      initial: 0,
      outcomes: (s, a) => {
        const [r, c] = [Math.floor(s / columns) + (a === 1 ? 1 : 0), (s % columns) + (a === 0 ? 1 : 0)];
        return inside(grid, r, c) ? [{ probability: 1, next: r * columns + c, reward: -grid[r]![c]! }] : [];
      },
    });
    const entry = (v: (s: number) => number, [r = 0, c = 0]: Place) => grid[r]![c]! - v(r * columns + c);
    return { model, start: 0, certain: true, entry, answer: (v) => entry(v, [0, 0]) };
  },
};

/** 174: the least health with which the knight survives the dungeon. */
export const dungeon: Problem<number[][]> = {
  name: "Dungeon Game",
  number: 174,
  idea: "S: (cell, health). A: right, down. r: 1 on leaving the last room alive. Answer: the least health with v = 1.",
  samples: [
    {
      input: [
        [-2, -3, 3],
        [-5, -10, 1],
        [10, 30, -5],
      ],
      answer: 7,
    },
    { input: [[0]], answer: 1 },
  ],
  classic(rooms, fill = unseen) {
    const need = rooms.map((row) => row.map(() => 1));
    for (let r = rooms.length - 1; r >= 0; r--) {
      for (let c = rooms[0]!.length - 1; c >= 0; c--) {
        const after = [need[r + 1]?.[c], need[r]![c + 1]].filter((x) => x !== undefined);
        need[r]![c] = Math.max(1, (after.length > 0 ? Math.min(...after) : 1) - rooms[r]![c]!);
        fill([r, c], need[r]![c]!);
      }
    }
    return need[0]![0]!;
  },
  pose(rooms) {
    const columns = rooms[0]!.length;
    const cells = rooms.length * columns;
    // More health than all demons together can take is no use.
    const most = 1 + rooms.flat().reduce((sum, x) => sum + Math.max(0, -x), 0);
    const at = (cell: number, health: number): number => cell * most + Math.min(health, most) - 1;
    const room = (cell: number): number => rooms[Math.floor(cell / columns)]![cell % columns]!;
    // Health is what is left after the room of the cell; the first room is entered by a first, forced move.
    const first = cells * most;
    const enter = (cell: number, health: number) => {
      const left = health + room(cell);
      if (left <= 0) return [{ probability: 1, next: cell, reward: 0, terminated: true }];
      if (cell === cells - 1) return [{ probability: 1, next: cell, reward: 1, terminated: true }];
      return [{ probability: 1, next: at(cell, left), reward: 0 }];
    };
    const model = mdp({
      states: first + most,
      actions: 2,
      actionNames: ["right", "down"],
      initial: Array.from({ length: first + most }, (_, s) => (s >= first ? 1 / most : 0)),
      outcomes: (s, a) => {
        if (s >= first) return a === 0 ? enter(0, s - first + 1) : [];
        const [cell, health] = [Math.floor(s / most), (s % most) + 1];
        const [r, c] = [Math.floor(cell / columns) + (a === 1 ? 1 : 0), (cell % columns) + (a === 0 ? 1 : 0)];
        return inside(rooms, r, c) ? enter(r * columns + c, health) : [];
      },
    });
    return {
      model,
      start: first,
      certain: true,
      answer: (v) => {
        for (let health = 1; health <= most; health++) if (v(first + health - 1) > 0.5) return health;
        return Number.NaN;
      },
      entry: (v, [r = 0, c = 0]) => {
        const cell = r * columns + c;
        const survives = (left: number) => left > 0 && (cell === cells - 1 || v(at(cell, left)) > 0.5);
        for (let health = 1; health <= most; health++) if (survives(health + room(cell))) return health;
        return Number.POSITIVE_INFINITY;
      },
    };
  },
};

const KNIGHT = [
  [1, 2],
  [2, 1],
  [-1, 2],
  [-2, 1],
  [1, -2],
  [2, -1],
  [-1, -2],
  [-2, -1],
] as const;

/** 688: the chance that a knight is still on the board after k random moves. */
export const knight: Problem<{ n: number; k: number; row: number; column: number }> = {
  name: "Knight Probability in Chessboard",
  number: 688,
  idea: "S: (cell, moves left). No choice. p: uniform over 8 moves. r: 1 if on the board when none is left.",
  samples: [
    { input: { n: 3, k: 2, row: 0, column: 0 }, answer: 0.0625 },
    { input: { n: 1, k: 0, row: 0, column: 0 }, answer: 1 },
  ],
  classic({ n, k, row, column }, fill = unseen) {
    let stays = Array.from({ length: n }, () => Array.from({ length: n }, () => 1));
    for (let left = 0; left <= k; left++) {
      const before = stays;
      if (left > 0) stays = before.map((line) => line.map(() => 0));
      for (let r = 0; r < n; r++) {
        for (let c = 0; c < n; c++) {
          if (left > 0) for (const [dr, dc] of KNIGHT) stays[r]![c]! += (before[r + dr]?.[c + dc] ?? 0) / 8;
          fill([left, r, c], stays[r]![c]!);
        }
      }
    }
    return stays[row]![column]!;
  },
  pose({ n, k, row, column }) {
    const cells = n * n;
    const start = k * cells + row * n + column;
    const model = mdp({
      states: (k + 1) * cells,
      actions: 1,
      actionNames: ["jump"],
      initial: start,
      outcomes: (s) => {
        const [left, cell] = [Math.floor(s / cells), s % cells];
        if (left === 0) return [{ probability: 1, next: s, reward: 1, terminated: true }];
        return KNIGHT.map(([dr, dc]) => {
          const [r, c] = [Math.floor(cell / n) + dr, (cell % n) + dc];
          const on = r >= 0 && r < n && c >= 0 && c < n;
          return {
            probability: 1 / 8,
            next: on ? (left - 1) * cells + r * n + c : s,
            reward: 0,
            terminated: !on,
          };
        });
      },
    });
    const entry = (v: (s: number) => number, [left = 0, r = 0, c = 0]: Place) => v(left * cells + r * n + c);
    return { model, start, certain: false, entry, answer: (v) => v(start) };
  },
};

/** 741: the most cherries of a way there and back, which is two ways there at once. */
export const cherries: Problem<number[][]> = {
  name: "Cherry Pickup",
  number: 741,
  idea: "S: (step, row 1, row 2). A: both move right or down. r: cherries, once where they meet. Answer: max(0, v).",
  samples: [
    {
      input: [
        [0, 1, -1],
        [1, 0, -1],
        [1, 1, 1],
      ],
      answer: 5,
    },
    {
      input: [
        [1, 1, -1],
        [1, -1, 1],
        [-1, 1, 1],
      ],
      answer: 0,
    },
  ],
  classic(grid, fill = unseen) {
    const n = grid.length;
    const memo = new Map<string, number>();
    const best = (t: number, r1: number, r2: number): number => {
      const [c1, c2] = [t - r1, t - r2];
      const [a, b] = [grid[r1]?.[c1], grid[r2]?.[c2]];
      if (a === undefined || b === undefined || a < 0 || b < 0) return -Infinity;
      const key = `${t} ${r1} ${r2}`;
      const known = memo.get(key);
      if (known !== undefined) return known;
      const here = r1 === r2 ? a : a + b;
      const after =
        t === 2 * n - 2
          ? 0
          : Math.max(
              best(t + 1, r1, r2),
              best(t + 1, r1 + 1, r2),
              best(t + 1, r1, r2 + 1),
              best(t + 1, r1 + 1, r2 + 1),
            );
      memo.set(key, here + after);
      fill([t, r1, r2], here + after);
      return here + after;
    };
    return Math.max(0, best(0, 0, 0));
  },
  pose(grid) {
    const n = grid.length;
    // A dead end costs more than all cherries are worth.
    const LOST = -(n * n + 1);
    const at = (t: number, r1: number, r2: number): number => (t * n + r1) * n + r2;
    const last = 2 * n - 2;
    const open = (r: number, c: number): boolean => grid[r]?.[c] !== undefined && grid[r][c]! >= 0;
    const model = mdp({
      states: (last + 1) * n * n,
      actions: 5,
      actionNames: ["right, right", "down, right", "right, down", "down, down", "give up"],
      initial: at(0, 0, 0),
      outcomes: (s, a) => {
        const [t, r1, r2] = [Math.floor(s / (n * n)), Math.floor(s / n) % n, s % n];
        if (t === last || !open(r1, t - r1) || !open(r2, t - r2)) return [];
        if (a === 4) return [{ probability: 1, next: s, reward: LOST, terminated: true }];
        const [n1, n2] = [r1 + (a % 2), r2 + Math.floor(a / 2)];
        if (!open(n1, t + 1 - n1) || !open(n2, t + 1 - n2)) return [];
        const [c1, c2] = [grid[n1]![t + 1 - n1]!, grid[n2]![t + 1 - n2]!];
        return [{ probability: 1, next: at(t + 1, n1, n2), reward: n1 === n2 ? c1 : c1 + c2 }];
      },
    });
    return {
      model,
      start: at(0, 0, 0),
      certain: true,
      answer: (v) => Math.max(0, grid[0]![0]! + v(at(0, 0, 0))),
      entry: (v, [t = 0, r1 = 0, r2 = 0]) => {
        const [a, b] = [grid[r1]![t - r1]!, grid[r2]![t - r2]!];
        const after = v(at(t, r1, r2));
        return after < 0 ? -Infinity : (r1 === r2 ? a : a + b) + after;
      },
    };
  },
};
