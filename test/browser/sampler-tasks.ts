/** Runs an exported sampler as anyone would: with onnxruntime-web alone, nothing of this package. */
import * as ort from "onnxruntime-web/wasm";

export interface Job {
  /** The file, as base64. */
  readonly file: string;
  readonly noise: readonly number[];
  readonly shape: readonly number[];
  readonly labels: readonly number[];
  readonly threads: number;
}

export interface Ran {
  readonly images: number[];
  readonly dims: readonly number[];
  readonly openMs: number;
  readonly runMs: number;
}

export const tasks = {
  async sampler({ file, noise, shape, labels, threads }: Job): Promise<Ran> {
    ort.env.wasm.wasmPaths = "/ort/";
    ort.env.wasm.numThreads = threads;
    const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
    const began = performance.now();
    const session = await ort.InferenceSession.create(bytes);
    const open = performance.now();
    const { images } = await session.run({
      noise: new ort.Tensor("float32", Float32Array.from(noise), shape),
      labels: new ort.Tensor("int32", Int32Array.from(labels), [labels.length]),
    });
    const ran = performance.now();
    await session.release();
    return {
      images: [...(images!.data as Float32Array)],
      dims: images!.dims,
      openMs: open - began,
      runMs: ran - open,
    };
  },
};
