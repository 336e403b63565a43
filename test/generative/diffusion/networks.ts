import { expect } from "vitest";
import type { DiffusionNetwork } from "../../../src/generative/diffusion/index.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { mul, sum } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { distance, golden } from "../../goldens/read.ts";
import { compiler } from "./helpers.ts";

/** A network with the golden's weights gives the golden's outputs and gradients. */
export async function expectGolden(net: DiffusionNetwork, name: string): Promise<void> {
  const { state, inputs, outputs, grads } = golden("diffusion", name);
  net.loadStateDict(state);
  const named = new Map(net.namedParameters());
  const wanted = Object.keys(grads).filter((n) => n !== "x");
  expect(wanted.length).toBeGreaterThan(4);
  const program = compiler((x: Tensor, t: Tensor, labels: Tensor | undefined, cotangent: Tensor) => {
    const y = net.forward(x, t, labels);
    const [gx, ...rest] = grad(sum(mul(y, cotangent)), [x, ...wanted.map((n) => named.get(n)!)]);
    return { y, gx: gx!, rest };
  });
  const out = await program(inputs.x!, inputs.t!, inputs.labels, inputs.cotangent!);
  expect(distance(out.y, outputs.y!)).toBeLessThan(2e-5);
  expect(distance(out.gx, grads.x!), "gradient of x").toBeLessThan(5e-5);
  for (const [i, n] of wanted.entries())
    expect(distance(out.rest[i]!, grads[n]!), `gradient of ${n}`).toBeLessThan(5e-5);
}
