/** A tiny GPT that learns from answers, and then from rewards; wherever there is an engine. */
import { taskData } from "galatea/data/tasks.ts";
import type { Engine } from "galatea/engine/engine.ts";
import { UserError } from "galatea/errors.ts";
import { type BeginOptions, begin } from "galatea/model/assemble.ts";
import type { AnyModel, World } from "galatea/model/contract.ts";
import type { StateDict } from "galatea/nn/module.ts";
import { type Asked, dialogueOf, promptsOf } from "galatea/rl/alignment/dialogue.ts";
import { optimalSuccess } from "galatea/rl/alignment/exact.ts";
import { grpo } from "galatea/rl/alignment/grpo.ts";
import { rewardsOf } from "galatea/rl/alignment/rewards.ts";
import { rloo } from "galatea/rl/alignment/rloo.ts";
import { sft } from "galatea/rl/alignment/sft.ts";
import { roomOf } from "galatea/rl/alignment/studio.ts";
import { fastRandom } from "galatea/rl/random.ts";
import type { Gpt } from "galatea/sequence/gpt.ts";
import type { TrainEvent } from "galatea/train/checkpoint.ts";
import type { Kinds, Seen, Stepped } from "../experiment/protocol.ts";
import type { Live } from "../experiment/serve.ts";
import { ENDLESS, Trainee } from "../experiment/trainee.ts";
import { best, frontier, type Point, placeOf, rewardAt } from "./frontier.ts";
import { Listing } from "./listing.ts";
import { type AlignSetting, ANSWERS, DATA, type MethodName, rewardsBy, TINY } from "./setup.ts";

/** A completion: its chance under π_ref, under the policy as it is, and under π*. */
export interface Outcome {
  readonly text: string;
  readonly reward: number;
  readonly reference: number;
  readonly policy: number;
  readonly optimum: number;
}

export interface AlignLook extends Seen {
  readonly place: Point;
  /** The most reward at this divergence. */
  readonly most: number;
  readonly outcomes: readonly Outcome[];
  /** Draws for the prompt, by the same random numbers. */
  readonly draws: { readonly reference: readonly string[]; readonly policy: readonly string[] };
  /** Of the right answer: its chance under π_ref, and under π* where the reward is 1 for it alone. */
  readonly answer: { readonly reference: number; readonly policy: number; readonly optimum: number };
}

export interface AlignKinds extends Kinds {
  readonly setting: AlignSetting;
  readonly opened: {
    readonly prompts: readonly Asked[];
    readonly curve: readonly Point[];
    /** Where π* stands for this β. */
    readonly goal: Point;
  };
  /** Whose completions are shown. */
  readonly how: { readonly prompt: number };
  readonly look: AlignLook;
  readonly ask: never;
  readonly answer: never;
}

/** Prompts that are listed, and completions and draws that are shown. */
const [LISTED, SHOWN, DRAWS] = [16, 8, 6] as const;

const MODELS: Readonly<Record<MethodName, AnyModel>> = { rloo, grpo };
const data = taskData(DATA.slice("task:".length), DATA);
const nothing = (): Promise<never> => Promise.reject(new UserError("this page has nothing of that kind"));
const WORLD: World = { data: async () => data, asset: nothing, file: nothing, run: nothing };

/** The reference model of each seed is trained once. */
const references = new Map<number, StateDict>();

async function referenceOf(
  seed: number,
  engine: Engine,
  progress: (done: number, total: number) => void,
): Promise<StateDict> {
  const known = references.get(seed);
  if (known) return known;
  const { steps } = ANSWERS.training;
  const begun = begin(sft, { data, ...ANSWERS, seed });
  const trainee = await Trainee.open(begun, { engine, seed });
  for (let step = 0; step < steps; step++) {
    await trainee.next();
    progress(step + 1, steps);
  }
  const weights = await begun.task.module.stateDict();
  await trainee.dispose();
  references.set(seed, weights);
  return weights;
}

type Weights = NonNullable<BeginOptions["weights"]>;

/** What learns from rewards, with the options of its method. */
function begunBy(setting: AlignSetting, weights: Weights) {
  const model = MODELS[setting.method];
  const { options: own, training } = rewardsBy(setting);
  // The page looks by itself.
  const options: unknown = model.options.parse({ ...own, heldOut: 1 });
  const begun = begin(model, {
    data,
    options: options as Record<string, unknown>,
    training: { ...training, steps: ENDLESS },
    seed: setting.seed,
    weights,
  });
  return { model, options, begun };
}

export class Alignment implements Live<AlignKinds> {
  readonly opened: AlignKinds["opened"];
  readonly #learns: ReturnType<typeof begunBy>;
  readonly #engine: Engine;
  readonly #weights: Weights;
  readonly #listing: Listing;
  readonly #reference: readonly Float64Array[];
  readonly #rewards: readonly Float64Array[];
  readonly #optimum: readonly Float64Array[];
  readonly #setting: AlignSetting;
  #events: AsyncGenerator<TrainEvent>;
  #step = 0;

  static async open(
    setting: AlignSetting,
    engine: Engine,
    progress: (done: number, total: number) => void,
  ): Promise<Alignment> {
    const dict = await referenceOf(setting.seed, engine, progress);
    const weights = { dict, source: "the reference model" };
    const learns = begunBy(setting, weights);
    const module = learns.begun.task.module as Gpt;
    const dialogue = dialogueOf(data.spec);
    const asked = promptsOf(data, 0);
    const all = [...asked.train, ...asked.test].toSorted((a, b) => (a.prompt < b.prompt ? -1 : 1));
    const prompts = Array.from({ length: LISTED }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / LISTED)]!); // biome-ignore format: one line
    const { maxNewTokens: most } = roomOf(asked, dialogue, { context: TINY.context });
    const listing = new Listing(module, engine, { prompts, dialogue, most });
    const reference = await listing.chances();
    const [{ of }] = rewardsOf([setting.reward], { data: () => data, tones: nothing as never }) as [
      ReturnType<typeof rewardsOf>[number],
    ];
    const rewards = prompts.map((prompt) =>
      Float64Array.from(listing.texts, (completion) => of({ ...prompt, completion })),
    );
    return new Alignment({ setting, learns, engine, weights, listing, reference, rewards, prompts });
  }

  private constructor(of: {
    readonly setting: AlignSetting;
    readonly learns: ReturnType<typeof begunBy>;
    readonly engine: Engine;
    readonly weights: Weights;
    readonly listing: Listing;
    readonly reference: readonly Float64Array[];
    readonly rewards: readonly Float64Array[];
    readonly prompts: readonly Asked[];
  }) {
    const { reference, rewards, setting } = of;
    const { policy, point } = best(reference, rewards, setting.beta);
    this.opened = { prompts: of.prompts, curve: frontier(reference, rewards), goal: point };
    this.#setting = setting;
    this.#learns = of.learns;
    this.#engine = of.engine;
    this.#weights = of.weights;
    this.#listing = of.listing;
    this.#reference = reference;
    this.#rewards = rewards;
    this.#optimum = policy;
    this.#events = this.#learning();
  }

  #learning(): AsyncGenerator<TrainEvent> {
    const { model, options, begun } = this.#learns;
    return model.learn!({
      task: begun.task,
      plan: begun.plan,
      examples: begun.sets.train,
      engine: this.#engine,
      seed: this.#setting.seed,
      weights: this.#weights,
      options,
      spec: data.spec,
      world: WORLD,
      sampleEvery: ENDLESS,
      checkpointEvery: ENDLESS,
    });
  }

  async next(): Promise<Stepped> {
    for (;;) {
      const { value, done } = await this.#events.next();
      if (done) throw new UserError("this training has come to its end: rewind");
      if (value.kind !== "step") continue;
      this.#step = value.step;
      return { step: value.step, player: undefined, metrics: value.metrics };
    }
  }

  async rewind(): Promise<void> {
    await this.#events.return(undefined);
    const { dict, source } = this.#weights;
    this.#learns.begun.task.module.loadStateDict(dict, { source });
    this.#events = this.#learning();
    this.#step = 0;
  }

  async look({ prompt }: AlignKinds["how"]): Promise<AlignLook> {
    const chances = await this.#listing.chances();
    const place = placeOf(chances, this.#reference, this.#rewards);
    const [now, before, goal] = [chances, this.#reference, this.#optimum].map((all) => all[prompt]!) as [Float64Array, Float64Array, Float64Array]; // biome-ignore format: one line
    const { texts } = this.#listing;
    const top = texts
      .map((text, i): Outcome => ({ text, reward: this.#rewards[prompt]![i]!, reference: before[i]!, policy: now[i]!, optimum: goal[i]! })) // biome-ignore format: one line
      .sort((a, b) => Math.max(b.reference, b.policy) - Math.max(a.reference, a.policy))
      .slice(0, SHOWN);
    const right = texts.indexOf(this.opened.prompts[prompt]!.answer!);
    return {
      step: this.#step,
      numbers: { "exact/reward": place.reward, "exact/kl": place.kl, "exact/right": this.#right(chances) },
      place,
      most: rewardAt(this.opened.curve, place.kl),
      outcomes: top,
      draws: { reference: this.#drawn(before), policy: this.#drawn(now) },
      answer: {
        reference: before[right]!,
        policy: now[right]!,
        optimum: optimalSuccess(before[right]!, Math.max(this.#setting.beta, 1e-3)),
      },
    };
  }

  /** The chance of the right answer, on average over the prompts. */
  #right(chances: readonly Float64Array[]): number {
    const { texts } = this.#listing;
    const each = this.opened.prompts.map(({ answer }, i) => chances[i]![texts.indexOf(answer!)]!);
    return each.reduce((a, b) => a + b, 0) / each.length;
  }

  /** Some draws; of two policies by the same random numbers. */
  #drawn(chances: Float64Array): string[] {
    const rng = fastRandom([this.#setting.seed, 7]);
    return Array.from({ length: DRAWS }, () => {
      let left = rng.random();
      const at = chances.findIndex((p) => (left -= p) < 0);
      return this.#listing.texts[at < 0 ? chances.length - 1 : at]!;
    });
  }

  async dispose(): Promise<void> {
    await this.#events.return(undefined);
    await this.#listing.dispose();
  }
}
