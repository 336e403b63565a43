/** The worker's side of an experiment: it learns step by step, and the page stays free to draw and to listen. */
import type { Engine } from "galatea/engine/engine.ts";
import { createEngine, UserError } from "galatea/index.ts";
import { fetched } from "../offline.ts";
import type { Kinds, News, Order, Stepped } from "./protocol.ts";

/** Milliseconds between two messages about steps, two looks, two steps in slow motion, and two signs of one that is held. */
const [FRAME, GLANCE, SLOW, HELD] = [40, 350, 500, 50] as const;
/** A look comes after as many times its own duration of learning: one that takes long does not take the time to learn. */
const PATIENCE = 5;

/** One experiment, wherever there is an engine. */
export interface Live<K extends Kinds> {
  next(): Promise<Stepped>;
  /** One player's turn; experiments of one player have no halves. */
  half?(): Promise<Stepped>;
  look(how: K["how"]): Promise<K["look"]>;
  /** Back to the first weights, and to the first batch. */
  rewind(): void | Promise<void>;
  /** @param wanted false once something newer was asked */
  ask?(ask: K["ask"], answer: (part: K["answer"]) => void, wanted: () => boolean): Promise<void>;
  dispose(): Promise<void>;
}

export type Open<K extends Kinds> = (
  setting: K["setting"],
  engine: Engine,
  progress: (done: number, total: number) => void,
) => Promise<{ readonly live: Live<K>; readonly opened: K["opened"] }>;

type Untold<N> = N extends { readonly opening: number } ? Omit<N, "opening"> : never;

/** Let messages in: awaiting a step alone would not. */
export const breathe = (milliseconds = 0): Promise<void> => new Promise((go) => setTimeout(go, milliseconds));

/** Answer the page's orders. @param first how looks are taken until the page says */
export function serve<K extends Kinds>(openLive: Open<K>, first: K["how"]): void {
  let engine: Promise<Engine> | undefined;
  let live: Live<K> | undefined;
  let opening = 0;
  let mode: "paused" | "playing" | "slow" = "paused";
  let how = first;
  let running = false;
  let newest = 0;
  let [step, until] = [0, Number.POSITIVE_INFINITY];
  /** Orders are carried out one after another. */
  let queue: Promise<void> = Promise.resolve();

  const tell = (news: Untold<News<K>>): void => postMessage({ ...news, opening });

  async function glance(): Promise<void> {
    if (live) tell({ kind: "look", look: await live.look(how) });
  }

  async function open(order: Extract<Order<K>, { kind: "open" }>): Promise<void> {
    await live?.dispose();
    live = undefined;
    ({ opening } = order);
    engine ??= createEngine({ threads: 1, wasmPaths: order.ort });
    step = 0;
    const progress = (done: number, total: number): void => tell({ kind: "progress", done, total });
    const { live: made, opened } = await openLive(order.setting, await engine, progress);
    live = made;
    // The first look is part of the opening: its programs are made then.
    const look = await made.look(how);
    tell({ kind: "opened", opened });
    tell({ kind: "look", look });
    // The engine itself is fetched when the first program runs.
    tell({ kind: "files", files: [location.href, ...fetched()] });
  }

  async function play(): Promise<void> {
    if (running) return;
    running = true;
    let steps: Stepped[] = [];
    let [told, seen, took] = [performance.now(), performance.now(), 0];
    try {
      while (mode !== "paused" && live) {
        if (step >= until) {
          tell({ kind: "steps", steps });
          steps = [];
          await breathe(HELD);
          continue;
        }
        const slow = mode === "slow";
        const current = live;
        await inTurn(async () => {
          if (current !== live) return;
          const made = await (slow && current.half ? current.half() : current.next());
          steps.push(made);
          ({ step } = made);
          if (made.last) mode = "paused";
        });
        const now = performance.now();
        if (slow || now - told > FRAME) {
          tell({ kind: "steps", steps });
          steps = [];
          told = now;
          await breathe(slow ? SLOW : 0);
        }
        if (slow || now - seen > Math.max(GLANCE, PATIENCE * took)) {
          await inTurn(glance);
          seen = performance.now();
          took = seen - now;
        }
      }
      if (steps.length > 0) tell({ kind: "steps", steps });
      await inTurn(glance);
    } finally {
      running = false;
    }
  }

  function inTurn(job: () => Promise<void>): Promise<void> {
    const done = queue.then(job);
    queue = done.catch(() => undefined);
    return done;
  }

  function one(way: (current: Live<K>) => Promise<Stepped>): Promise<void> {
    mode = "paused";
    return inTurn(async () => {
      if (live) {
        const made = await way(live);
        ({ step } = made);
        tell({ kind: "steps", steps: [made] });
      }
      await glance();
    });
  }

  async function answer(asking: number, ask: K["ask"]): Promise<void> {
    const part = (given: K["answer"]): void => tell({ kind: "answer", asking, answer: given });
    try {
      await live?.ask?.(ask, part, () => asking === newest);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      tell({ kind: "refused", asking, message: error.message });
    }
  }

  const orders: {
    readonly [N in Order<K>["kind"]]: (order: Extract<Order<K>, { kind: N }>) => Promise<void>;
  } = {
    open: (order) => {
      mode = "paused";
      return inTurn(() => open(order));
    },
    play: async ({ slow }) => {
      mode = slow ? "slow" : "playing";
      await queue;
      await play();
    },
    pause: async () => {
      mode = "paused";
    },
    hold: async (order) => {
      ({ until } = order);
    },
    step: () => one((current) => current.next()),
    half: () => one((current) => current.half?.() ?? current.next()),
    rewind: () => {
      mode = "paused";
      return inTurn(async () => {
        await live?.rewind();
        step = 0;
        tell({ kind: "rewound" });
        await glance();
      });
    },
    look: ({ look }) => {
      how = look;
      return inTurn(glance);
    },
    ask: ({ asking, ask }) => {
      newest = asking;
      return inTurn(() => answer(asking, ask));
    },
  };

  addEventListener("message", ({ data: order }: MessageEvent<Order<K>>) => {
    (orders[order.kind] as (order: Order<K>) => Promise<void>)(order).catch((error: unknown) => {
      mode = "paused";
      if (order.kind === "open") ({ opening } = order);
      const message = error instanceof Error ? error.message : String(error);
      if (!(error instanceof UserError)) console.warn(error);
      tell({ kind: "problem", message });
    });
  });
}
