// npx tsx bench/rl-tabular.ts: tabular methods on one core, one JSON line a measurement (medians).
import { modelOf } from "../src/rl/env.ts";
import { make } from "../src/rl/make.ts";
import { mdpFromTable, memoryOf, randomMdp } from "../src/rl/mdp/model.ts";
import { orderedSweep } from "../src/rl/mdp/ordered-sweep.ts";
import { fastRandom } from "../src/rl/random.ts";
import { actionTable } from "../src/rl/tabular/learning.ts";
import { qLearning } from "../src/rl/tabular/q-learning.ts";
import { ModelTask } from "../src/rl/tabular/task.ts";

const median = (x: readonly number[]): number => [...x].sort((a, b) => a - b)[x.length >> 1]!;
const round = (x: number, digits: number): number => Number(x.toFixed(digits));

/** One sweep of value iteration on a random model: 1M states × 4 actions × 4 successors. */
function sweep(precision: "float32" | "float64", repeats: number): void {
  const states = 1_000_000;
  const actions = 4;
  const m = randomMdp({ states, actions, successors: 4, precision }, fastRandom(1));
  const Reals = precision === "float32" ? Float32Array : Float64Array;
  let [v, fresh] = [new Reals(states + 1), new Reals(states + 1)];
  const preparing = performance.now();
  const sweepOnce = orderedSweep(m);
  const preparedMs = performance.now() - preparing;
  const times: number[] = [];
  const cpu: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const used = process.cpuUsage();
    const began = performance.now();
    sweepOnce(v, 0.9, fresh);
    times.push(performance.now() - began);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1000);
    [v, fresh] = [fresh, v];
  }
  // The first sweeps run before the compiler has settled.
  const settled = times.slice(3);
  // The sorted copy: successor, probability, and the pair's place in its block.
  const sorted = m.next.length * (4 + m.probability.BYTES_PER_ELEMENT + 2);
  const values = v.byteLength + fresh.byteLength;
  console.log(
    JSON.stringify({
      bench: "value-iteration sweep",
      model: "random, 1,000,000 states × 4 actions × 4 successors",
      precision,
      medianMs: round(median(settled), 1),
      bestMs: round(Math.min(...settled), 1),
      // On a machine with other work the wall's clock counts that work too.
      medianCpuMs: round(median(cpu.slice(3)), 1),
      sweeps: settled.length,
      modelMiB: round(memoryOf(m).total / 2 ** 20, 0),
      sortedMiB: round(sorted / 2 ** 20, 0),
      valuesMiB: round(values / 2 ** 20, 0),
      preparedOnceMs: round(preparedMs, 0),
    }),
  );
}

/** Tabular Q-learning on FrozenLake, the environment's steps included. */
function updates(id: string, episodes: number, repeats: number): void {
  const m = mdpFromTable(modelOf(make(id)));
  const rates: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const task = new ModelTask(m, fastRandom([i, 0]), { maxSteps: 100 });
    const Q = actionTable(task);
    let steps = 0;
    const began = performance.now();
    for (const episode of qLearning(task, {
      episodes,
      gamma: 0.99,
      alpha: 0.1,
      rng: fastRandom([i, 1]),
      Q,
    })) {
      steps += episode.steps;
    }
    rates.push(steps / (performance.now() - began) / 1000);
  }
  console.log(
    JSON.stringify({
      bench: "Q-learning updates with environment steps",
      env: id,
      medianMillionPerSecond: round(median(rates), 2),
      bestMillionPerSecond: round(Math.max(...rates), 2),
      repeats,
    }),
  );
}

sweep("float32", 18);
sweep("float64", 9);
updates("FrozenLake-v1", 100_000, 7);
