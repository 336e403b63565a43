import { expect, test } from "vitest";
import { TABULAR_AGENTS } from "../../../src/rl/tabular/agents.ts";
import type { TrainEvent } from "../../../src/train/checkpoint.ts";
import { learnt } from "./agents.ts";

const metrics = (events: readonly TrainEvent[]): TrainEvent[] => events.filter((e) => e.kind === "step");
const all = TABULAR_AGENTS.flatMap((agent) =>
  (agent.training.learnsFrom === "model" ? (["model"] as const) : (["environment", "model"] as const)).map(
    (learnsFrom) => [agent.name, learnsFrom, agent] as const,
  ),
);

test.each(all)(
  "%s on its %s: stopped and resumed, it learns what it would have, bit for bit",
  async (_, learnsFrom, agent) => {
    const how = { learnsFrom, steps: 120 };
    const whole = await learnt(agent, {}, how);
    const first = await learnt(agent, {}, { ...how, stopAt: 50 });
    const [cut] = first.saved;
    expect(cut!.step).toBeGreaterThanOrEqual(50);
    expect(cut!.step).toBeLessThan(120);
    const second = await learnt(agent, {}, { ...how, from: cut });
    const [a, b] = [whole.saved.at(-1)!, second.saved.at(-1)!];
    expect(b.tensors).toEqual(a.tensors);
    expect(b.progress).toEqual(a.progress);
    expect(metrics([...first.events, ...second.events])).toEqual(metrics(whole.events));
    // Without the memory it is another course: the comparison can fail.
    const anew = await learnt(agent, {}, { ...how, steps: 120 - cut!.step });
    expect(anew.Q).not.toEqual(whole.Q);
  },
);

test("exploring starts cannot be had of a stepped environment", async () => {
  const agent = TABULAR_AGENTS.find(({ name }) => name === "monte-carlo-es")!;
  await expect(learnt(agent, {})).rejects.toThrow("learn from its model (option `learnsFrom` model)");
});
