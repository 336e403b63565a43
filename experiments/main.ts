/** Named experiments: `npm run experiment -- NAME [options]`. Each prints a table and leaves pictures. */
import { parseArgs } from "node:util";
import { setDefaultEngine } from "../src/engine/engine.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { lookup, UserError } from "../src/errors.ts";
import type { Experiment } from "./experiment.ts";
import { overcomplete } from "./overcomplete.ts";

const EXPERIMENTS: Readonly<Record<string, Experiment>> = { overcomplete };

const USAGE = `npm run experiment -- NAME [--out FOLDER] [--epochs N] [--threads N]

${Object.entries(EXPERIMENTS)
  .map(([name, { description }]) => `  ${name.padEnd(14)} ${description}`)
  .join("\n")}

  --out FOLDER   where pictures and the table go (default: runs/NAME)
  --epochs N     train this long instead of what the recorded results took
  --threads N    threads for one operator (default: one a core)`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string" },
      epochs: { type: "string" },
      threads: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  const [name] = positionals;
  if (values.help || name === undefined) console.log(USAGE);
  else {
    const experiment = lookup("experiment", EXPERIMENTS, name);
    const threads = positive("threads", values.threads);
    const engine = await nodeEngine(threads === undefined ? {} : { threads });
    setDefaultEngine(engine);
    const epochs = positive("epochs", values.epochs);
    await experiment.run({ engine, out: values.out ?? `runs/${name}`, ...(epochs && { epochs }) });
    await engine.dispose();
  }
} catch (error) {
  const badOption = error instanceof TypeError && "code" in error;
  if (!(error instanceof UserError) && !badOption) throw error;
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 1;
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0))
    throw new UserError(`--${name} ${text}: a whole number above 0 is expected`);
  return value;
}
