/** Images of MNIST that the pages have: the first of each part, about a megabyte. */
export const LIMIT = { train: 6000, test: 1000 } as const;
