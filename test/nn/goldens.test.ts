/** Every layer, network and loss against PyTorch: values, gradients, names of the state. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import * as nn from "../../src/nn/index.ts";
import { grad } from "../../src/tensor/grad.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import * as ops from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { compareGolden, type Subject } from "../goldens/compare.ts";
import { distance, type Golden, type Group, goldens } from "../goldens/read.ts";

type Tensors = Readonly<Record<string, Tensor>>;

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const compare = (golden: Golden, subject: Subject): Promise<void> => compareGolden(engine, golden, subject);

function suite(group: Group, make: (name: string, golden: Golden) => Subject): void {
  describe(group, () => {
    for (const [name, golden] of goldens(group)) test(name, () => compare(golden, make(name, golden)));
  });
}

const layer = (module: nn.Module & { forward(x: Tensor): Tensor }): Subject => ({
  module,
  run: ({ x }) => ({ y: module.forward(x!) }),
});
const fn = (f: (x: Tensor) => Tensor): Subject => ({ run: ({ x }) => ({ y: f(x!) }) });

// biome-ignore lint/suspicious/noExplicitAny: options as PyTorch names them, whatever they are
const LAYERS: Record<string, (c: any) => Subject> = {
  Linear: (c) => layer(new nn.Linear(c.in_features, c.out_features, { bias: c.bias ?? true })),
  Conv2d: (c) => layer(new nn.Conv2d(c.in_channels, c.out_channels, c.kernel_size, c)),
  ConvTranspose2d: ({ output_padding = 0, ...c }) =>
    layer(
      new nn.ConvTranspose2d(c.in_channels, c.out_channels, c.kernel_size, {
        ...c,
        outputPadding: output_padding,
      }),
    ),
  LayerNorm: (c) => layer(new nn.LayerNorm(c.normalized_shape, { eps: c.eps })),
  RMSNorm: (c) => layer(new nn.RMSNorm(c.normalized_shape, { eps: c.eps })),
  GroupNorm: (c) => layer(new nn.GroupNorm(c.num_groups, c.num_channels, { eps: c.eps })),
  BatchNorm2d: (c) => layer(new nn.BatchNorm2d(c.num_features, c)),
  Conv1d: (c) => layer(new nn.Conv1d(c.in_channels, c.out_channels, c.kernel_size, c)),
  MaxPool1d: ({ kernel_size, ...c }) => layer(new nn.MaxPool1d(kernel_size, c)),
  AvgPool1d: ({ kernel_size, ...c }) => layer(new nn.AvgPool1d(kernel_size, c)),
  Embedding: (c) => layer(new nn.Embedding(c.num_embeddings, c.embedding_dim)),
  MaxPool2d: ({ kernel_size, ...c }) => layer(new nn.MaxPool2d(kernel_size, c)),
  AvgPool2d: ({ kernel_size, ...c }) => layer(new nn.AvgPool2d(kernel_size, c)),
  UpsampleNearest2d: (c) => fn((x) => ops.upsampleNearest2d(x, c.scale_factor)),
};

suite("layers", (name, { config }) => {
  if (name !== "BatchNorm2d_train") return LAYERS[name.split("_")[0]!]!(config);
  const module = new nn.BatchNorm2d(3);
  return { module, run: ({ x }) => ({ y: module.forward(x!, Key.seed(0)) }) };
});

suite("activations", (name, { config }) => {
  if (name === "softmax") return fn((x) => ops.softmax(x, config.dim as number));
  if (name === "log_softmax") return fn((x) => ops.logSoftmax(x, config.dim as number));
  if (name === "leaky_relu") return fn((x) => ops.leakyRelu(x, config.negative_slope as number));
  return fn(nn.ACTIVATIONS[name as nn.ActivationName]);
});

// biome-ignore lint/suspicious/noExplicitAny: as above
const LOSSES: Record<string, (c: any) => (x: Tensor, y: Tensor, v: Tensor) => Tensor> = {
  mse: (c) => (x, y) => nn.mseLoss(x, y, c),
  l1: (c) => (x, y) => nn.l1Loss(x, y, c),
  smooth_l1: (c) => (x, y) => nn.smoothL1Loss(x, y, c),
  huber: (c) => (x, y) => nn.huberLoss(x, y, c),
  bce: (c) => (x, y) => nn.binaryCrossEntropy(x, y, c),
  bce_logits: (c) => (x, y) => nn.binaryCrossEntropyWithLogits(x, y, c),
  bce_logits_pos_weight: (c) => (x, y) =>
    nn.binaryCrossEntropyWithLogits(x, y, { ...c, posWeight: ndarray(Float32Array.from(c.pos_weight)) }),
  cross_entropy: (c) => (x, y) => nn.crossEntropy(x, y, c),
  cross_entropy_smooth: (c) => (x, y) => nn.crossEntropy(x, y, { ...c, labelSmoothing: c.label_smoothing }),
  cross_entropy_ignore: (c) => (x, y) => nn.crossEntropy(x, y, { ...c, ignoreIndex: -100 }),
  cross_entropy_smooth_ignore: (c) => (x, y) =>
    nn.crossEntropy(x, y, { ...c, ignoreIndex: -100, labelSmoothing: c.label_smoothing }),
  nll: (c) => (x, y) => nn.nllLoss(x, y, { ...c, ignoreIndex: -100 }),
  kl_div: (c) => (x, y) => nn.klDiv(x, y, c),
  kl_div_log_target: (c) => (x, y) => nn.klDiv(x, y, { ...c, logTarget: true }),
  gaussian_nll: (c) => (x, y, v) => nn.gaussianNllLoss(x, y, v, c),
  gaussian_nll_full: (c) => (x, y, v) => nn.gaussianNllLoss(x, y, v, c),
};

suite("losses", (name, { config }) => {
  const loss = LOSSES[name.slice(0, name.lastIndexOf("_"))]!(config);
  return { run: (inputs) => ({ y: loss(inputs.input!, inputs.target!, inputs.var!) }) };
});

class ConvNet extends nn.Module {
  readonly conv1 = new nn.Conv2d(2, 4, 3, { padding: 1 });
  readonly norm1 = new nn.GroupNorm(2, 4);
  readonly conv2 = new nn.Conv2d(4, 6, 3, { stride: 2, padding: 1 });
  readonly norm2 = new nn.GroupNorm(3, 6);
  readonly linear = new nn.Linear(6 * 3 * 3, 4);

  forward(x: Tensor): Tensor {
    const h = ops.silu(this.norm1.forward(this.conv1.forward(x)));
    const y = ops.relu(this.norm2.forward(this.conv2.forward(h)));
    return this.linear.forward(ops.reshape(y, [x.shape[0]!, -1]));
  }
}

class Block extends nn.Module {
  readonly norm1 = new nn.LayerNorm(8);
  readonly attn = new nn.MultiheadAttention(8, 2);
  readonly norm2 = new nn.LayerNorm(8);
  readonly mlp = new nn.Sequential(new nn.Linear(8, 16), ops.gelu, new nn.Linear(16, 8));

  forward(x: Tensor, causal: boolean): Tensor {
    const h = this.norm1.forward(x);
    const y = ops.add(x, this.attn.forward(h, h, h, { causal }));
    return ops.add(y, this.mlp.forward(this.norm2.forward(y)));
  }
}

const NETWORKS: Record<string, () => Subject> = {
  mlp: () => {
    const { Linear } = nn;
    const net = new nn.Sequential(new Linear(5, 8), ops.tanh, new Linear(8, 8), ops.relu, new Linear(8, 3));
    return {
      module: net,
      run: ({ x, target }) => {
        const y = net.forward(x!);
        return { y, loss: nn.mseLoss(y, target!) };
      },
    };
  },
  convnet: () => {
    const module = new ConvNet();
    return {
      module,
      run: ({ x, labels }) => {
        const y = module.forward(x!);
        return { y, loss: nn.crossEntropy(y, labels!) };
      },
    };
  },
  attention_block: () => {
    const module = new Block();
    return { module, run: ({ x }) => ({ y: module.forward(x!, false) }) };
  },
  causal_attention_block: () => {
    const module = new Block();
    return { module, run: ({ x }) => ({ y: module.forward(x!, true) }) };
  },
  cross_attention: () => {
    const module = new nn.MultiheadAttention(8, 4, { kdim: 6, vdim: 5 });
    return { module, run: ({ query, key, value }) => ({ y: module.forward(query!, key, value) }) };
  },
  padded_cross_attention: () => {
    const module = new nn.MultiheadAttention(8, 2);
    return {
      module,
      run: ({ x, context, lengths }) => {
        const keyPaddingMask = ops.lessEqual(ops.reshape(lengths!, [2, 1]), ops.arange(4));
        return { y: module.forward(x!, context, context, { keyPaddingMask }) };
      },
    };
  },
};

suite("networks", (name) => NETWORKS[name]!());

suite("transformers", (name, { config }) => {
  // biome-ignore lint/suspicious/noExplicitAny: options as PyTorch names them, whatever they are
  const c = config as any;
  const options = {
    dimFeedforward: c.dim_feedforward,
    dropout: 0,
    activation: c.activation ?? "relu",
    normFirst: c.norm_first ?? name === "decoder",
  };
  // The second example has two tokens.
  const padding = ops.lessEqual(ops.tensor([[4], [2]], "int32"), ops.arange(4));
  const past = (length: number): Tensor => ops.triu(length, length, 1);
  const encoderLayer = () => new nn.TransformerEncoderLayer(8, 2, options);
  const decoderLayer = () => new nn.TransformerDecoderLayer(8, 2, options);
  if (name.startsWith("encoder_layer")) {
    const module = encoderLayer();
    const masks = c.masked ? { mask: past(4), keyPaddingMask: padding } : {};
    return { module, run: ({ x }) => ({ y: module.forward(x!, masks) }) };
  }
  if (name.startsWith("decoder_layer")) {
    const module = decoderLayer();
    const masks = (bias: Tensor): nn.DecoderMasks =>
      c.masked ? { tgtMask: past(3), memoryMask: bias, memoryKeyPaddingMask: padding } : {};
    return { module, run: ({ x, memory, bias }) => ({ y: module.forward(x!, memory!, masks(bias!)) }) };
  }
  if (name === "encoder") {
    const module = new nn.TransformerEncoder(encoderLayer, 2, { norm: new nn.LayerNorm(8) });
    return { module, run: ({ x }) => ({ y: module.forward(x!, { keyPaddingMask: padding }) }) };
  }
  if (name === "decoder") {
    const module = new nn.TransformerDecoder(decoderLayer, 2, { norm: new nn.LayerNorm(8) });
    const masks = { causal: true, tgtKeyPaddingMask: padding };
    return { module, run: ({ x, memory }) => ({ y: module.forward(x!, memory!, masks) }) };
  }
  const module = new nn.MultiheadAttention(8, 2);
  return {
    module,
    run: ({ x, y, bias }) => ({ y: module.forward(x!, y, y, { attnMask: bias!, keyPaddingMask: padding }) }),
  };
});

/** Three steps of a cell over x [2, 3, 3]. */
function unrolled(module: nn.Module, step: (x: Tensor, state: Tensor[]) => readonly Tensor[]): Subject {
  return {
    module,
    run: ({ x, h0, c0 }) => {
      let state: readonly Tensor[] = c0 ? [h0!, c0] : [h0!];
      const hs = [0, 1, 2].map((t) => {
        state = step(ops.squeeze(ops.narrow(x!, 1, t, t + 1), 1), [...state]);
        return state[0]!;
      });
      return { h: ops.stack(hs, 1), ...(c0 && { c: state[1]! }) };
    },
  };
}

function stacked(module: nn.RNN | nn.LSTM | nn.GRU): Subject {
  return {
    module,
    run: ({ x, h0, c0 }) => {
      const { output, state } = module.forward(x!, c0 ? [h0!, c0] : [h0!]);
      return { output, h: state[0]!, ...(c0 && { c: state[1]! }) };
    },
  };
}

const DEEP = { numLayers: 2, bidirectional: true };
const RECURRENT: Record<string, () => Subject> = {
  LSTMCell: () => {
    const cell = new nn.LSTMCell(3, 4);
    return unrolled(cell, (x, state) => cell.forward(x, state));
  },
  GRUCell: () => {
    const cell = new nn.GRUCell(3, 4);
    return unrolled(cell, (x, [h]) => [cell.forward(x, h)]);
  },
  RNNCell: () => {
    const cell = new nn.RNNCell(3, 4);
    return unrolled(cell, (x, [h]) => [cell.forward(x, h)]);
  },
  RNNCell_relu: () => {
    const cell = new nn.RNNCell(3, 4, { nonlinearity: "relu" });
    return unrolled(cell, (x, [h]) => [cell.forward(x, h)]);
  },
  RNN: () => stacked(new nn.RNN(3, 2, DEEP)),
  LSTM: () => stacked(new nn.LSTM(3, 2, DEEP)),
  GRU: () => stacked(new nn.GRU(3, 2, DEEP)),
};

suite("recurrent", (name) => RECURRENT[name]!());

describe("penalty", () => {
  // WGAN-GP: a gradient of a gradient.
  for (const [name, golden] of goldens("penalty"))
    test(name, async () => {
      const act = name === "wgan_gp" ? (x: Tensor) => ops.leakyRelu(x, 0.2) : ops.silu;
      const critic = new nn.Sequential(
        new nn.Linear(4, 6),
        act,
        new nn.Linear(6, 6),
        act,
        new nn.Linear(6, 1),
      );
      critic.loadStateDict(golden.state);
      const parameters = critic.namedParameters().filter(([n]) => n in golden.grads);
      const program = compile(
        ({ real, fake, eps }: Tensors) => {
          const mix = ops.add(ops.mul(real!, eps!), ops.mul(fake!, ops.sub(1, eps!)));
          const [slope] = grad(ops.sum(critic.forward(mix)), [mix]);
          const norm = ops.sqrt(ops.sum(ops.square(slope!), { axes: 1 }));
          const loss = ops.mul(ops.mean(ops.square(ops.sub(norm, 1))), golden.config.lambda as number);
          return {
            gradient: slope!,
            loss,
            // Between kinks a penalty on the slope does not feel the biases.
            grads: grad(
              loss,
              parameters.map(([, p]) => p),
              { unused: "zero" },
            ),
          };
        },
        { engine },
      );
      const { real, fake, eps } = golden.inputs;
      const found = await program({ real: real!, fake: fake!, eps: eps! });
      expect(distance(found.gradient, golden.outputs.gradient!)).toBeLessThan(1e-5);
      expect(distance(found.loss, golden.outputs.loss!)).toBeLessThan(1e-5);
      parameters.forEach(([n], i) => {
        expect(distance(found.grads[i]!, golden.grads[n]!), n).toBeLessThan(2e-5);
      });
      await program.dispose();
    });
});
