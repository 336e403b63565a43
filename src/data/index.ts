export * from "./batches.ts";
export * from "./dataset.ts";
export { idxDataset, idxSplit, type NamedBytes, parseIdx } from "./idx.ts";
export * from "./image.ts";
export * from "./image-files.ts";
export { drawMixture, MIXTURES, type Mixture } from "./mixtures.ts";
export { DATASETS, DIGITS, FASHION } from "./names.ts";
export * as transforms from "./transforms.ts";
export { type FetchOptions, fetchDataset } from "./web.ts";
