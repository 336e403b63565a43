/** What of a model in the plane can be taken along, as files. */
import type { Setting } from "./models.ts";

/** Metrics by name, step after step, some of them not at every step. */
interface Series {
  readonly steps: readonly number[];
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** By model, data and step: `vae-ring-8-step-1200.csv`; a folder has no extension. */
export const fileName = ({ model, data }: Setting, step: number, extension?: string): string =>
  `${model}-${data}-step-${step}${extension ? `.${extension}` : ""}`;

/** Points [n, 2] as lines of two numbers, to the seven digits that a float32 has. */
export function csvOf(points: Float32Array): string {
  const lines = ["x,y"];
  for (let i = 0; i < points.length; i += 2)
    lines.push(`${Number(points[i]!.toPrecision(7))},${Number(points[i + 1]!.toPrecision(7))}`);
  return `${lines.join("\n")}\n`;
}

/** The setting and every number by step; null where it was not measured. */
export function curvesOf({ model, data, seed, options }: Setting, { steps, values }: Series): string {
  const filled = Object.entries(values).map(([name, list]) => [name, steps.map((_, i) => list[i] ?? null)]);
  const all = { model, data, seed, options, steps, values: Object.fromEntries(filled) };
  return `${JSON.stringify(all)}\n`;
}

/** Every number by step, a line each, as in the folder of a run: to the nine digits that tell float32 numbers apart. */
export function metricsOf({ steps, values }: Series): string {
  const lines = steps.map((step, i) => {
    const known = Object.entries(values).flatMap(([name, list]) =>
      list[i] === undefined ? [] : [[name, Number(list[i].toPrecision(9))] as const],
    );
    return `${JSON.stringify({ step, ...Object.fromEntries(known) })}\n`;
  });
  return lines.join("");
}

/** What a canvas shows, on this ground: by itself it has none. */
export function pictureOf(canvas: HTMLCanvasElement, ground: string): Promise<Blob | null> {
  const whole = document.createElement("canvas");
  [whole.width, whole.height] = [canvas.width, canvas.height];
  const context = whole.getContext("2d")!;
  context.fillStyle = ground;
  context.fillRect(0, 0, whole.width, whole.height);
  context.drawImage(canvas, 0, 0);
  return new Promise((done) => whole.toBlob(done, "image/png"));
}
