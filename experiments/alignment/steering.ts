import { join } from "node:path";
import type { TokenData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { saveChart } from "../../src/plot/index.node.ts";
import { lineChart } from "../../src/plot/index.ts";
import { type Dialogue, dialogueOf } from "../../src/rl/alignment/dialogue.ts";
import { divergence, expectation, optimum } from "../../src/rl/alignment/exact.ts";
import { endsIn } from "../../src/rl/alignment/rewards.ts";
import { rloo } from "../../src/rl/alignment/rloo.ts";
import { readAndNext } from "../../src/sequence/examples.ts";
import { type Gpt, gpt } from "../../src/sequence/index.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { logSoftmax } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Experiment, markdownTable } from "../experiment.ts";
import { save } from "../sequences/learning.ts";
import { learn } from "./learning.ts";

const NETWORK = { layers: 1, heads: 2, width: 32, context: 8 };
/** A name is written up to here, so that all there are can be listed. */
const LETTERS = 3;
const BETAS = [1, 0.5, 0.25, 0.15, 0.1];

/** Every completion of at most LETTERS tokens, in the order of `policyOf`: those that end, then those that are cut. */
function completionsOf({ vocabSize, ending }: Dialogue): number[][] {
  const symbols = Array.from({ length: vocabSize }, (_, token) => token).filter((token) => token !== ending);
  let [open, all]: [number[][], number[][]] = [[[]], []];
  for (let t = 0; t < LETTERS; t++) {
    all = [...all, ...open.map((prefix) => [...prefix, ending])];
    open = open.flatMap((prefix) => symbols.map((token) => [...prefix, token]));
  }
  return [...all, ...open];
}

/** π of every completion: the model reads all of them. */
async function policyOf(module: Gpt, dialogue: Dialogue, engine: Engine): Promise<Float64Array> {
  const all = completionsOf(dialogue);
  const width = LETTERS + 1;
  const program = compile((rows: Tensor) => logSoftmax(module.forward(readAndNext(rows).read)), {
    engine,
    name: "all completions",
  });
  const rows = Int32Array.from(
    all.flatMap((tokens) =>
      Array.from({ length: width }, (_, i) =>
        i === 0 ? dialogue.ending : (tokens[i - 1] ?? dialogue.ending),
      ),
    ),
  );
  const { data } = await program(ndarray(rows, [all.length, width]));
  await program.dispose();
  return Float64Array.from(all, (tokens, n) =>
    Math.exp(
      tokens.reduce((sum, token, t) => sum + Number(data[(n * LETTERS + t) * dialogue.vocabSize + token]), 0),
    ),
  );
}

/** Reward against KL at several β, each trained by RLOO and measured exactly, beside the curve of the best policies. */
export const steering: Experiment = {
  description:
    "reward against KL at five β: RLOO on names of three letters, all listed, beside the exact curve",
  run: async ({ engine, out, steps = 600 }) => {
    const data = (await openData("names")) as TokenData;
    const dialogue = dialogueOf(data.spec);
    const base = await learn(
      {
        title: "names",
        model: gpt,
        data,
        options: NETWORK,
        training: { steps: 400, batchSize: 64, lr: 5e-3 },
      },
      engine,
    );
    const weights = await base.module.stateDict();
    const texts = completionsOf(dialogue).map((tokens) => dialogue.text(tokens));
    const reward = endsIn("a");
    const r = texts.map((completion) => reward({ prompt: "", completion }));
    const ref = await policyOf(base.module as Gpt, dialogue, engine);
    const points: { beta: number; kl: number; reward: number; left: number }[] = [];
    for (const beta of BETAS) {
      const { module } = await learn(
        {
          title: `β ${beta}`,
          model: rloo,
          data,
          options: { ...NETWORK, beta, reward: ["ends:a"], maxNewTokens: LETTERS, heldOut: 8 },
          training: { steps, batchSize: 32, lr: 3e-3, lrSchedule: "linear" },
          weights,
        },
        engine,
      );
      const policy = await policyOf(module as Gpt, dialogue, engine);
      const left = divergence(policy, optimum(ref, r, beta).policy);
      points.push({ beta, kl: divergence(policy, ref), reward: expectation(policy, r), left });
      module.dispose();
    }
    base.module.dispose();
    const exact = (beta: number): { kl: number; reward: number } => {
      const { policy } = optimum(ref, r, beta);
      return { kl: divergence(policy, ref), reward: expectation(policy, r) };
    };
    const curve = Array.from({ length: 30 }, (_, i) => exact(5 * 0.84 ** i));
    const file = join(out, "steering.png");
    await saveChart(
      file,
      lineChart({ title: "Names that end in a", x: "KL from π_ref, nats", y: "share" }, [
        { name: "exact", x: curve.map(({ kl }) => kl), y: curve.map((at) => at.reward), dashed: true },
        // Points with gaps between them: nothing was trained there.
        {
          name: "RLOO",
          x: points.flatMap(({ kl }) => [kl, kl]),
          y: points.flatMap((at) => [at.reward, null]),
        },
      ]),
    );
    const table = markdownTable(
      ["β", "reward", "exact", "KL from π_ref", "exact", "KL to π*"],
      points.map(({ beta, kl, reward: found, left }) => {
        const best = exact(beta);
        return [String(beta), ...[found, best.reward, kl, best.kl, left].map((x) => x.toFixed(3))];
      }),
    );
    await save(out, "steering", `${table}\n\n${file}`);
  },
};
