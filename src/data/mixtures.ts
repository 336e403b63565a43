import { hostNormal, hostUniform, type Key } from "../tensor/random.ts";

/** A mixture of equally likely isotropic Gaussians in the plane, on which mode collapse is studied. */
export interface Mixture {
  readonly name: string;
  readonly centres: readonly (readonly [x: number, y: number])[];
  /** Standard deviation of each Gaussian, in both directions. */
  readonly sigma: number;
}

/** Both as in Lin et al. (2018), "PacGAN", section 4.1, and Srivastava et al. (2017), "VEEGAN". */
export const MIXTURES = {
  "gaussians-25": {
    name: "gaussians-25",
    centres: Array.from({ length: 25 }, (_, i) => [2 * (i % 5) - 4, 2 * Math.floor(i / 5) - 4] as const),
    sigma: 0.05,
  },
  "ring-8": {
    name: "ring-8",
    centres: Array.from(
      { length: 8 },
      (_, i) => [Math.cos((i * Math.PI) / 4), Math.sin((i * Math.PI) / 4)] as const,
    ),
    sigma: 0.01,
  },
} as const satisfies Record<string, Mixture>;

/** `count` points [count, 2], and the index of the Gaussian each comes from. */
export function drawMixture(
  { centres, sigma }: Mixture,
  count: number,
  key: Key,
): { points: Float32Array; labels: Int32Array } {
  const which = hostUniform(key.split("mode"), count);
  const points = hostNormal(key.split("noise"), 2 * count);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const mode = Math.floor(which[i]! * centres.length);
    labels[i] = mode;
    for (const axis of [0, 1] as const)
      points[2 * i + axis] = centres[mode]![axis] + sigma * points[2 * i + axis]!;
  }
  return { points, labels };
}
