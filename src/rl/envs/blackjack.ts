import type { Generator } from "../random.ts";
import { Discrete, Tuple } from "../spaces.ts";
import { type ArrayDynamics, type ArrayEnv, arrayEnv } from "./array.ts";
import {
  type BlackjackObservation,
  type BlackjackOptions,
  blackjackIndex,
  blackjackModel,
  settle,
} from "./blackjack-model.ts";
import { checkOptions } from "./options.ts";

const DECK = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10];
const SUITS = [0, 1, 2, 3];
const COURTS = [0, 1, 2];

// A hand is three numbers: the sum with aces as 1, the number of aces, the number of cards.
const PLAYER = 0;
const DEALER = 3;
const OPEN_CARD = 6;
const REWARD = 7;
const OVER = 8;

function draw(state: Float64Array, hand: number, rng: Generator): number {
  const card = rng.choice(DECK);
  state[hand] = state[hand]! + card;
  if (card === 1) state[hand + 1] = state[hand + 1]! + 1;
  state[hand + 2] = state[hand + 2]! + 1;
  return card;
}

function usableAce(state: Float64Array, hand: number): boolean {
  return state[hand + 1]! > 0 && state[hand]! + 10 <= 21;
}

function total(state: Float64Array, hand: number): number {
  return state[hand]! + (usableAce(state, hand) ? 10 : 0);
}

function isNatural(state: Float64Array, hand: number): boolean {
  return state[hand + 2] === 2 && total(state, hand) === 21;
}

function dynamics(options: BlackjackOptions): ArrayDynamics {
  return {
    stateSize: 9,
    initial: (state, at, rng) => {
      state.fill(0, at, at + 9);
      const open = draw(state, at + DEALER, rng);
      draw(state, at + DEALER, rng);
      draw(state, at + PLAYER, rng);
      draw(state, at + PLAYER, rng);
      state[at + OPEN_CARD] = open;
      // Gymnasium draws the picture of the open card here; the numbers after it depend on that.
      rng.choice(SUITS);
      if (open === 10) rng.choice(COURTS);
    },
    step: (state, at, actions, actionAt, rng) => {
      state[at + REWARD] = 0;
      if (actions[actionAt] === 1) {
        draw(state, at + PLAYER, rng);
        if (total(state, at + PLAYER) <= 21) return;
        state[at + REWARD] = -1;
      } else {
        while (total(state, at + DEALER) < 17) draw(state, at + DEALER, rng);
        const player = at + PLAYER;
        const dealer = at + DEALER;
        state[at + REWARD] = settle(
          options,
          total(state, player),
          isNatural(state, player),
          total(state, dealer),
          isNatural(state, dealer),
        );
      }
      state[at + OVER] = 1;
    },
    reward: (state, at, out, outAt) => {
      out[outAt] = state[at + REWARD]!;
    },
    terminal: (state, at) => state[at + OVER] === 1,
    observe: (state, at, out, outAt) => {
      out[outAt] = total(state, at + PLAYER);
      out[outAt + 1] = state[at + OPEN_CARD]!;
      out[outAt + 2] = usableAce(state, at + PLAYER) ? 1 : 0;
    },
  };
}

/**
 * Blackjack with an infinite deck against a dealer who sticks on 17 or more (Sutton & Barto, Example 5.1).
 * The dealer's hidden card is drawn at the start, as in Gymnasium.
 */
export function blackjack(
  options: BlackjackOptions = {},
  id = "Blackjack-v1",
): ArrayEnv<BlackjackObservation> {
  checkOptions(id, options, ["sab", "natural"]);
  const rules = { sab: true, natural: false, ...options };
  const observation = (state: Float64Array): BlackjackObservation => [
    total(state, PLAYER),
    state[OPEN_CARD]!,
    usableAce(state, PLAYER) ? 1 : 0,
  ];
  return arrayEnv<BlackjackObservation>({
    id,
    dynamics: dynamics(rules),
    observationSpace: new Tuple([new Discrete(32), new Discrete(11), new Discrete(2)]) as Tuple<
      [Discrete, Discrete, Discrete]
    >,
    actionSpace: new Discrete(2),
    actionNames: ["stick", "hit"],
    render: (state, action) => {
      const [sum, dealer, ace] = observation(state);
      const end = state[OVER] === 1 ? `, dealer's sum ${total(state, DEALER)}, reward ${state[REWARD]}` : "";
      const last = action === undefined ? "" : ` (${action})`;
      return `player ${sum}${ace === 1 ? " with a usable ace" : ""}, dealer shows ${dealer === 1 ? "an ace" : dealer}${end}${last}\n`;
    },
    model: () => blackjackModel(rules),
    indexOf: (state) =>
      blackjackIndex(
        state[OVER] === 1
          ? undefined
          : { observation: observation(state), natural: isNatural(state, PLAYER) },
      ),
  });
}
