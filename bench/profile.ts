import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as native from "onnxruntime-node";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { measure } from "./step.ts";

/**
 * Where the time of a training step goes, by ONNX Runtime's own profiler: one line an operator, with its share of the
 * kernels' time, milliseconds and runs a step. `npm run bench -- gpt --profile`. Profiling itself costs some time.
 */
interface Event {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const folder = mkdtempSync(join(tmpdir(), "profile-"));

/** ONNX Runtime, with the profiler on in every session. */
const profiling = {
  ...native,
  InferenceSession: {
    create: async (bytes: Uint8Array, options?: native.InferenceSession.SessionOptions) => {
      const session = await native.InferenceSession.create(bytes, { ...options, enableProfiling: true, profileFilePrefix: join(folder, "session") }); // biome-ignore format: one line
      const release = session.release.bind(session);
      session.release = async () => {
        session.endProfiling();
        await release();
      };
      return session;
    },
  },
};

const engine = await nodeEngine({ threads: 2, flushDenormals: true }, async () => profiling as never);
const [name = "gpt"] = process.argv.slice(2);
await measure(name, { engine });
const events = readdirSync(folder)
  .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Event[])
  .sort((a, b) => b.length - a.length)[0]!;
rmSync(folder, { recursive: true });

const steps = events.filter((e) => e.name === "model_run").length;
const kernels = events.filter((e) => e.cat === "Node" && e.name.endsWith("_kernel_time"));
const total = kernels.reduce((sum, e) => sum + e.dur, 0);
const byOperator = new Map<string, { us: number; runs: number }>();
for (const { dur, args } of kernels) {
  const row = byOperator.get(args!.op_name!) ?? { us: 0, runs: 0 };
  byOperator.set(args!.op_name!, { us: row.us + dur, runs: row.runs + 1 });
}
const round = (x: number): number => Math.round(x * 1000) / 1000;
for (const [operator, { us, runs }] of [...byOperator].sort(([, a], [, b]) => b.us - a.us))
  console.log(
    JSON.stringify({
      name: "kernels of a step",
      workload: name,
      operator,
      share: round(us / total),
      ms: round(us / steps / 1000),
      runs: round(runs / steps),
    }),
  );
