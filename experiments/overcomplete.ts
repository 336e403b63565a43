import { join } from "node:path";
import { rows } from "../src/data/arrays.ts";
import { openData } from "../src/data/node.ts";
import { batchAt, showcase } from "../src/data/passes.ts";
import { compile } from "../src/engine/compile.ts";
import { UserError } from "../src/errors.ts";
import { writeFileAtomic } from "../src/files/node.ts";
import { ae } from "../src/generative/autoencoder.ts";
import type { Values as Images, LatentModel } from "../src/generative/latent-model.ts";
import { imageFigure } from "../src/plot/images.ts";
import { savePng, svgToPng } from "../src/plot/node.ts";
import { ndarray } from "../src/tensor/ndarray.ts";
import { hostPermutation, hostUniform, Key } from "../src/tensor/random.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import type { Data } from "../src/train/examples.ts";
import { type Experiment, markdownTable, trainModel } from "./experiment.ts";

/** Test images a kind. */
const COUNT = 2000;
/** Images a kind in the picture. */
const SHOWN = 3;

/** All learn from the digits alone, by the squared error. */
const MODELS = [
  {
    name: "undercomplete, 32 numbers",
    options: { latent: 32, reconstruction: "gaussian" },
    epochs: 6,
  },
  {
    name: "overcomplete, linear, 1568 numbers",
    options: { latent: 1568, depth: 0, reconstruction: "gaussian" },
    epochs: 3,
  },
  {
    name: "overcomplete, convolutions, 1568 numbers",
    options: {
      network: "fully-conv",
      latent: 1568,
      depth: 1,
      channels: 64,
      reconstruction: "gaussian",
    },
    epochs: 3,
  },
];

/**
 * Goodfellow, Bengio and Courville (2016), section 14.2: an autoencoder with a code larger than its input and no
 * constraint can learn to copy. Then it copies anything, also what it never saw; one with a small code cannot,
 * and keeps what digits have in common.
 */
export const overcomplete: Experiment = {
  description: "a large code copies whatever it is shown; a small one knows digits only",
  run: async ({ engine, out, epochs }) => {
    const data = await openData("mnist");
    const kinds = await kindsOfImages(data);
    const measured: { name: string; scores: Score[] }[] = [];
    for (const model of MODELS) {
      const module = await trainModel(model.name, ae, model.options, data, {
        engine,
        epochs: epochs ?? model.epochs,
      });
      const network = module as LatentModel;
      const program = compile((x: Tensor) => network.decode(network.encode(x)), { engine });
      const scores: Score[] = [];
      for (const { images } of kinds) scores.push(score(images, (await program(images)) as Images));
      measured.push({ name: model.name, scores });
      await program.dispose();
      for (const [, variable] of network.variables()) engine.state.release(variable);
    }
    const table = markdownTable(
      ["share of the variance that comes back", ...kinds.map((k) => k.name)],
      measured.map(({ name, scores }) => [name, ...scores.map((s) => `${(100 * s.explained).toFixed(1)} %`)]),
    );
    const figure = await imageFigure({
      title: "Trained on digits only: what comes back",
      subtitle: kinds.map((k) => k.name).join(" · "),
      size: 40,
      rows: [
        { name: "input", images: shown(kinds.map((k) => k.images)) },
        ...measured.map(({ name, scores }) => ({ name, images: shown(scores.map((s) => s.output)) })),
      ],
    });
    await savePng(join(out, "overcomplete.png"), svgToPng(figure, { scale: 1 }));
    await writeFileAtomic(join(out, "overcomplete.md"), new TextEncoder().encode(`${table}\n`));
    console.log(`\n${table}\n\n${join(out, "overcomplete.png")}\n${join(out, "overcomplete.md")}`);
  },
};

interface Score {
  readonly output: Images;
  /** 1 − squared error / variance of the pixels; below 0: worse than an even grey. */
  readonly explained: number;
}

function score(images: Images, output: Images): Score {
  const { data } = images;
  const mean = data.reduce((total, v) => total + v, 0) / data.length;
  const error = data.reduce((total, v, i) => total + (v - output.data[i]!) ** 2, 0);
  const variance = data.reduce((total, v) => total + (v - mean) ** 2, 0);
  return { output, explained: 1 - error / variance };
}

/** The first images of each kind, next to one another. */
function shown(batches: readonly Images[]): Images {
  const each = batches.map((images) => rows(images, 0, SHOWN));
  const data = each.flatMap((images) => [...images.data]);
  return ndarray(Float32Array.from(data), [each.reduce((n, e) => n + e.shape[0]!, 0), 1, 28, 28]);
}

interface Kind {
  readonly name: string;
  readonly images: Images;
}

/** Digits, and images that are more and more unlike them. */
async function kindsOfImages(data: Data): Promise<Kind[]> {
  const { x: digits } = await batchAt(data.test, await showcase(data.test, COUNT));
  const pixels = 28 * 28;
  const shuffle = hostPermutation(Key.seed(1).split("shuffle"), pixels);
  const like = (values: Float32Array): Images => ndarray(values, digits.shape);
  const kinds = [
    { name: "digits", images: digits },
    { name: "inverted digits", images: like(digits.data.map((v) => 1 - v)) },
    {
      name: "digits with shuffled pixels",
      images: like(digits.data.map((_, i) => digits.data[i - (i % pixels) + shuffle[i % pixels]!]!)),
    },
    { name: "uniform noise", images: like(hostUniform(Key.seed(1).split("noise"), digits.data.length)) },
  ];
  const fashion = await openData("fashion-mnist").catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    console.error(`without Fashion-MNIST: ${error.message}`);
    return undefined;
  });
  if (fashion) {
    const { x: images } = await batchAt(fashion.test, await showcase(fashion.test, COUNT));
    kinds.splice(1, 0, { name: "clothes (Fashion-MNIST)", images });
  }
  return kinds;
}
