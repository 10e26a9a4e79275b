/** Decompressed blocks, least recently used first out. */
export class BlockCache {
  readonly #blocks = new Map<string, Uint8Array>();
  readonly #budget: number;
  #bytes = 0;

  /** @param budget bytes of blocks to keep; a block has at most 1.125 MiB. */
  constructor(budget = 8 * 1_048_576) {
    this.#budget = budget;
  }

  get(pack: string, block: number): Uint8Array | undefined {
    const key = `${pack}#${block}`;
    const found = this.#blocks.get(key);
    if (found !== undefined) {
      this.#blocks.delete(key);
      this.#blocks.set(key, found);
    }
    return found;
  }

  set(pack: string, block: number, data: Uint8Array): void {
    this.#remove(`${pack}#${block}`);
    this.#blocks.set(`${pack}#${block}`, data);
    this.#bytes += data.length;
    for (const key of this.#blocks.keys()) {
      if (this.#bytes <= this.#budget) break;
      this.#remove(key);
    }
  }

  /** All blocks of one pack: it is gone, or its file was replaced. */
  forget(pack: string): void {
    for (const key of [...this.#blocks.keys()]) if (key.startsWith(`${pack}#`)) this.#remove(key);
  }

  #remove(key: string): void {
    this.#bytes -= this.#blocks.get(key)?.length ?? 0;
    this.#blocks.delete(key);
  }
}
