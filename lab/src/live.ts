/** The algorithms of the map that learn on a page of their own family: where, and with which settings. */
import type { NodeId } from "galatea/map/index.ts";

export interface LivePage {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
}

const pairs = (model: string, twin: string): LivePage => ({ path: "sequence", query: { model, twin } });
const gpt: LivePage = { path: "sequence/gpt" };
const agent = (name: string, query: Readonly<Record<string, string>> = {}): LivePage => ({
  path: "agents",
  query: { ...(name !== "ppo" && { agent: name }), ...query },
});
const film: LivePage = { path: "digits/film" };

export const LIVE_PAGES: Readonly<Partial<Record<NodeId, LivePage>>> = {
  rnn: { path: "sequence", query: { model: "code", twin: "none", cell: "rnn" } },
  lstm: { path: "sequence", query: { model: "code", cell: "lstm" } },
  gru: { path: "sequence", query: { model: "code", twin: "none" } },
  seq2seq: { path: "sequence", query: { model: "code", twin: "none" } },
  additive: pairs("additive", "code"),
  dot: pairs("dot", "additive"),
  attention: pairs("transformer", "dot"),
  "multi-head": pairs("transformer", "one-head"),
  transformer: pairs("transformer", "no-residual"),
  translation: pairs("transformer", "dot"),
  sinusoidal: pairs("transformer", "no-positions"),
  rotary: { path: "sequence", query: { model: "transformer", positions: "rotary", twin: "no-positions" } },
  "pre-norm": pairs("transformer", "no-norm"),
  counts: gpt,
  table: { path: "bridge" },
  stones: { path: "bridge/877" },
  gpt,
  cache: gpt,
  temperature: gpt,
  "top-k": gpt,
  "top-p": gpt,
  reinforce: agent("reinforce"),
  baseline: agent("baseline"),
  ac: agent("actor-critic"),
  a2c: agent("a2c"),
  ppo: agent("ppo"),
  dqn: agent("dqn"),
  double: agent("double-dqn"),
  dueling: agent("dqn", { twin: "dqn", dueling: "true" }),
  per: agent("dqn", { twin: "dqn", prioritized: "true" }),
  pqn: agent("pqn"),
  ddpg: agent("ddpg"),
  td3: agent("td3"),
  sac: agent("sac"),
  sft: { path: "alignment" },
  rloo: { path: "alignment" },
  grpo: { path: "alignment", query: { method: "grpo" } },
  "best-policy": { path: "alignment" },
  ae: { path: "digits/latent", query: { beside: "ae" } },
  vae: { path: "digits/latent" },
  "beta-vae": { path: "digits/latent", query: { beta: "4" } },
  "free-bits": { path: "digits/latent", query: { freeBits: "2" } },
  ddpm: film,
  ancestral: film,
  ddim: film,
  guidance: { path: "digits/guidance" },
  inpainting: { path: "digits/complete" },
};
