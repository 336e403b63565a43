/** A worker that trains one step when it is told how, and says what came of it. */
import { webEngine } from "../../src/engine/onnx/web.ts";
import { train } from "./training.ts";

globalThis.addEventListener("message", (event) => {
  const { threads } = event.data as { threads?: number };
  const job = async (): Promise<string> => {
    const engine = await webEngine(threads === undefined ? {} : { threads });
    await train(engine, 1);
    return engine.name;
  };
  // Only the worker itself answers: a copy of it that ONNX Runtime started by mistake would say so, too.
  job().then(
    (name) => postMessage({ name }),
    (error: unknown) => postMessage({ error: (error as Error).message }),
  );
});
postMessage({ started: true });
