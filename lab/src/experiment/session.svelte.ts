/** The page's side of one experiment: what is known of it by now, and the orders to its worker. */
import { fetched, keep } from "../offline.ts";
import type { Kinds, News, Order } from "./protocol.ts";

export type State = "loading" | "paused" | "playing" | "slow" | "problem";

/** Metrics by name, step after step. */
export interface Series {
  readonly steps: number[];
  readonly values: Record<string, number[]>;
}

/** Without a sign of life for so long, a worker is taken to hang. */
const PATIENCE = 10_000;
/** The engine is large, and may come over a slow line; programs are made for the first step. */
const LOADING = 90_000;

const ort = (): string => new URL("ort/", document.baseURI).href.replace(/#.*/, "");

export class Session<K extends Kinds> {
  state = $state<State>("loading");
  problem = $state("");
  step = $state(0);
  /** Its steps are used up: only a rewind, or another setting, goes on. */
  over = $state(false);
  /** Whose turn the last half step was. */
  player = $state<string>();
  /** What was asked for last: steps and numbers are of this. */
  setting = $state.raw<K["setting"]>();
  opened = $state.raw<K["opened"]>();
  look = $state.raw<K["look"]>();
  /** How far the opening is, 0 to 1. */
  progress = $state<number>();
  /** Counts what has been added to `series`, which itself is not watched: it is long. */
  drawn = $state(0);
  series: Series = { steps: [], values: {} };
  readonly #start: () => Worker;
  readonly #hang: string;
  #worker: Worker | undefined;
  #opening = 0;
  #asking = 0;
  #hears:
    | { readonly answer: (part: K["answer"]) => void; readonly refused: (why: string) => void }
    | undefined;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #how: K["how"];
  #until = Number.POSITIVE_INFINITY;

  /** @param hang what is said when the worker gives no sign of life */
  constructor(start: () => Worker, how: K["how"], hang: string) {
    this.#start = start;
    this.#how = how;
    this.#hang = hang;
  }

  open(setting: K["setting"]): void {
    this.#forget();
    this.setting = setting;
    this.state = "loading";
    this.problem = "";
    this.progress = undefined;
    this.#worker ??= this.#begin();
    this.#hold();
    this.#order({ kind: "look", look: this.#how });
    this.#order({ kind: "open", opening: ++this.#opening, setting, ort: ort() });
  }

  play(slow = false): void {
    if (this.state === "loading" || this.state === "problem" || this.over) return;
    this.state = slow ? "slow" : "playing";
    this.#order({ kind: "play", slow });
  }

  pause(): void {
    if (this.state !== "playing" && this.state !== "slow") return;
    this.state = "paused";
    this.#order({ kind: "pause" });
  }

  /** Playing waits at this step until it may go further. */
  hold(until: number): void {
    if (this.#until === until) return;
    this.#until = until;
    this.#hold();
  }

  /** Not answered, and so not waited for. */
  #hold(): void {
    this.#worker?.postMessage({ kind: "hold", until: this.#until } satisfies Order<K>);
  }

  one(kind: "step" | "half" | "rewind"): void {
    if (this.state === "loading" || this.state === "problem" || (this.over && kind !== "rewind")) return;
    this.state = "paused";
    this.#order({ kind });
  }

  show(how: K["how"]): void {
    this.#how = how;
    if (this.#worker && this.state !== "problem") this.#order({ kind: "look", look: how });
  }

  /** Ask for something; what was asked before is not answered any more. */
  ask(ask: K["ask"], answer: (part: K["answer"]) => void, refused: (why: string) => void): void {
    if (this.state === "loading" || this.state === "problem") return;
    this.#hears = { answer, refused };
    this.#order({ kind: "ask", asking: ++this.#asking, ask });
  }

  close(): void {
    clearTimeout(this.#watch);
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #begin(): Worker {
    const worker = this.#start();
    worker.onmessage = ({ data }: MessageEvent<News<K>>) => this.#hear(data);
    worker.onerror = (event) => this.#stop(event.message);
    return worker;
  }

  #order(order: Order<K>): void {
    this.#worker?.postMessage($state.snapshot(order));
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#watch);
    const patience = this.state === "loading" || this.step === 0 ? LOADING : PATIENCE;
    this.#watch = setTimeout(() => this.#stop(this.#hang), patience);
  }

  #stop(message: string): void {
    this.close();
    this.state = "problem";
    this.problem = message;
  }

  #forget(): void {
    this.step = 0;
    this.over = false;
    this.player = undefined;
    this.series = { steps: [], values: {} };
    this.drawn++;
  }

  #hear(news: News<K>): void {
    clearTimeout(this.#watch);
    if (this.state === "playing" || this.state === "slow") this.#wait();
    if (news.opening !== this.#opening) return;
    switch (news.kind) {
      case "opened":
        this.opened = news.opened;
        this.progress = undefined;
        this.state = "paused";
        break;
      case "progress":
        this.progress = news.done / news.total;
        this.#wait();
        break;
      case "files":
        // And what the page itself has fetched by now: parts of it are loaded after the service worker was told of the first.
        void keep([...news.files, ...fetched()]);
        break;
      case "steps":
        for (const { step, player, metrics, last = false } of news.steps) {
          this.step = step;
          this.player = player;
          this.over = last;
          if (last) this.state = "paused";
          this.#add(step, metrics);
        }
        this.drawn++;
        break;
      case "look":
        this.look = news.look;
        this.#add(news.look.step, news.look.numbers);
        this.drawn++;
        break;
      case "rewound":
        this.#forget();
        break;
      case "answer":
        if (news.asking === this.#asking) this.#hears?.answer(news.answer);
        break;
      case "refused":
        if (news.asking === this.#asking) this.#hears?.refused(news.message);
        break;
      case "problem":
        this.state = "problem";
        this.problem = news.message;
    }
  }

  #add(step: number, metrics: Readonly<Record<string, number>>): void {
    const { steps, values } = this.series;
    if (steps.at(-1) !== step) steps.push(step);
    const last = steps.length - 1;
    for (const [name, value] of Object.entries(metrics)) (values[name] ??= [])[last] = value;
  }
}
