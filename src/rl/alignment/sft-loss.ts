import { neg } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tokenMean } from "./tokens.ts";

/** Supervised fine-tuning: −ln π of the answer's tokens, their mean over the batch. The prompt is read and not learned. */
export const sftLoss = (logProbs: Tensor, mask: Tensor): Tensor => neg(tokenMean(logProbs, mask));
