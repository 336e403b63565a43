/** The page's side of one model that learns: what is known of it by now, and the orders to its worker. */
import { keep } from "../offline.ts";
import type { Look, LookOptions, Setting, View } from "./models.ts";
import type { News, Order } from "./protocol.ts";

export type State = "loading" | "paused" | "playing" | "slow" | "problem";

/** Metrics by name, step after step. */
export interface Series {
  readonly steps: number[];
  readonly values: Record<string, number[]>;
}

/** Without a sign of life for so long, a worker is taken to hang. */
const PATIENCE = 10_000;
/** The engine is large, and may come over a slow line. */
const LOADING = 90_000;

const ort = (): string => new URL("ort/", document.baseURI).href.replace(/#.*/, "");

export class Session {
  state = $state<State>("loading");
  problem = $state("");
  step = $state(0);
  /** Whose turn the last half step was. */
  player = $state<string>();
  view = $state.raw<View>();
  real = $state.raw<Float32Array>();
  look = $state.raw<Look>();
  /** Counts what has been added to `series`, which itself is not watched: it is long. */
  drawn = $state(0);
  series: Series = { steps: [], values: {} };
  readonly #hang: string;
  #worker: Worker | undefined;
  #opening = 0;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #how: LookOptions;

  /** @param hang what is said when the worker gives no sign of life */
  constructor(how: LookOptions, hang: string) {
    this.#how = how;
    this.#hang = hang;
  }

  open(setting: Setting): void {
    this.#forget();
    this.state = "loading";
    this.problem = "";
    this.#worker ??= this.#start();
    this.#order({ kind: "look", look: this.#how });
    this.#order({ kind: "open", opening: ++this.#opening, setting, ort: ort() }, LOADING);
  }

  play(slow = false): void {
    if (this.state === "loading" || this.state === "problem") return;
    this.state = slow ? "slow" : "playing";
    this.#order({ kind: "play", slow });
  }

  pause(): void {
    if (this.state !== "playing" && this.state !== "slow") return;
    this.state = "paused";
    this.#order({ kind: "pause" });
  }

  one(kind: "step" | "half" | "rewind"): void {
    if (this.state === "loading" || this.state === "problem") return;
    this.state = "paused";
    this.#order({ kind });
  }

  show(how: LookOptions): void {
    this.#how = how;
    if (this.#worker && this.state !== "problem") this.#order({ kind: "look", look: how });
  }

  close(): void {
    clearTimeout(this.#watch);
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<News>) => this.#hear(data);
    worker.onerror = (event) => this.#stop(event.message);
    return worker;
  }

  #order(order: Order, patience = this.state === "loading" ? LOADING : PATIENCE): void {
    this.#worker?.postMessage($state.snapshot(order));
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#stop(this.#hang), patience);
  }

  #stop(message: string): void {
    this.close();
    this.state = "problem";
    this.problem = message;
  }

  #forget(): void {
    this.step = 0;
    this.player = undefined;
    this.series = { steps: [], values: {} };
    this.drawn++;
  }

  #hear(news: News): void {
    clearTimeout(this.#watch);
    if (this.state === "playing" || this.state === "slow")
      this.#watch = setTimeout(() => this.#stop(this.#hang), PATIENCE);
    if (news.opening !== this.#opening) return;
    switch (news.kind) {
      case "opened":
        this.view = news.view;
        this.real = news.real;
        this.state = "paused";
        break;
      case "files":
        void keep(news.files);
        break;
      case "steps":
        for (const { step, player, metrics } of news.steps) {
          this.step = step;
          this.player = player;
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
