import { words } from "../words/language.ts";

/** What every experiment says. */
export const experimentWords = words(
  {
    play: "Play",
    pause: "Pause",
    step: "One step",
    half: "Half a step",
    slow: "Slowly",
    rewind: "Rewind",
    settings: "Settings",
    reset: "As at first",
    seed: "Seed",
    at: (step: number) => `step ${step}`,
    loading: "The engine is loading…",
    hang: "The worker gave no sign of life for ten seconds and was stopped. Press Rewind to start it anew.",
    badSeed: (text: string) => `“${text}” is not a seed; 0 is used.`,
    badOption: (name: string, text: string) => `“${text}” is no value for ${name}; the usual one is used.`,
  },
  {
    play: "运行",
    pause: "暂停",
    step: "走一步",
    half: "走半步",
    slow: "慢放",
    rewind: "回到起点",
    settings: "设置",
    reset: "恢复默认",
    seed: "随机种子",
    at: (step) => `第 ${step} 步`,
    loading: "正在加载引擎……",
    hang: "后台线程十秒没有动静，已被停掉。按“回到起点”重新开始。",
    badSeed: (text) => `“${text}”不能作随机种子，先用 0。`,
    badOption: (name, text) => `“${text}”不能作“${name}”的值，先用默认值。`,
  },
);
