import type { Outcome, TransitionTable } from "../env.ts";

export interface BlackjackOptions {
  /** The rules of Sutton & Barto, Example 5.1: a natural wins at once unless the dealer has one too. */
  readonly sab?: boolean;
  /** Without `sab`: a win with a natural pays 1.5. */
  readonly natural?: boolean;
}

/** Player's sum, the dealer's open card (1 = ace), a usable ace (0 or 1). */
export type BlackjackObservation = [sum: number, dealer: number, usableAce: number];

/** The reward of sticking: −1, 0, 1 or, for a natural, 1.5. */
export function settle(
  { sab = true, natural = false }: BlackjackOptions,
  player: number,
  playerNatural: boolean,
  dealer: number,
  dealerNatural: boolean,
): number {
  const reward = Math.sign(player - (dealer > 21 ? 0 : dealer));
  if (sab) return playerNatural && !dealerNatural ? 1 : reward;
  return natural && playerNatural && reward === 1 ? 1.5 : reward;
}

// Player's hands: hard 4 … 21, then soft 12 … 21, then the natural; times the dealer's ten open cards; then
// the terminal state.
const HARD = 18;
const SOFT = 10;
const NATURAL = HARD + SOFT;
const N_STATES = (NATURAL + 1) * 10 + 1;
const END = N_STATES - 1;

interface Hand {
  readonly total: number;
  readonly soft: boolean;
  readonly natural: boolean;
}

const card = (c: number): number => (c === 10 ? 4 : 1) / 13;

function add({ total, soft }: { total: number; soft: boolean }, c: number): { total: number; soft: boolean } {
  const hard = (soft ? total - 10 : total) + c;
  const usable = (soft || c === 1) && hard + 10 <= 21;
  return { total: usable ? hard + 10 : hard, soft: usable };
}

function handIndex({ total, soft, natural }: Hand): number {
  return natural ? NATURAL : soft ? HARD + total - 12 : total - 4;
}

function handOf(index: number): Hand {
  if (index === NATURAL) return { total: 21, soft: true, natural: true };
  return index < HARD
    ? { total: index + 4, soft: false, natural: false }
    : { total: index - HARD + 12, soft: true, natural: false };
}

/** The model's state for an observation, with naturals kept apart; without one, the terminal state. */
export function blackjackIndex(at?: { observation: BlackjackObservation; natural: boolean }): number {
  if (at === undefined) return END;
  const [total, dealer, ace] = at.observation;
  return handIndex({ total, soft: ace === 1, natural: at.natural }) * 10 + dealer - 1;
}

interface DealerEnd {
  readonly total: number;
  readonly natural: boolean;
  readonly probability: number;
}

/** The distribution of the dealer's final sum given his open card: he draws to 17 or more. */
function dealerEnds(open: number): DealerEnd[] {
  const ends = new Map<string, DealerEnd>();
  const play = (hand: { total: number; soft: boolean }, cards: number, probability: number): void => {
    if (cards >= 2 && hand.total >= 17) {
      const end = { total: hand.total, natural: cards === 2 && hand.total === 21 };
      const key = `${end.total} ${end.natural}`;
      ends.set(key, { ...end, probability: (ends.get(key)?.probability ?? 0) + probability });
      return;
    }
    for (let c = 1; c <= 10; c++) play(add(hand, c), cards + 1, probability * card(c));
  };
  play(add({ total: 0, soft: false }, open), 1, 1);
  return [...ends.values()];
}

/** The exact model of Blackjack: 29 hands × 10 open cards, and the terminal state. */
export function blackjackModel(rules: BlackjackOptions): TransitionTable {
  const initial = new Float64Array(N_STATES);
  for (let dealer = 1; dealer <= 10; dealer++) {
    for (let a = 1; a <= 10; a++) {
      for (let b = 1; b <= 10; b++) {
        const hand = add(add({ total: 0, soft: false }, a), b);
        const at = handIndex({ ...hand, natural: hand.total === 21 }) * 10 + dealer - 1;
        initial[at] = initial[at]! + card(dealer) * card(a) * card(b);
      }
    }
  }
  const ends = Array.from({ length: 10 }, (_, d) => dealerEnds(d + 1));
  const stay: readonly Outcome[] = [{ probability: 1, next: END, reward: 0, terminated: true }];
  const stick = (hand: Hand, dealer: number): Outcome[] => {
    const pays = new Map<number, number>();
    for (const end of ends[dealer - 1]!) {
      const pay = settle(rules, hand.total, hand.natural, end.total, end.natural);
      pays.set(pay, (pays.get(pay) ?? 0) + end.probability);
    }
    return [...pays].map(([reward, probability]) => ({ probability, next: END, reward, terminated: true }));
  };
  const hit = (hand: Hand, dealer: number): Outcome[] =>
    Array.from({ length: 10 }, (_, i) => {
      const after = add(hand, i + 1);
      return after.total > 21
        ? { probability: card(i + 1), next: END, reward: -1, terminated: true }
        : {
            probability: card(i + 1),
            next: handIndex({ ...after, natural: false }) * 10 + dealer - 1,
            reward: 0,
            terminated: false,
          };
    });
  return {
    nStates: N_STATES,
    nActions: 2,
    initial,
    transitions: (state, action) => {
      if (state === END) return stay;
      const hand = handOf(Math.floor(state / 10));
      return action === 0 ? stick(hand, (state % 10) + 1) : hit(hand, (state % 10) + 1);
    },
    stateName: (state) => {
      if (state === END) return "end";
      const hand = handOf(Math.floor(state / 10));
      const kind = hand.natural ? "natural" : `${hand.soft ? "soft" : "hard"} ${hand.total}`;
      return `${kind} against ${state % 10 === 0 ? "an ace" : (state % 10) + 1}`;
    },
    actionNames: ["stick", "hit"],
  };
}
