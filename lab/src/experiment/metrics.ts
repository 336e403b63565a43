/** What is measured, in words; metrics.jsonl has the keys. */
import { type Language, words } from "../words/language.ts";

const named = words(
  {
    metrics: {
      loss: "loss",
      mse: "mean squared error",
      grad_norm: "norm of the gradient",
      lr: "learning rate",
      // Autoencoders.
      elbo: "lower bound (ELBO), nats",
      reconstruction: "reconstruction, nats",
      kl: "KL, nats",
      sigma: "σ of the decoder",
      // GANs.
      real_accuracy: "real ones it takes to be real",
      fake_accuracy: "generated ones it sees through",
      wasserstein: "mean score of real ones above generated ones",
      penalty: "gradient penalty",
      class_loss: "loss of the classes",
      // Policies.
      reward: "mean reward of a batch",
      beta: "β, price of leaving the reference",
      length: "length, steps or tokens",
      truncated: "answers that were cut short",
      noSignal: "prompts whose answers are all paid alike",
      entropy: "entropy of a choice, nats",
      clipped: "ratios that were clipped",
      // Agents.
      return: "return of an episode",
      value: "mean value",
      policy_loss: "loss of the policy",
      value_loss: "loss of the values",
      epsilon: "ε, share of random actions",
      alpha: "temperature α",
      // What looks measure.
      modes: "modes with a sample",
      good: "samples within 3σ of a mode",
      near: "samples near the data",
      covered: "data with a sample near",
      "heldOut/loss": "held-out loss, nats a token",
      "heldOut/accuracy": "held-out tokens right",
      "exact/reward": "mean reward, exact",
      "exact/kl": "KL to the reference, exact",
      "exact/right": "chance of the right answer, exact",
      "codes/far": "codes farther than 3 from the middle",
    },
    players: {
      discriminator: "discriminator",
      generator: "generator",
      critic: "critic",
      actor: "actor",
      temperature: "temperature",
    },
    of: (player: string, metric: string) => `${player}: ${metric}`,
  },
  {
    metrics: {
      loss: "损失",
      mse: "均方误差",
      grad_norm: "梯度的范数",
      lr: "学习率",
      elbo: "下界（ELBO，奈特）",
      reconstruction: "重构项（奈特）",
      kl: "KL（奈特）",
      sigma: "解码器的 σ",
      real_accuracy: "把真的判为真的比例",
      fake_accuracy: "识破生成的比例",
      wasserstein: "真的比生成的平均多得的分",
      penalty: "梯度惩罚",
      class_loss: "类别的损失",
      reward: "一批的平均奖励",
      beta: "β，偏离参考模型的代价",
      length: "长度（步或词元）",
      truncated: "没写完就到长度上限的回答",
      noSignal: "各个回答奖励全同的提示",
      entropy: "每次选择的熵（奈特）",
      clipped: "被裁剪的比值",
      return: "每局回报",
      value: "平均价值",
      policy_loss: "策略的损失",
      value_loss: "价值的损失",
      epsilon: "ε，随机动作的比例",
      alpha: "温度 α",
      modes: "有样本的点团数",
      good: "落在某个点团 3σ 以内的样本",
      near: "靠近数据的样本",
      covered: "附近有样本的数据",
      "heldOut/loss": "留出数据的损失（奈特/词元）",
      "heldOut/accuracy": "留出数据上写对的词元",
      "exact/reward": "平均奖励（精确）",
      "exact/kl": "对参考模型的 KL（精确）",
      "exact/right": "答对的概率（精确）",
      "codes/far": "离中心超过 3 的编码",
    },
    players: {
      discriminator: "判别器",
      generator: "生成器",
      critic: "评论家",
      actor: "演员",
      temperature: "温度",
    },
    of: (player, metric) => `${player}：${metric}`,
  },
);

/** What the lab's own looks measure is one of these: another does not compile until it has its words. */
export type MetricName = keyof (typeof named)["en"]["metrics"];

/** The word for a key of metrics.jsonl, of two players with the player's name before it; undefined where there is none. */
export function metricWord(key: string, lang: Language): string | undefined {
  const { metrics, players, of } = named[lang];
  const known = (name: string): string | undefined =>
    Object.hasOwn(metrics, name) ? metrics[name as MetricName] : undefined;
  const [player = "", ...rest] = key.split("/");
  if (!Object.hasOwn(players, player)) return known(key);
  const metric = known(rest.join("/"));
  return metric && of(players[player as keyof typeof players], metric);
}

/** The word for a key, or the key itself. */
export const metricName = (key: string, lang: Language): string => metricWord(key, lang) ?? key;
