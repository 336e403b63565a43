import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { interruptOf } from "../../src/cli/signals.ts";

const fake = () => {
  const events = new EventEmitter();
  const kill = vi.fn();
  const exit = vi.fn();
  const write = vi.fn();
  const program = { on: events.on.bind(events), kill, exit, pid: 42, stderr: { write } };
  return { events, kill, exit, signal: interruptOf(program as unknown as NodeJS.Process) };
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("SIGTERM asks for a stop, and ends what does not stop in ten seconds", () => {
  const { events, kill, exit, signal } = fake();
  events.emit("SIGTERM");
  expect(signal.aborted).toBe(true);
  vi.advanceTimersByTime(9_999);
  expect(kill).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(kill).toHaveBeenCalledWith(42, "SIGKILL");
  expect(exit).not.toHaveBeenCalled();
});

test("Ctrl-C waits as long as saving takes; the second one ends at once", () => {
  const { events, kill, exit, signal } = fake();
  events.emit("SIGINT");
  expect(signal.aborted).toBe(true);
  vi.advanceTimersByTime(3_600_000);
  expect(kill).not.toHaveBeenCalled();
  events.emit("SIGINT");
  expect(exit).toHaveBeenCalledWith(130);
});
