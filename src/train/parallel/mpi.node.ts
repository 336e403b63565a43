import { hostname } from "node:os";
import { Worker } from "node:worker_threads";
import type { Communicator } from "./communicator.ts";
import { type MpiLibrary, openLibrary } from "./mpi-library.node.ts";
import { WATCH } from "./watch.node.ts";

/** Seconds for the other ranks to meet the same error. */
const TOGETHER = 5;

/** The ranks of an MPI job. */
export interface Mpi extends Communicator {
  /** "Open MPI v4.1.4, …". */
  readonly version: string;
  /** What Ctrl-C does where the launcher leaves ranks too little time to save; undefined where it does not. */
  readonly warning: string | undefined;
  /** Whether all ranks have failed as this one has: each calls it, and waits some seconds for the others. */
  failedTogether(): Promise<boolean>;
  /** End all ranks, those that still compute too. */
  abort(): never;
  /** To be called by all at the end. */
  close(): Promise<void>;
}

/**
 * Join the ranks that a launcher (mpirun, srun) started. A rank that dies ends the others: the launcher sees to it, and a
 * thread of each rank looks after the processes on its own machine, so that one of them says what happened.
 *
 * @throws UserError where there is no launcher, no koffi or no MPI library.
 */
export async function openMpi(env: NodeJS.ProcessEnv = process.env): Promise<Mpi> {
  const mpi = await openLibrary(env);
  mpi.call("MPI_Init", null, null);
  const [rank, size] = ["MPI_Comm_rank", "MPI_Comm_size"].map((name) => {
    const out = new Int32Array(1);
    mpi.call(name as "MPI_Comm_rank", mpi.world, out);
    return out[0]!;
  }) as [number, number];
  const job = new Job(mpi, rank, size);
  await job.watch();
  return job;
}

class Job implements Mpi {
  readonly rank: number;
  readonly size: number;
  readonly #mpi: MpiLibrary;
  /** For errors alone, so that they cannot meet the calls of those that go on. */
  readonly #errors: bigint | number;
  #watcher: Worker | undefined;
  #waited = 0;

  constructor(mpi: MpiLibrary, rank: number, size: number) {
    this.#mpi = mpi;
    this.rank = rank;
    this.size = size;
    this.#errors = mpi.duplicate();
  }

  get version(): string {
    return this.#mpi.version;
  }

  get warning(): string | undefined {
    return /open mpi/i.test(this.version) && process.env.OMPI_MCA_odls_base_sigkill_timeout === undefined
      ? "after Ctrl-C, Open MPI leaves the ranks one second to save; ten: mpirun --mca odls_base_sigkill_timeout 10"
      : undefined;
  }

  get waited(): number {
    return this.#waited;
  }

  /** Have a thread look after the other ranks of this machine. */
  async watch(): Promise<void> {
    const ids = await this.gather([hash(hostname()), process.pid]);
    const peers = ids.flatMap(([host, pid], rank) =>
      rank !== this.rank && host === ids[this.rank]![0] ? [{ rank, pid }] : [],
    );
    if (peers.length === 0) return;
    const workerData = { peers, rank: this.rank };
    this.#watcher = new Worker(WATCH, { eval: true, workerData });
    this.#watcher.unref();
  }

  remark(text: string): void {
    this.#watcher?.postMessage(text);
  }

  async sum(values: Float32Array): Promise<void> {
    const { inPlace, float, sum, world } = this.#mpi;
    this.#call("MPI_Allreduce", inPlace, values, values.length, float, sum, world);
  }

  async gather(values: readonly number[]): Promise<number[][]> {
    const { double, world } = this.#mpi;
    const n = values.length;
    const all = new Float64Array(n * this.size);
    this.#call("MPI_Allgather", Float64Array.from(values), n, double, all, n, double, world);
    return Array.from({ length: this.size }, (_, r) => [...all.subarray(r * n, (r + 1) * n)]);
  }

  async broadcast(text: string): Promise<string> {
    const { byte, world } = this.#mpi;
    const own = new TextEncoder().encode(text);
    const length = (await this.gather([own.length]))[0]![0]!;
    const bytes = this.rank === 0 ? own : new Uint8Array(length);
    if (length > 0) this.#call("MPI_Bcast", bytes, length, byte, 0, world);
    return new TextDecoder().decode(bytes);
  }

  async barrier(): Promise<void> {
    this.#call("MPI_Barrier", this.#mpi.world);
  }

  async failedTogether(): Promise<boolean> {
    const [request, done] = [this.#mpi.request(), new Int32Array(1)];
    this.#mpi.call("MPI_Ibarrier", this.#errors, request);
    for (const end = performance.now() + 1000 * TOGETHER; performance.now() < end; ) {
      this.#mpi.call("MPI_Test", request, done, this.#mpi.statusIgnore);
      if (done[0] !== 0) return true;
      await new Promise((later) => setTimeout(later, 20));
    }
    return false;
  }

  abort(): never {
    this.#mpi.call("MPI_Abort", this.#mpi.world, 1);
    process.exit(1);
  }

  async close(): Promise<void> {
    // Whoever is through with it ends, and its end must alarm nobody.
    await this.#watcher?.terminate();
    this.#mpi.call("MPI_Barrier", this.#mpi.world);
    this.#mpi.call("MPI_Finalize");
  }

  /** A call that waits for the other ranks. */
  #call(name: Parameters<MpiLibrary["call"]>[0], ...args: readonly unknown[]): void {
    const start = performance.now();
    this.#mpi.call(name, ...args);
    this.#waited += performance.now() - start;
  }
}

/** A number for a name, exact as a float64. */
const hash = (name: string): number =>
  Array.from(name).reduce((h, letter) => Math.imul(h ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
