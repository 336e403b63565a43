import { crossEntropy } from "../../nn/losses.ts";
import { Module } from "../../nn/module.ts";
import { grad } from "../../tensor/grad.ts";
import { asTensor, less, normal, stopGradient, uniform } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { holding, substitute } from "../../tensor/trace.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { Losses } from "../../train/task.ts";
import { type AdversarialLoss, gradientPenalty } from "./losses.ts";
import { Discriminator, type DiscriminatorOptions, Generator, type Verdict } from "./networks.ts";

/** Generator and discriminator (Goodfellow et al. 2014). */
export class Gan extends Module {
  readonly generator: Generator;
  readonly discriminator: Discriminator;
  readonly #latent: number;
  readonly #classes: number;

  /** `shape` is that of one example: an image [C, H, W] or a point [D]. */
  constructor(shape: Shape, options: DiscriminatorOptions, classes = 0) {
    super();
    this.generator = new Generator(shape, options, classes);
    this.discriminator = new Discriminator(shape, options, classes);
    this.#latent = options.latent;
    this.#classes = classes;
  }

  /** Dimensions of the noise. */
  get latent(): number {
    return this.#latent;
  }

  /** Classes it is conditioned on; 0 where it is not class-conditional. */
  get classes(): number {
    return this.#classes;
  }

  noise(key: Key, count: number): Tensor {
    return normal(key, [count, this.#latent]);
  }
}

export interface GameOptions {
  readonly loss: AdversarialLoss;
  /** Weight λ of the gradient penalty; 0: none. */
  readonly gradientPenalty: number;
  /** One-sided label smoothing: subtracted from the target of real examples (Salimans et al. 2016, section 3.4). */
  readonly labelSmoothing: number;
  /** Unrolled steps of the discriminator in the generator's loss (Metz et al. 2017); 0: none. */
  readonly unrolled: number;
  /** Learning rate of those steps. */
  readonly unrolledLr: number;
}

/** Real examples [N, ...], and their classes where the game is class-conditional. */
export interface Real {
  readonly x: Tensor;
  readonly labels: Tensor | undefined;
}

const variablesOf = (module: Module): Variable[] => module.variables().map(([, variable]) => variable);

/**
 * The discriminator's loss. Neither the generator's weights nor its running statistics change. Generated examples have
 * the classes of the real ones.
 */
export function discriminatorLoss(gan: Gan, real: Real, key: Key, options: GameOptions): Losses {
  const { generator } = gan;
  const z = gan.noise(key.split("noise"), real.x.shape[0]!);
  const fake = stopGradient(
    holding(variablesOf(generator), () => generator.forward(z, real.labels, key.split("generator"))),
  );
  return judged(gan.discriminator, real, fake, key, options);
}

function judged(d: Discriminator, real: Real, fake: Tensor, key: Key, options: GameOptions): Losses {
  const { loss, gradientPenalty: lambda, labelSmoothing } = options;
  const onReal = d.forward(real.x, real.labels, key.split("real"));
  const onFake = d.forward(fake, real.labels, key.split("fake"));
  const game = loss.discriminator(onReal.scores, onFake.scores, 1 - labelSmoothing);
  const [packedReal, packedFake] = [d.pack(real.x), d.pack(fake)];
  const epsilon = uniform(key.split("penalty"), [packedReal.shape[0]!]);
  const penalty =
    lambda > 0
      ? gradientPenalty(
          (x) => d.judge(x, real.labels, key.split("between")).scores,
          packedReal,
          packedFake,
          epsilon,
        )
      : undefined;
  // Odena et al. (2017), equation 3: the classifier learns from both.
  const classes = add0(classError(onReal, real.labels), classError(onFake, real.labels));
  const total = [game, penalty?.mul(lambda), classes].reduce(add0);
  return {
    loss: total!,
    ...told(loss, onReal.scores, onFake.scores),
    ...(penalty && { penalty }),
    ...(classes && { class_loss: classes }),
  };
}

const add0 = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined =>
  a && b ? a.add(b) : (a ?? b);

const classError = ({ classes }: Verdict, labels: Tensor | undefined): Tensor | undefined =>
  classes && labels && crossEntropy(classes, labels);

/** The discriminator's accuracy on real and on generated examples; for a critic, the difference of their mean scores. */
export function told({ boundary }: AdversarialLoss, real: Tensor, fake: Tensor): Record<string, Tensor> {
  if (boundary === undefined) return { wasserstein: real.mean().sub(fake.mean()) };
  const share = (holds: Tensor): Tensor => holds.cast("float32").mean();
  return { real_accuracy: share(less(boundary, real)), fake_accuracy: share(fake.less(boundary)) };
}

/** The generator's loss. Neither the discriminator's weights nor its running statistics change. */
export function generatorLoss(gan: Gan, real: Real, key: Key, options: GameOptions): Losses {
  const { generator, discriminator: d } = gan;
  const z = gan.noise(key.split("noise"), real.x.shape[0]!);
  const fake = generator.forward(z, real.labels, key.split("generator"));
  const loss = holding(variablesOf(d), () =>
    substitute(unrolled(d, real, fake, key, options), () => {
      const verdict = d.forward(fake, real.labels, key.split("fake"));
      return add0(options.loss.generator(verdict.scores), classError(verdict, real.labels))!;
    }),
  );
  return { loss };
}

/**
 * Metz et al. (2017), equations 7 to 9: the discriminator's weights after some steps of gradient descent on this batch,
 * as functions of the generator's samples, so that its gradient accounts for the discriminator's response.
 */
function unrolled(
  d: Discriminator,
  real: Real,
  fake: Tensor,
  key: Key,
  options: GameOptions,
): ReadonlyMap<Variable, Tensor> {
  let weights = new Map<Variable, Tensor>();
  for (let k = 0; k < options.unrolled; k++) {
    if (k === 0) weights = new Map(d.parameters().map((p) => [p, asTensor(p)]));
    weights = substitute(weights, () => {
      const { loss } = judged(d, real, fake, key.split("unrolled").split(k), options);
      const slopes = grad(loss, [...weights.values()]);
      return new Map([...weights].map(([p, value], i) => [p, value.sub(slopes[i]!.mul(options.unrolledLr))]));
    });
  }
  return weights;
}
