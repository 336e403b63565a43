/** Chains that were asked for, and how far they are. */
import type { Session } from "../experiment/session.svelte.ts";
import type { Answer, Chain, Frame } from "./chain.ts";
import type { ChainKinds } from "./kinds.ts";

export class Run {
  state = $state<"none" | "running" | "done" | "stopped">("none");
  /** Steps that are done, and all that there are. */
  step = $state(0);
  steps = $state(0);
  /** Of each chain, the frames that are there by now. */
  frames = $state.raw<readonly (readonly Frame[])[]>([]);
  images = $state.raw<readonly Float32Array[]>();
  refused = $state("");
  readonly #session: Session<ChainKinds>;

  constructor(session: Session<ChainKinds>) {
    this.#session = session;
  }

  start(chains: readonly Chain[]): void {
    [this.step, this.steps, this.frames] = [0, 0, chains.map(() => [])];
    [this.images, this.refused, this.state] = [undefined, "", "running"];
    this.#session.ask(
      chains,
      (part) => this.#hear(part),
      (why) => {
        [this.refused, this.state] = [why, "stopped"];
      },
    );
  }

  /** Give up what is under way; its frames stay. */
  stop(): void {
    if (this.state !== "running") return;
    this.state = "stopped";
    this.#session.ask(
      [],
      () => undefined,
      () => undefined,
    );
  }

  #hear(part: Answer): void {
    if (part.kind === "begun") this.steps = part.steps;
    else if (part.kind === "done") [this.images, this.state] = [part.images, "done"];
    else {
      this.frames = this.frames.map((frames, i) => [...frames, part.frames[i]!]);
      this.step = part.step + 1;
    }
  }
}
