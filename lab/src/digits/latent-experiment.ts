/** A coder that learns digits step by step, wherever there is an engine; its map, and the image of any code. */
import type { ImageData } from "galatea/data/data.ts";
import { type Compiled, compile } from "galatea/engine/compile.ts";
import type { Engine } from "galatea/engine/engine.ts";
import { type Autoencoder, ae } from "galatea/generative/autoencoder.ts";
import { type Codes, codesOf, statistics } from "galatea/generative/latent.ts";
import { type Vae, vae } from "galatea/generative/vae.ts";
import { type Begun, begin } from "galatea/model/assemble.ts";
import type { AnyModel } from "galatea/model/contract.ts";
import { parseOptions } from "galatea/model/opened.ts";
import type { NdArray } from "galatea/tensor/ndarray.ts";
import type { Tensor } from "galatea/tensor/tensor.ts";
import type { Stepped } from "../experiment/protocol.ts";
import type { Live } from "../experiment/serve.ts";
import { ENDLESS, Trainee } from "../experiment/trainee.ts";
import { CODERS, type Coder, cell, GRID, type LatentKinds, type LatentLook, type LatentSetting, type Place, SHOWN, TRAINING } from "./latent.ts"; // biome-ignore format: a list of names
import { ofShare } from "./pixels.ts";

const MODELS: Readonly<Record<Coder, AnyModel>> = { vae, ae };
/** Standard deviations of the codes, or of their prior, to both sides. */
const REACH = 2.6;
/** From the middle: beyond it lie 1.1 % of N(0, I). */
const FAR = 3;

/** The share of codes that are far from the middle. */
function farOf(codes: Float32Array): number {
  let count = 0;
  for (let i = 0; i < codes.length; i += 2) if (Math.hypot(codes[i]!, codes[i + 1]!) > FAR) count++;
  return (2 * count) / codes.length;
}

export class LatentExperiment implements Live<LatentKinds> {
  readonly labels: Int32Array;
  readonly #trainee: Trainee;
  readonly #model: Vae | Autoencoder;
  readonly #images: NdArray;
  readonly #encode: Compiled<[Tensor], Tensor>;
  readonly #decode: Compiled<[Tensor], Tensor>;

  static async open(setting: LatentSetting, data: ImageData, engine: Engine): Promise<LatentExperiment> {
    const { model: name, seed, lr } = setting;
    const model = MODELS[name];
    const begun = begin(model, {
      data,
      options: parseOptions(model.options, { ...CODERS[name].options, ...setting.options }),
      training: { ...TRAINING, lr, lrSchedule: "constant", steps: ENDLESS },
      seed,
    });
    const trainee = await Trainee.open(begun, { engine, seed });
    const { images, labels } = await data.test.batch(Int32Array.from({ length: SHOWN }, (_, i) => i));
    return new LatentExperiment(begun, trainee, engine, images, (labels as NdArray<"int32">).data);
  }

  private constructor(begun: Begun, trainee: Trainee, engine: Engine, images: NdArray, labels: Int32Array) {
    this.labels = labels;
    this.#trainee = trainee;
    this.#images = images;
    const model = begun.task.module as unknown as Vae | Autoencoder;
    this.#model = model;
    this.#encode = compile((x: Tensor) => model.encode(x), { engine, name: "encoder" });
    this.#decode = compile((z: Tensor) => model.decode(z), { engine, name: "decoder" });
  }

  next(): Promise<Stepped> {
    return this.#trainee.next();
  }

  rewind(): void {
    this.#trainee.rewind();
  }

  async look(): Promise<LatentLook> {
    const codes = (await this.#encode(this.#images)) as Codes;
    const scale = await this.#model.prior.scale(async () => statistics(codes));
    const [[x, across], [y, up]] = [scale(0), scale(1)] as const;
    const window = { centre: [x, y], reach: [REACH * across, REACH * up] } as const;
    const places = Array.from({ length: GRID ** 2 }, (_, i) => [
      x + window.reach[0] * cell(i % GRID),
      y - window.reach[1] * cell(Math.floor(i / GRID)), // rows are counted from above
    ]);
    const grid = ofShare((await this.#decode(codesOf(places))).data as Float32Array);
    return {
      step: this.#trainee.step,
      numbers: { "codes/far": farOf(codes.data) },
      window,
      grid,
      codes: codes.data.slice(),
    };
  }

  async ask(place: Place, answer: (image: Float32Array) => void, wanted: () => boolean): Promise<void> {
    if (wanted()) answer(((await this.#decode(codesOf([place]))).data as Float32Array).slice());
  }

  async dispose(): Promise<void> {
    await this.#encode.dispose();
    await this.#decode.dispose();
    await this.#trainee.dispose();
  }
}
