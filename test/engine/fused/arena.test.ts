import { expect, test } from "vitest";
import { Arena } from "../../../src/engine/fused/arena.ts";

test("blocks do not overlap, hold their numbers when the memory grows, and are used again", () => {
  const arena = new Arena();
  const live = new Map<number, number>();
  let next = 1;
  const check = (): void => {
    for (const [at, length] of live) {
      expect(at % 64).toBe(0);
      expect(new Set(arena.view(at, length))).toEqual(new Set([arena.view(at, 1)[0]!]));
    }
  };
  const values = new Map<number, number>();
  for (let i = 0; i < 200; i++) {
    const length = 1 + ((i * 7919) % 9973);
    const at = arena.allocate(4 * length);
    arena.view(at, length).fill(next);
    live.set(at, length);
    values.set(at, next++);
    if (i % 3 === 2) {
      const [old] = [...live.keys()].slice(i % live.size);
      arena.free(old!, 4 * live.get(old!)!);
      live.delete(old!);
    }
  }
  check();
  for (const at of live.keys()) expect(arena.view(at, 1)[0]).toBe(values.get(at));
  const { generation } = arena;
  const held = arena.memory.buffer.byteLength;
  for (const [at, length] of live) arena.free(at, 4 * length);
  // All free blocks are one again.
  expect(arena.allocate(held)).toBe(0);
  expect(arena.generation).toBe(generation);
});

test("the scratch room is one for all, as large as the largest", () => {
  const arena = new Arena();
  const first = arena.scratch(100);
  expect(arena.scratch(50)).toBe(first);
  arena.scratch(1000);
  const { generation } = arena;
  expect(arena.scratch(1000)).toBe(arena.scratch(10));
  expect(arena.generation).toBe(generation);
});

test("more than 4 GiB is refused", () => {
  const arena = new Arena();
  arena.allocate(64);
  expect(() => arena.allocate(2 ** 32)).toThrow("more than the 4 GiB that WebAssembly can address");
  expect(arena.allocate(64)).toBe(64);
});
