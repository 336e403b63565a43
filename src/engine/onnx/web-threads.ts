import { UserError } from "../../errors.ts";
import { warnOnce } from "../../warnings.ts";
import { showThreads } from "./threads.ts";

export type WebModule = typeof import("onnxruntime-web/wasm");

/** Each build of ONNX Runtime starts once, when its first session is made, and keeps its number of threads for good. */
const started = new WeakMap<WebModule, { readonly threads: number; ready?: Promise<unknown> }>();

export const threadsOf = (ort: WebModule): number | undefined => started.get(ort)?.threads;

/** How many threads the next session may use; `asked`: because the user said so. */
export function chooseThreads(ort: WebModule, threads: number, asked: boolean): void {
  const have = started.get(ort);
  if (!have) {
    ort.env.wasm.numThreads = threads;
    started.set(ort, { threads });
  } else if (asked ? threads !== have.threads : threads > have.threads)
    warnOnce(
      `ONNX Runtime runs with ${showThreads(have.threads)} here, as its first graph needed or was asked for, and cannot change it: ${threads} would serve this one. createEngine({ threads: ${threads} }) before anything is computed starts it so`,
    );
}

/** In the global scope of a worker that ONNX Runtime starts as one of its threads. */
const THREAD = "em-pthread";
const LOST = "this script was started as a thread of ONNX Runtime, which it is not";
const PATIENCE = 120_000;

// ONNX Runtime starts its threads from the file that it is in. Bundled into one file with us, that would be this
// program once more, and nobody would answer.
if ((globalThis as { name?: unknown }).name === THREAD) throw new Error(LOST);

/** The first session starts ONNX Runtime; where its threads do not come up, that says so instead of waiting for ever. */
export async function starting<T>(ort: WebModule, create: () => Promise<T>): Promise<T> {
  const start = started.get(ort);
  if (!start || start.threads === 1) return create();
  if (start.ready) {
    await start.ready;
    return create();
  }
  const first = orSay(create());
  start.ready = first;
  return first;
}

function orSay<T>(made: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const refuse = (why: string): void =>
      reject(
        new UserError(
          `ONNX Runtime cannot start its threads here: ${why}. Build workers as ES modules (in Vite: worker: { format: "es" }), or give the URL of its files as wasmPaths, or use one thread: createEngine({ threads: 1 })`,
        ),
      );
    const timer = setTimeout(() => refuse(`none answered in ${PATIENCE / 1000} seconds`), PATIENCE);
    const onError = (event: Event): void => {
      const { message, error } = event as ErrorEvent;
      if (![message, (error as { message?: string } | null)?.message].some((text) => text?.includes(LOST)))
        return;
      event.preventDefault();
      refuse("it shares its file with the program that uses it");
    };
    globalThis.addEventListener?.("error", onError);
    void made.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("error", onError);
    });
  });
}
