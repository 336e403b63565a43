import type { Key } from "../../rl/keys.ts";

/** Keys as they are pressed. */
export interface Keyboard {
  /** The next key; undefined if none is pressed within so many milliseconds, or none can come any more. */
  next(ms?: number): Promise<Key | undefined>;
  /** Nothing more will come. */
  readonly ended: boolean;
  /** Gives the terminal back as it was. */
  close(): void;
}

const ESCAPE = "\u001b";

const NAMES: Readonly<Record<string, Key>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  " ": "space",
  "\r": "enter",
  "\n": "enter",
  // Ctrl-C and Ctrl-D reach a raw terminal as letters.
  "\u0003": "quit",
  "\u0004": "quit",
  [ESCAPE]: "quit",
  q: "quit",
};

/** The keys in what a terminal sends: arrows are ESC [ A to ESC [ D, or ESC O A to ESC O D. */
export function parseKeys(text: string): Key[] {
  const parts = text.match(new RegExp(`${ESCAPE}[[O][A-D]|[^]`, "g")) ?? [];
  return parts.map((part) => {
    const letter = part.toLowerCase();
    return NAMES[part.length === 3 ? part[2]! : letter] ?? letter;
  });
}

export function openKeyboard(stdin: NodeJS.ReadStream): Keyboard {
  const pressed: Key[] = [];
  let wake: () => void = () => {};
  let ended = false;
  const hear = (chunk: Buffer | string): void => {
    pressed.push(...parseKeys(chunk.toString()));
    wake();
  };
  const end = (): void => {
    ended = true;
    wake();
  };
  stdin.setRawMode?.(true);
  stdin.on("data", hear);
  stdin.on("end", end);
  stdin.resume();
  return {
    get ended() {
      return ended && pressed.length === 0;
    },
    next: async (ms) => {
      if (pressed.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = () => {};
      }
      return pressed.shift();
    },
    close: () => {
      stdin.off("data", hear);
      stdin.off("end", end);
      stdin.setRawMode?.(false);
      stdin.pause();
      end();
    },
  };
}
