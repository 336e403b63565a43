/** Peak signal-to-noise ratio of an image whose values span [0, 1], in decibels: 10·log₁₀(1 / MSE). */
export const psnr = (meanSquaredError: number): number => -10 * Math.log10(meanSquaredError);
