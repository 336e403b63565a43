import { GrowingLog } from "galatea/train/run-log.ts";
import type { RunSource } from "./source.ts";

/** The logs of a run as they grow. `version` changes at most once a frame. */
export class FollowedRun {
  readonly name: string;
  metrics = new GrowingLog();
  timing = new GrowingLog();
  version = $state(0);
  readonly #stop: () => void;
  #due = false;

  constructor(name: string, source: RunSource) {
    this.name = name;
    this.#stop = source.follow(name, ({ log, text, again }) => {
      if (again) this[log] = new GrowingLog();
      this[log].push(text);
      if (this.#due) return;
      this.#due = true;
      requestAnimationFrame(() => {
        this.#due = false;
        this.version++;
      });
    });
  }

  stop(): void {
    this.#stop();
  }
}
