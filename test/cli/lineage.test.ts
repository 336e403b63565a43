import { expect, test } from "vitest";
import { cli } from "./helpers.ts";

test.each([
  [
    ["train", "vae"],
    "  autoencoder (galatea train ae)\n      the code becomes a distribution",
    "β-VAE (--beta 4)\n",
  ],
  [
    ["train", "gan"],
    "variational autoencoder (VAE) (galatea train vae)\n      a judge",
    "PacGAN (--pack 2)\n",
  ],
  [
    ["rl", "train", "q-learning"],
    "value iteration (galatea rl solve value-iteration)\n",
    "DQN (galatea rl train dqn)\n",
  ],
  [
    ["rl", "solve", "value-iteration"],
    "policy iteration (galatea rl solve policy-iteration)\n",
    "Q-learning (galatea rl ",
  ],
])("the help of %s says what it grew from, and what grew from it", async (command, before, after) => {
  const { code, out, err } = await cli([...command, "--help"]);
  expect(code, err).toBe(0);
  const [, from = "", to = ""] = /Grew from:\n(.*?)\n\nWhat grew from it:\n(.*?)\n\n/s.exec(out) ?? [];
  expect(from).toContain(before);
  expect(to).toContain(after);
});

test("of what has no place on the map the help says nothing", async () => {
  const { out } = await cli(["train", "ddpm-mnist", "--help"]);
  expect(out).not.toContain("rew from");
});
