import { join } from "node:path";
import { z } from "zod";
import { rows } from "../src/data/arrays.ts";
import type { PointData } from "../src/data/data.ts";
import { batchAt } from "../src/data/passes.ts";
import { POINTS } from "../src/data/points.ts";
import type { Engine } from "../src/engine/engine.ts";
import { lookup } from "../src/errors.ts";
import { writeFileAtomic } from "../src/files/node.ts";
import { type Autoencoder, ae } from "../src/generative/autoencoder.ts";
import { dae } from "../src/generative/denoising.ts";
import { type DiffusionContext, diffusionOf } from "../src/generative/diffusion/config.ts";
import { ddpm } from "../src/generative/diffusion/ddpm.ts";
import { planOf, SAMPLER, samplerOf } from "../src/generative/diffusion/sampler-options.ts";
import { initialNoise } from "../src/generative/diffusion/sampling.ts";
import type { Gan } from "../src/generative/gan/game.ts";
import { gan } from "../src/generative/gan/gan.ts";
import { coding, type LatentContext } from "../src/generative/latent-model.ts";
import { pointQuality } from "../src/generative/metrics/point-quality.ts";
import { PlaneFilm, scoreChart } from "../src/generative/plane/diffusion.ts";
import { fieldChart, latentGridChart } from "../src/generative/plane/latent.ts";
import { gridLines, scatter, sceneOf } from "../src/generative/plane/scatter.ts";
import { vae } from "../src/generative/vae.ts";
import { begin } from "../src/model/assemble.ts";
import { withModel } from "../src/model/context.ts";
import type { AnyModel, Context } from "../src/model/contract.ts";
import { nodeWorld } from "../src/model/node.ts";
import type { ChartSpec } from "../src/plot/chart.ts";
import { saveChart } from "../src/plot/index.node.ts";
import { sideBySide } from "../src/plot/parts.ts";
import { type Points, planeChart, squareAround } from "../src/plot/plane.ts";
import { Key } from "../src/tensor/random.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { type Experiment, markdownTable, trainSteps } from "./experiment.ts";

/** Samples that are shown and measured, and the side of a panel. */
const [COUNT, SIDE] = [2500, 230];

/** The context of whichever model it is. */
// biome-ignore lint/suspicious/noExplicitAny: each model's own types are known only to its file
type AnyContext = Context<any, any>;

interface Entry {
  readonly name: string;
  readonly model: AnyModel;
  readonly options: Readonly<Record<string, unknown>>;
  readonly training: Readonly<Record<string, unknown>> & { readonly steps: number };
  /** What it has learned besides its samples: a title and its chart. */
  readonly learned: (context: AnyContext, data: PointData) => Promise<ChartSpec>;
}

const grid = (title: string) => (context: LatentContext) =>
  latentGridChart(context, coding(context), { title, x: "", y: "" }, SIDE);

/** The generator's plane of noises. */
async function generatorGrid(context: Context<unknown, Gan>): Promise<ChartSpec> {
  const { module, compile, spec } = context;
  const program = compile((noise: Tensor) => module.generator.forward(noise, undefined), "generator");
  const curves: Points[] = [];
  for (const line of gridLines(() => [0, 1], 2.5, [17, 120])) curves.push((await program(line)) as Points);
  const scene = sceneOf(spec);
  return planeChart(
    { title: "GAN: noise grid, generated", x: "", y: "" },
    scene?.square ?? squareAround(curves),
    [...(scene?.layers ?? []), { kind: "curves", curves, opacity: 0.7 }],
    { size: SIDE },
  );
}

/** The score at a little noise. */
async function score(context: DiffusionContext, data: PointData): Promise<ChartSpec> {
  const sampler = samplerOf(context);
  const { x } = await batchAt(
    data.test,
    Int32Array.from({ length: 1000 }, (_, i) => i),
  );
  const t = Math.round(0.08 * sampler.model.schedule.T);
  return scoreChart(sampler, x, t, { key: context.key, title: `DDPM: score at t = ${t}`, size: SIDE });
}

/** Ways from noise by DDIM. */
async function ways(context: DiffusionContext): Promise<ChartSpec> {
  const model = diffusionOf(context);
  const { plan } = planOf(model.schedule, z.strictObject(SAMPLER).parse({ spacing: "quadratic" }));
  const film = new PlaneFilm(context, plan);
  const x = initialNoise(model, context.key, 150);
  film.begin(x);
  for await (const now of samplerOf(context).run(plan, { x, key: context.key })) film.add(now);
  return film.chart({ title: "DDIM: from noise to points", x: "", y: "" }, SIDE);
}

const ENTRIES: readonly Entry[] = [
  { name: "AE", model: ae, options: {}, training: { steps: 1600, batchSize: 256 }, learned: grid("AE: line of codes, decoded") }, // biome-ignore format: a table
  { name: "DAE", model: dae, options: {}, training: { steps: 1600, batchSize: 256 }, learned: (context) => fieldChart(context, coding(context), { title: "DAE: reconstruction − x", x: "", y: "" }, SIDE) }, // biome-ignore format: a table
  { name: "VAE", model: vae, options: { klWarmup: 0 }, training: { steps: 3200, batchSize: 256, lr: 5e-3 }, learned: grid("VAE: grid of codes, decoded") }, // biome-ignore format: a table
  { name: "GAN", model: gan, options: { latent: 2, discriminatorNorm: "none", minibatchStddev: true }, training: { steps: 3200, batchSize: 128, lr: 1e-3, beta1: 0, beta2: 0.9, cooldown: 1 }, learned: generatorGrid }, // biome-ignore format: a table
  { name: "DDPM", model: ddpm, options: { unconditional: true, prediction: "v" }, training: { steps: 3200, batchSize: 256, cooldown: 0.5 }, learned: score }, // biome-ignore format: a table
];

interface Result {
  readonly name: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly samples: Points;
  readonly learned: ChartSpec;
}

/** Train one of them and look at it; diffusion gives two results, one for each sampler. */
async function resultsOf(entry: Entry, data: PointData, engine: Engine, share: number): Promise<Result[]> {
  const { model, options, name, learned } = entry;
  const steps = Math.max(1, Math.round(share * entry.training.steps));
  const begun = begin(model, { options, data, training: { ...entry.training, steps } });
  const { module } = begun.task;
  const parts = { module, options: model.options.parse(options), spec: data.spec, engine, key: Key.seed(0) };
  const world = nodeWorld(async () => data);
  let found: Omit<Result, "steps">[] = [];
  const look = async (context: AnyContext): Promise<Omit<Result, "steps">[]> => {
    const result = async (as: string, samples: Points, chart: ChartSpec) => ({
      name: as,
      numbers: await pointQuality(samples, data, () => {}),
      samples,
      learned: chart,
    });
    if (model !== ddpm) {
      const drawn = (await (model as typeof ae).draw(context as Context<never, Autoencoder>, COUNT)).x;
      return [await result(name, drawn, await learned(context, data))];
    }
    const by = async (given: object): Promise<Points> => {
      const { schedule } = diffusionOf(context);
      const { plan } = planOf(schedule, z.strictObject(SAMPLER).parse(given));
      return samplerOf(context).sample(plan, { count: COUNT, batchSize: COUNT, key: context.key });
    };
    return [
      await result(
        "DDPM",
        await by({ sampler: "ddpm", variance: "fixed-small" }),
        await learned(context, data),
      ),
      await result("DDIM, 50 steps", await by({ spacing: "quadratic" }), await ways(context)),
    ];
  };
  await trainSteps(name, begun, engine, async (averages) => {
    found = await withModel({ ...parts, world, averages }, look);
  });
  module.dispose();
  return found.map((each) => ({ ...each, steps }));
}

const percent = (share: number | undefined): string =>
  share === undefined ? "" : `${(100 * share).toFixed(1)} %`;

/** Every generative model on one set of points in the plane. */
export const plane: Experiment = {
  description: "AE, DAE, VAE, GAN, DDPM and DDIM on the same points in the plane",
  run: async ({ engine, out, epochs, data: name = "ring-8" }) => {
    const data = lookup("data set", POINTS, name)();
    const all: Result[] = [];
    // `epochs` is for a quick look: so many hundredths of the recorded length.
    for (const entry of ENTRIES) all.push(...(await resultsOf(entry, data, engine, (epochs ?? 100) / 100)));
    const modes = data.mixture?.centres.length;
    const scene = sceneOf(data.spec);
    const shown = all.map(({ name, samples, numbers: n }) => {
      const subtitle = modes
        ? `${n.modes} modes, ${percent(n.good_samples)} good`
        : `precision ${n.precision!.toFixed(2)}, recall ${n.recall!.toFixed(2)}`;
      return scatter({ title: name, subtitle, x: "", y: "" }, rows(samples, 0, COUNT), scene, SIDE);
    });
    const files = [join(out, `plane-${name}-samples.png`), join(out, `plane-${name}-learned.png`)];
    await saveChart(files[0]!, sideBySide(`${name}: ${COUNT} samples of each`, shown, 3), { scale: 1.5 });
    const inside = all.map(({ learned }) => learned);
    await saveChart(files[1]!, sideBySide(`${name}: what each has learned`, inside, 3), { scale: 1.5 });
    const head = [
      "",
      ...(modes ? [`modes of ${modes}`, "good samples"] : []),
      "precision",
      "recall",
      "steps",
    ];
    const table = markdownTable(
      head,
      all.map(({ name, numbers: n, steps }) => [
        name,
        ...(modes ? [String(n.modes), percent(n.good_samples)] : []),
        n.precision!.toFixed(2),
        n.recall!.toFixed(2),
        steps.toLocaleString("en-US"),
      ]),
    );
    await writeFileAtomic(join(out, `plane-${name}.md`), `${table}\n`);
    console.log(`\n${table}\n\n${files.join("\n")}`);
  },
};
