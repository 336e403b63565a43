// npx tsx examples/bridge/main.ts: ten programming problems, each solved four ways.
import { problems } from "./index.ts";
import { fourWays } from "./solve.ts";

const show = (x: number | boolean): string =>
  typeof x === "boolean" || Number.isInteger(x) ? String(x) : x.toFixed(4);

for (const problem of problems) {
  console.log(`\n${problem.number}. ${problem.name}\n   ${problem.idea}`);
  for (const { input, answer } of problem.samples) {
    const found = fourWays(problem, input);
    const answers = Object.entries(found).map(([method, x]) => `${method} ${show(x)}`);
    console.log(`   expected ${show(answer)}: ${answers.join(", ")}`);
  }
}
