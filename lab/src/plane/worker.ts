/** Trains in a worker: the page stays free to draw and to listen. */
import type { Engine } from "galatea/engine/engine.ts";
import { createEngine, UserError } from "galatea/index.ts";
import { fetched } from "../offline.ts";
import { Experiment, type Stepped } from "./experiment.ts";
import type { LookOptions } from "./models.ts";
import type { News, Order } from "./protocol.ts";

/** Milliseconds between two messages about steps, between two looks, and between two steps in slow motion. */
const [FRAME, GLANCE, SLOW] = [40, 350, 500] as const;

let engine: Promise<Engine> | undefined;
let experiment: Experiment | undefined;
let opening = 0;
let mode: "paused" | "playing" | "slow" = "paused";
let how: LookOptions = { layers: ["samples"], noise: 0.3 };
let running = false;
/** Orders are carried out one after another. */
let queue: Promise<void> = Promise.resolve();

type Untold<N> = N extends { readonly opening: number } ? Omit<N, "opening"> : never;
const tell = (news: Untold<News>): void => postMessage({ ...news, opening });

/** Let messages in: awaiting a step alone would not. */
const breathe = (milliseconds = 0): Promise<void> => new Promise((go) => setTimeout(go, milliseconds));

async function glance(): Promise<void> {
  if (experiment) tell({ kind: "look", look: await experiment.look(how) });
}

async function open(order: Extract<Order, { kind: "open" }>): Promise<void> {
  await experiment?.dispose();
  experiment = undefined;
  ({ opening } = order);
  engine ??= createEngine({ threads: 1, wasmPaths: order.ort });
  const opened = await Experiment.open(order.setting, await engine);
  experiment = opened;
  tell({ kind: "opened", view: opened.view, real: opened.real });
  await glance();
  // The engine itself is fetched when the first program runs.
  tell({ kind: "files", files: [location.href, ...fetched()] });
}

async function play(): Promise<void> {
  if (running) return;
  running = true;
  let steps: Stepped[] = [];
  let [told, seen] = [performance.now(), performance.now()];
  try {
    while (mode !== "paused" && experiment) {
      const slow = mode === "slow";
      const current = experiment;
      await inTurn(async () => {
        if (current === experiment) steps.push(await (slow ? current.half() : current.next()));
      });
      const now = performance.now();
      if (slow || now - told > FRAME) {
        tell({ kind: "steps", steps });
        steps = [];
        told = now;
        await breathe(slow ? SLOW : 0);
      }
      if (slow || now - seen > GLANCE) {
        await inTurn(glance);
        seen = performance.now();
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

const ORDERS: { readonly [K in Order["kind"]]: (order: Extract<Order, { kind: K }>) => Promise<void> } = {
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
  step: () => one((current) => current.next()),
  half: () => one((current) => current.half()),
  rewind: () => {
    mode = "paused";
    return inTurn(async () => {
      experiment?.rewind();
      tell({ kind: "rewound" });
      await glance();
    });
  },
  look: ({ look }) => {
    how = look;
    return inTurn(glance);
  },
};

function one(step: (current: Experiment) => Promise<Stepped>): Promise<void> {
  mode = "paused";
  return inTurn(async () => {
    if (experiment) tell({ kind: "steps", steps: [await step(experiment)] });
    await glance();
  });
}

addEventListener("message", ({ data: order }: MessageEvent<Order>) => {
  (ORDERS[order.kind] as (order: Order) => Promise<void>)(order).catch((error: unknown) => {
    mode = "paused";
    if (order.kind === "open") ({ opening } = order);
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof UserError)) console.warn(error);
    tell({ kind: "problem", message });
  });
});
