/**
 * Bytes that came in and were not taken yet, in one piece: pushed at the end, taken from the front. Each byte is copied a
 * constant number of times on average, whatever the size of the pieces.
 */
export class ByteWindow {
  #buffer = new Uint8Array(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** All of it; valid until the next push. */
  view(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  push(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#buffer.length) this.#makeRoom(piece.length);
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** Removes `count` bytes from the front. @returns a copy of them. */
  take(count: number): Uint8Array {
    const taken = this.#buffer.slice(this.#start, this.#start + count);
    this.#start += count;
    return taken;
  }

  /** Moves to the front where that frees half of the buffer, else doubles it. */
  #makeRoom(extra: number): void {
    const held = this.view();
    const fits = 2 * (held.length + extra) <= this.#buffer.length;
    const target = fits ? this.#buffer : new Uint8Array(Math.max(2 * held.length, held.length + extra));
    target.set(held);
    this.#buffer = target;
    this.#start = 0;
    this.#end = held.length;
  }
}
