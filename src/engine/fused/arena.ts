/** Blocks begin where a processor's cache lines do. */
const ALIGNED = 64;
const PAGE = 65536;
/** All that WebAssembly can address. */
const MOST_PAGES = 65536;

const up = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

interface Block {
  readonly at: number;
  readonly bytes: number;
}

/**
 * Blocks of one WebAssembly memory, which grows as needed, in its place. Growing detaches the views on it, so views are
 * asked for anew where `generation` has changed.
 */
export class Arena {
  #memory: WebAssembly.Memory | undefined;
  /** In the order of their places; no two touch. */
  #free: Block[] = [];
  #scratch: Block = { at: 0, bytes: 0 };
  #generation = 0;

  /** Reserved at first use. */
  get memory(): WebAssembly.Memory {
    return (this.#memory ??= new WebAssembly.Memory({ initial: 0, maximum: MOST_PAGES }));
  }

  get generation(): number {
    return this.#generation;
  }

  /** The place of so many bytes. @throws RangeError where they would be more than 4 GiB together. */
  allocate(wanted: number): number {
    const bytes = up(Math.max(wanted, 1), ALIGNED);
    let i = this.#free.findIndex((block) => block.bytes >= bytes);
    if (i < 0) {
      this.#grow(bytes);
      i = this.#free.length - 1;
    }
    const block = this.#free[i]!;
    const rest = { at: block.at + bytes, bytes: block.bytes - bytes };
    this.#free.splice(i, 1, ...(rest.bytes > 0 ? [rest] : []));
    return block.at;
  }

  free(at: number, wanted: number): void {
    const bytes = up(Math.max(wanted, 1), ALIGNED);
    const blocks = [...this.#free, { at, bytes }].sort((a, b) => a.at - b.at);
    this.#free = [];
    for (const block of blocks) {
      const last = this.#free.at(-1);
      if (last && last.at + last.bytes === block.at)
        this.#free.splice(-1, 1, { at: last.at, bytes: last.bytes + block.bytes });
      else this.#free.push(block);
    }
  }

  /** Room for what is needed within one run, the same for all: its place. */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes > 0) this.free(this.#scratch.at, this.#scratch.bytes);
      this.#scratch = { at: this.allocate(bytes), bytes };
    }
    return this.#scratch.at;
  }

  /** Numbers at a place; good until the memory grows. */
  view(at: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, length);
  }

  /** Makes a free block of these bytes at the end. */
  #grow(bytes: number): void {
    const end = this.memory.buffer.byteLength;
    const last = this.#free.at(-1);
    const open = last && last.at + last.bytes === end ? last.bytes : 0;
    const pages = Math.ceil((bytes - open) / PAGE);
    if (end / PAGE + pages > MOST_PAGES)
      throw new RangeError(
        "variables that are updated in place take more than the 4 GiB that WebAssembly can address",
      );
    this.memory.grow(pages);
    this.#generation++;
    this.free(end, pages * PAGE);
  }
}
