import { z } from "zod";
import type { ImageShape } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { Sequential, type Step } from "../nn/container.ts";
import { Conv2d } from "../nn/convolution.ts";
import { Linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { BatchNorm2d } from "../nn/normalization.ts";
import { relu } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

export const ClassifierOptions = z.strictObject({
  channels: z
    .int()
    .min(1)
    .default(24)
    .describe("channels of the first of three stages; each halves the image and doubles them"),
  features: z
    .int()
    .min(1)
    .default(64)
    .describe("units of the last hidden layer, the features that images are measured by"),
});
export type ClassifierOptions = z.output<typeof ClassifierOptions>;

const STAGES = 3;
/** The least height and width: the stages halve it to one pixel. */
const LEAST = 2 ** STAGES;

/** Three stages of strided convolution, BatchNorm and ReLU; then a hidden layer, and the logits of K classes. */
export class Classifier extends Module {
  readonly conv: Sequential;
  readonly hidden: Linear;
  readonly out: Linear;

  constructor([c, h, w]: ImageShape, classes: number, { channels, features }: ClassifierOptions) {
    super();
    if (h < LEAST || w < LEAST)
      throw new UserError(
        `the classifier needs images of ${LEAST} × ${LEAST} pixels or more; these are ${h} × ${w}`,
      );
    const widths = [c, ...Array.from({ length: STAGES }, (_, i) => channels * 2 ** i)];
    const stages = widths.slice(1).flatMap((out, i): Step[] => [
      // BatchNorm has the bias.
      new Conv2d(widths[i]!, out, 3, { stride: 2, padding: 1, bias: false }),
      new BatchNorm2d(out),
      relu,
    ]);
    this.conv = new Sequential(...stages);
    const left = Math.ceil(h / LEAST) * Math.ceil(w / LEAST);
    this.hidden = new Linear(widths[STAGES]! * left, features);
    this.out = new Linear(features, classes);
  }

  /** Images [N, C, H, W] in [0, 1] → the last hidden layer [N, features], and the logits [N, K]. */
  forward(x: Tensor, key?: Key): { readonly features: Tensor; readonly logits: Tensor } {
    const flat = this.conv.forward(x, key).reshape(x.shape[0]!, -1);
    const features = this.hidden.forward(flat).relu();
    return { features, logits: this.out.forward(features) };
  }
}
