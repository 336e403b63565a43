import { expect, test } from "vitest";
import {
  type ModelRow,
  marginalSeconds,
  modelChart,
  modelTable,
} from "../../src/generative/compare/models.ts";
import { chartSvg } from "../../src/plot/chart.ts";

const row = (name: string, numbers: Record<string, number>): ModelRow => ({
  name,
  model: name.split("-")[0]!,
  parameters: 123_456,
  steps: 100,
  trainingSeconds: 90,
  secondsPerSample: 0.0123,
  numbers: {
    frechet: 3.456,
    precision: 0.9,
    recall: 0.8,
    classKl: 0.01234,
    sharpness: 1.05,
    samples: 1000,
    ...numbers,
  },
});

test("one row a run, without the columns that no run fills", () => {
  expect(modelTable([row("vae-mnist", {}), row("gan-mnist", { frechet: 2 })])).toBe(
    [
      "| run | model | parameters | training | Fréchet distance | precision | recall | KL of classes | sharpness | seconds per sample | n |",
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
      "| vae-mnist | vae | 123,456 | 1.5 min | 3.46 | 0.900 | 0.800 | 0.0123 | 1.05 | 0.012 | 1000 |",
      "| gan-mnist | gan | 123,456 | 1.5 min | 2.00 | 0.900 | 0.800 | 0.0123 | 1.05 | 0.012 | 1000 |",
    ].join("\n"),
  );
  const some = modelTable([row("vae-mnist", {}), row("ddpm-mnist", { recognised: 0.975 })]);
  expect(some).toContain("| sharpness | recognised | seconds per sample |");
  expect(some).toContain("| 1.05 | 97.5 % | 0.012 |");
  expect(some).toContain("| 1.05 |  | 0.012 |");
});

test("the time of one more image leaves out what starting costs", () => {
  expect(marginalSeconds({ count: 10, seconds: 1.1 }, { count: 110, seconds: 2.1 })).toBeCloseTo(0.01, 12);
  // Lost in noise: the whole time by the number.
  expect(marginalSeconds({ count: 10, seconds: 3 }, { count: 100, seconds: 2 })).toBeCloseTo(0.02, 12);
});

test("the bars name every run", async () => {
  const svg = await chartSvg(modelChart("Models", [row("vae-mnist", {}), row("gan-mnist", {})]));
  for (const words of ["Models", "vae-mnist", "gan-mnist", "precision", "Time per image"])
    expect(svg).toContain(words);
});
