import { UserError } from "../errors.ts";
import type { StateDict } from "../nn/module.ts";
import type { Checkpoint, CheckpointStore, Metrics } from "./checkpoint.ts";
import type { SavedRun } from "./run.ts";

export interface IndexedDbOptions {
  /** How many of the newest checkpoints are kept, beside the best by validation. 3 by default. */
  readonly keep?: number;
  /** Name of the database, "galatea" by default. */
  readonly database?: string;
}

const CHECKPOINTS = "checkpoints";
const BEST = "best";

type Best = { readonly step: number } & Metrics;

/**
 * The checkpoints of one run in a page's IndexedDB, saved whole or not at all. They outlive the tab and are seen by
 * the pages and workers of one origin.
 *
 *     const store = await IndexedDbStore.open("vae");
 *     const from = await readCheckpoint(store);   // the newest, or undefined
 *     for await (const event of train({ …, from, store })) …
 *
 * Browsers may clear it when the disk is full; `navigator.storage.persist()` asks them not to.
 */
export class IndexedDbStore implements CheckpointStore, Omit<SavedRun, "config"> {
  /** Where it is, for people: "IndexedDB galatea/vae". */
  readonly path: string;
  readonly #db: IDBDatabase;
  readonly #run: string;
  readonly #keep: number;

  private constructor(db: IDBDatabase, run: string, keep: number) {
    this.#db = db;
    this.#run = run;
    this.#keep = keep;
    this.path = `IndexedDB ${db.name}/${run}`;
  }

  /**
   * The store of the run of this name; it begins empty.
   * @throws UserError where there is no IndexedDB, or the browser does not let this page use it.
   */
  static async open(run: string, options: IndexedDbOptions = {}): Promise<IndexedDbStore> {
    const { keep = 3, database = "galatea" } = options;
    if (!(Number.isInteger(keep) && keep > 0))
      throw new UserError(`keep is ${keep}: the number of checkpoints to keep is a whole number above 0`);
    if (!globalThis.indexedDB)
      throw new UserError("there is no IndexedDB here: browsers have it; in Node, runs are folders");
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(CHECKPOINTS);
      request.result.createObjectStore(BEST);
    };
    const db = await done(request).catch((error: Error) => {
      throw new UserError(`the browser does not open the database "${database}": ${error.message}`);
    });
    // A page that deletes the database would otherwise wait until this one closes it.
    db.onversionchange = () => db.close();
    return new IndexedDbStore(db, run, keep);
  }

  /** @throws UserError where the run has later checkpoints (from another training), or the browser has no room left. */
  async save(checkpoint: Checkpoint): Promise<string> {
    const { step, tensors } = checkpoint;
    const best = await this.bestStep();
    const steps = await this.checkpointSteps();
    const last = steps.at(-1) ?? -1;
    if (last > step)
      throw new UserError(
        `${this.path} has a checkpoint of step ${last}, and one of step ${step} was to be saved: continue from the newest ` +
          `(\`from: await readCheckpoint(store)\`), call \`forget(${step})\`, or open a store of another name`,
      );
    const newest = [...steps.filter((s) => s !== step), step].slice(-this.#keep);
    const dropped = steps.filter((s) => s !== best && !newest.includes(s));
    const copied = Object.entries(tensors).map(([group, dict]) => [group, ownMemory(dict)] as const);
    await this.#write((checkpoints) => {
      checkpoints.put({ ...checkpoint, tensors: Object.fromEntries(copied) }, [this.#run, step]);
      for (const old of dropped) checkpoints.delete([this.#run, old]);
    });
    return `${this.path}, step ${step}`;
  }

  async markBest(step: number, numbers: Metrics): Promise<void> {
    await this.#write((_, best) => best.put({ step, ...numbers } satisfies Best, this.#run));
  }

  async checkpointSteps(): Promise<number[]> {
    const keys = await done(this.#read(CHECKPOINTS).getAllKeys(this.#after(-1)));
    return keys.map((key) => (key as [string, number])[1]);
  }

  async checkpointAt(step: number): Promise<Checkpoint> {
    const found = (await done(this.#read(CHECKPOINTS).get([this.#run, step]))) as Checkpoint | undefined;
    if (!found) throw new UserError(`${this.path} has no checkpoint of step ${step}`);
    return found;
  }

  async bestStep(): Promise<number | undefined> {
    return ((await done(this.#read(BEST).get(this.#run))) as Best | undefined)?.step;
  }

  /** Remove the checkpoints after a step; all of them when it is left out. */
  async forget(after = -1): Promise<void> {
    const best = await this.bestStep();
    await this.#write((checkpoints, bests) => {
      checkpoints.delete(this.#after(after));
      if (best !== undefined && best > after) bests.delete(this.#run);
    });
  }

  close(): void {
    this.#db.close();
  }

  /** The keys of this run's steps above `step`: array keys are ordered by their elements, and arrays after numbers. */
  #after(step: number): IDBKeyRange {
    return IDBKeyRange.bound([this.#run, step], [this.#run, []], true, true);
  }

  #read(store: string): IDBObjectStore {
    return this.#db.transaction(store).objectStore(store);
  }

  /** All or nothing, and on the disk when it resolves. */
  #write(change: (checkpoints: IDBObjectStore, best: IDBObjectStore) => void): Promise<void> {
    const transaction = this.#db.transaction([CHECKPOINTS, BEST], "readwrite", { durability: "strict" });
    change(transaction.objectStore(CHECKPOINTS), transaction.objectStore(BEST));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => {
        const { error } = transaction;
        const full = error?.name === "QuotaExceededError";
        reject(full ? new UserError(`${this.path}: the browser has no room left for a checkpoint`) : error);
      };
    });
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("no reason was given"));
  });
}

/** A copy: memory shared between threads cannot be stored, and of a view the whole buffer would be. */
const ownMemory = (dict: StateDict): StateDict =>
  Object.fromEntries(
    Object.entries(dict).map(([name, array]) => [name, { ...array, data: array.data.slice() }]),
  ) as StateDict;
