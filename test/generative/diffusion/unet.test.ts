import { describe, expect, test } from "vitest";
import {
  DDPM_CIFAR10,
  ddpmUNet,
  loadUNet,
  saveUNet,
  UNet,
  type UNetConfig,
  unetConfig,
} from "../../../src/generative/diffusion/index.ts";
import { readSafeTensors, writeSafeTensors } from "../../../src/nn/safetensors.ts";
import { float32ToFloat16 } from "../../../src/tensor/float16.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import { constant } from "../../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { golden } from "../../goldens/read.ts";
import { compiler } from "./helpers.ts";
import { expectGolden } from "./networks.ts";

const tiny = { channels: 1, size: 8, multipliers: [1, 2], width: 4, attentionAt: [4], groups: 2, layersPerBlock: 1 } as const; // biome-ignore format: one line
const initialized = (config: UNetConfig): UNet => new UNet(config).initialize(Key.seed(3));

describe("as diffusers' UNet2DModel", () => {
  test("google/ddpm-cifar10-32 has 35,746,307 parameters in 328 tensors, counted without making them", () => {
    const net = new UNet(DDPM_CIFAR10);
    const names = net.variables();
    expect(net.parameterCount).toBe(35_746_307);
    expect(names).toHaveLength(328);
    expect(names.every(([, variable]) => variable.value === undefined)).toBe(true);
    const all = new Map(names.map(([name, variable]) => [name, variable.shape]));
    expect(all.get("down_blocks.1.attentions.0.to_out.0.weight")).toEqual([256, 256]);
    expect(all.get("up_blocks.3.resnets.0.conv_shortcut.weight")).toEqual([128, 384, 1, 1]);
    expect(all.get("up_blocks.2.upsamplers.0.conv.bias")).toEqual([256]);
    expect(all.get("down_blocks.0.downsamplers.0.conv.weight")).toEqual([128, 128, 3, 3]);
    expect(all.get("mid_block.resnets.1.time_emb_proj.weight")).toEqual([256, 512]);
    expect(all.get("time_embedding.linear_1.weight")).toEqual([512, 128]);
  });

  test.each([
    "unet-ddpm",
    "unet-other", // time scales and shifts, so the middle attention has no norm
    "unet-gelu",
    "unet-relu",
    "unet-mish", // …unless its groups are said
    "unet-swish",
  ])("%s: values and gradients of PyTorch", async (name) => {
    const { config } = golden("diffusion", name);
    await expectGolden(new UNet(unetConfig(config)), name);
  });
});

describe("files", () => {
  test.each(["default", "scale_shift"])("time that is %s: weights load as they are", async (how) => {
    const config = unetConfig({ ...ddpmUNet(tiny), resnet_time_scale_shift: how });
    const files = await saveUNet(initialized(config));
    const names = Object.keys(readSafeTensors(files.weights, "it").tensors);
    expect(names.includes("mid_block.attentions.0.group_norm.weight")).toBe(how === "default");
    expect(names).toContain("down_blocks.1.attentions.0.group_norm.weight");
    expect(Buffer.compare((await saveUNet(loadUNet(files))).weights, files.weights)).toBe(0);
  });

  test("weights and configuration come back, and are written to the same bytes again", async () => {
    const net = initialized(ddpmUNet({ ...tiny, labels: 3, dropout: 0.1 }));
    const files = await saveUNet(net);
    const again = await saveUNet(loadUNet(files));
    expect(again.config).toBe(files.config);
    expect(Buffer.compare(again.weights, files.weights)).toBe(0);
    expect(JSON.parse(files.config)).toMatchObject({
      _class_name: "UNet2DModel",
      down_block_types: ["DownBlock2D", "AttnDownBlock2D"],
      up_block_types: ["AttnUpBlock2D", "UpBlock2D"],
      downsample_padding: 0,
      norm_eps: 1e-6,
      freq_shift: 1,
      num_class_embeds: 3,
    });
  });

  test("the old names of attention, and half precision, load", async () => {
    const files = await saveUNet(initialized(ddpmUNet(tiny)));
    const { tensors } = readSafeTensors(files.weights, "new");
    const rename = (name: string): string =>
      name
        .replace(".to_q.", ".query.")
        .replace(".to_k.", ".key.")
        .replace(".to_v.", ".value.")
        .replace(".to_out.0.", ".proj_attn.");
    const old = Object.fromEntries(Object.entries(tensors).map(([name, value]) => [rename(name), value]));
    expect(old).toHaveProperty(["mid_block.attentions.0.query.weight"]);
    const loaded = await saveUNet(loadUNet({ config: files.config, weights: writeSafeTensors(old) }));
    expect(Buffer.compare(loaded.weights, files.weights)).toBe(0);

    const half = Object.fromEntries(
      Object.entries(tensors).map(([name, { data, shape }]) => [
        name,
        ndarray(float32ToFloat16(data as Float32Array), shape, "float16"),
      ]),
    );
    const net = loadUNet({ config: files.config, weights: writeSafeTensors(half) });
    const weight = (await net.stateDict())["conv_in.weight"]!;
    expect(weight.dtype).toBe("float32");
    expect(Math.abs(Number(weight.data[0]) - Number(tensors["conv_in.weight"]!.data[0]))).toBeLessThan(1e-3);
  });

  test("a configuration of a published model, older than some fields", () => {
    const { dropout: _, num_class_embeds: __, add_attention: ___, ...published } = DDPM_CIFAR10;
    expect(unetConfig({ ...published, _diffusers_version: "0.0.4" })).toMatchObject({
      dropout: 0,
      add_attention: true,
      num_class_embeds: null,
    });
  });

  test.each<[string, (c: Record<string, unknown>) => unknown, string]>([
    [
      "a field left out",
      (c) => ({ ...c, norm_eps: undefined }),
      "config.json lacks norm_eps. They change the network",
    ],
    ["an unknown field", (c) => ({ ...c, norm_epsilon: 1 }), "norm_epsilon"],
    [
      "a block of another kind",
      (c) => ({ ...c, down_block_types: ["DownBlock2D", "CrossAttnDownBlock2D"] }),
      "down_block_types.1",
    ],
    ["another class", (c) => ({ ...c, _class_name: "UNet2DConditionModel" }), "_class_name"],
    [
      "levels that do not agree",
      (c) => ({ ...c, block_out_channels: [4, 8, 8] }),
      "block_out_channels has 3 levels, down_block_types 2",
    ],
    [
      "groups that do not divide",
      (c) => ({ ...c, norm_num_groups: 3 }),
      "norm_num_groups 3 does not divide 4 channels",
    ],
    [
      "no room for sinusoids",
      (c) => ({ ...c, block_out_channels: [2, 4] }),
      "the first of block_out_channels, 2, must be even and above twice freq_shift (1)",
    ],
    [
      "an activation that diffusers does not have",
      (c) => ({ ...c, act_fn: "tanh" }),
      'act_fn: Invalid option: expected one of "silu"|"swish"|"mish"|"gelu"|"relu"',
    ],
    [
      "groups of the middle that do not divide",
      (c) => ({ ...c, attn_norm_num_groups: 3 }),
      "attn_norm_num_groups 3 does not divide 8 channels",
    ],
    ["a billion layers", (c) => ({ ...c, layers_per_block: 1e9 }), "layers_per_block: Too big"],
    ["a billion channels", (c) => ({ ...c, block_out_channels: [4, 1e9] }), "block_out_channels.1: Too big"],
    ["a trillion labels", (c) => ({ ...c, num_class_embeds: 1e12 }), "num_class_embeds: Too big"],
    [
      "thousands of levels",
      (c) => ({ ...c, block_out_channels: Array(5000).fill(4) }),
      "block_out_channels: Too big",
    ],
    ["no JSON", () => "{ not", "is not JSON"],
  ])("refused: %s", (_, change, sentence) => {
    // biome-ignore format: a table
    const config = ddpmUNet(tiny) as unknown as Record<string, unknown>;
    expect(() => unetConfig(change(config), "config.json")).toThrow(sentence);
    expect(() => unetConfig(change(config), "config.json")).toThrow(/^config\.json/);
  });

  test("refused: weights of another architecture", async () => {
    const files = await saveUNet(initialized(ddpmUNet(tiny)));
    const config = JSON.stringify({ ...ddpmUNet({ ...tiny, attentionAt: [] }) });
    expect(() => loadUNet({ config, weights: files.weights }, "runs/a")).toThrow(
      /runs\/a, diffusion_pytorch_model.safetensors is of another architecture:.* unknown down_blocks.1.attentions.0/,
    );
    const wider = JSON.stringify(ddpmUNet({ ...tiny, width: 8 }));
    expect(() => loadUNet({ config: wider, weights: files.weights })).toThrow("expected float32[8, 1, 3, 3]");
  });
});

describe("the network", () => {
  const x: NdArray = ndarray(hostNormal(Key.seed(1), 2 * 64), [2, 1, 8, 8]);
  const t = ndarray(Float32Array.of(5, 500));

  test("dropout acts in a training pass only, and by its key", async () => {
    const net = initialized(ddpmUNet({ ...tiny, dropout: 0.5 }));
    for (const [, p] of net.namedParameters()) // the last convolutions start near zero: wake them
      p.set(ndarray(hostNormal(Key.seed(p.size), p.size).map((v) => v / 5), p.shape)); // biome-ignore format: short
    const train = compiler((a: Tensor, b: Tensor, key: Key) => net.forward(a, b, undefined, key));
    const plain = compiler((a: Tensor, b: Tensor) => net.forward(a, b));
    const [one, same, other] = [await train(x, t, Key.seed(1)), await train(x, t, Key.seed(1)), await train(x, t, Key.seed(2))]; // biome-ignore format: three
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
    expect(one).not.toEqual(await plain(x, t));
    expect(await plain(x, t)).toEqual(await plain(x, t));
  });

  test("first values: residual branches and the output start next to nothing", async () => {
    const net = initialized(ddpmUNet(tiny));
    const out = await compiler((a: Tensor, b: Tensor) => net.forward(a, b))(x, t);
    expect(Math.max(...Array.from(out.data as Float32Array, Math.abs))).toBeLessThan(1e-3);
    const spread = (v: ArrayLike<number | bigint>): number =>
      Math.max(...Array.from(v, (a) => Math.abs(Number(a))));
    const state = await net.stateDict();
    expect(spread(state["mid_block.resnets.0.conv1.weight"]!.data)).toBeGreaterThan(0.05);
    expect(spread(state["mid_block.resnets.0.conv2.weight"]!.data)).toBeLessThan(1e-4);
    expect(spread(state["mid_block.attentions.0.to_out.0.weight"]!.data)).toBeLessThan(1e-4);
  });

  test("28 × 28 images, with attention at 14 and 7", () => {
    const net = new UNet(ddpmUNet({ ...tiny, size: 28, multipliers: [1, 2, 2], attentionAt: [14, 7] }));
    const image = constant(ndarray(new Float32Array(784), [1, 1, 28, 28]));
    expect(net.initialize(Key.seed(0)).forward(image, constant(ndarray(Float32Array.of(3)))).shape).toEqual([
      1, 1, 28, 28,
    ]);
  });

  test("what cannot be is refused", () => {
    expect(() => ddpmUNet({ ...tiny, size: 28, multipliers: [1, 1, 1, 1] })).toThrow(
      "images of 28 pixels cannot be halved 3 times",
    );
    expect(() => ddpmUNet({ ...tiny, attentionAt: [16] })).toThrow(
      "attention at resolution 16: the levels have 8, 4",
    );
    const net = initialized(ddpmUNet(tiny));
    const image = (...shape: number[]) =>
      constant(ndarray(new Float32Array(shape.reduce((a, b) => a * b)), shape));
    expect(() => net.forward(image(1, 1, 7, 8), image(1))).toThrow(
      "takes [N, 1, H, W] with H and W multiples of 2, not [1, 1, 7, 8]",
    );
    expect(() => net.forward(image(1, 3, 8, 8), image(1))).toThrow("takes [N, 1, H, W]");
    expect(() => net.forward(image(1, 1, 8, 8), image(1), image(1))).toThrow("has no labels");
    const classes = initialized(ddpmUNet({ ...tiny, labels: 4 }));
    expect(() => classes.forward(image(1, 1, 8, 8), image(1))).toThrow(
      "this U-Net has 4 labels and needs one for each image",
    );
  });
});
