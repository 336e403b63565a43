/** Files as diffusers writes them: config.json and diffusion_pytorch_model.safetensors of a UNet2DModel. */
import { UserError } from "../../errors.ts";
import type { StateDict } from "../../nn/module.ts";
import { readSafeTensors, writeSafeTensors } from "../../nn/safetensors.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../../tensor/float16.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { UNet } from "./unet.ts";
import { unetConfig } from "./unet-config.ts";

export const CONFIG_FILE = "config.json";
export const WEIGHTS_FILE = "diffusion_pytorch_model.safetensors";

/** The names of attention weights before diffusers 0.17. */
const OLD_NAMES: readonly (readonly [RegExp, string])[] = [
  [/(\.attentions\.\d+)\.query\./, "$1.to_q."],
  [/(\.attentions\.\d+)\.key\./, "$1.to_k."],
  [/(\.attentions\.\d+)\.value\./, "$1.to_v."],
  [/(\.attentions\.\d+)\.proj_attn\./, "$1.to_out.0."],
];

const modernName = (name: string): string =>
  OLD_NAMES.reduce((now, [old, modern]) => now.replace(old, modern), name);

/** Half-precision weights as float32. */
function asFloat32(value: NdArray): NdArray {
  if (value.dtype === "float16") return ndarray(float16ToFloat32(value.data as Uint16Array), value.shape);
  if (value.dtype === "bfloat16") return ndarray(bfloat16ToFloat32(value.data as Uint16Array), value.shape);
  return value;
}

/** A state dict under diffusers' current names, in float32. */
export function modernState(state: Readonly<StateDict>, source: string): StateDict {
  const out: StateDict = {};
  for (const [name, value] of Object.entries(state)) {
    const modern = modernName(name);
    if (modern in out)
      throw new UserError(`${source} holds ${modern} twice, under its old name and its new one`);
    out[modern] = asFloat32(value);
  }
  return out;
}

/**
 * A U-Net from the contents of its two files.
 * @throws UserError where a field of the configuration is missing or not known here, or where the weights are of
 * another architecture.
 */
export function loadUNet(
  files: { readonly config: string; readonly weights: Uint8Array },
  source = "the U-Net's folder",
): UNet {
  const net = new UNet(unetConfig(files.config, `${source}, ${CONFIG_FILE},`));
  const from = `${source}, ${WEIGHTS_FILE}`;
  return net.loadStateDict(modernState(readSafeTensors(files.weights, from).tensors, from), { source: from });
}

/** The contents of the two files, with the current weights. */
export async function saveUNet(net: UNet): Promise<{ config: string; weights: Uint8Array<ArrayBuffer> }> {
  return {
    config: `${JSON.stringify(net.config, undefined, 2)}\n`,
    weights: writeSafeTensors(await net.stateDict(), { format: "pt" }),
  };
}
