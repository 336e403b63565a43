/** A text in both languages of the guides. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}
export type Language = keyof Text;

export const FAMILIES = {
  bridge: { en: "The bridge", zh: "桥" },
  autoencoders: { en: "Autoencoders", zh: "自编码器" },
  gans: { en: "GANs", zh: "生成对抗网络" },
  diffusion: { en: "Diffusion", zh: "扩散模型" },
  measures: { en: "Measures", zh: "度量" },
  sequence: { en: "Sequence models", zh: "序列模型" },
  rl: { en: "Reinforcement learning", zh: "强化学习" },
  "deep-rl": { en: "Deep reinforcement learning", zh: "深度强化学习" },
  games: { en: "Games of two", zh: "双人博弈" },
  alignment: { en: "RL for GPT", zh: "GPT 的强化学习" },
} as const satisfies Record<string, Text>;
export type Family = keyof typeof FAMILIES;

/** An algorithm, or a part of one that can be switched on by itself. */
export interface MapNode {
  readonly title: Text;
  /** The file that runs, from the project's root, and what it exports. */
  readonly file: string;
  readonly symbol: string;
  /** The section of Sutton & Barto (2nd edition), or the paper. */
  readonly source: { readonly section: string } | { readonly paper: string };
  /** What it computes, as TeX. */
  readonly formula: string;
  /** How the command line runs it. */
  readonly command?: string;
}

/** One step from an algorithm to the one that grew from it. */
export interface MapEdge<Id extends string = string> {
  readonly from: Id;
  readonly to: Id;
  /** What is changed, in a sentence. */
  readonly change: Text;
  /** The term that is changed: before and after, as TeX. */
  readonly formula: readonly [before: string, after: string];
  /** Whether it is a limit (n → ∞, say) and not a step. */
  readonly limit?: true;
}

export type MapNodes = Readonly<Record<string, MapNode>>;

/** TeX as it is written, backslashes and all. */
export const tex = String.raw;
