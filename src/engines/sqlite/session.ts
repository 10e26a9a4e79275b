import { randomUUID } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CustodyError } from '../../errors.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Boundary, Captured, Session } from '../engine.ts';
import { buildSnapshot } from './capture/capture.ts';
import type { Part } from './capture/state.ts';
import { readLimit } from './process/integrity.ts';
import type { SqlChild } from './process/child.ts';
import type { Place } from './place.ts';

/** One connection in a child process; the parent only sends requests, and reads images that the child has closed. */
export class SqliteSession implements Session {
  closed = false;
  readonly #child: SqlChild;
  readonly #folder: string;
  readonly #place: Place;
  readonly #onClosed: () => Promise<void>;

  /** @param onClosed called once, when the child has ended. */
  constructor(child: SqlChild, folder: string, place: Place, onClosed: () => Promise<void>) {
    this.#child = child;
    this.#folder = folder;
    this.#place = place;
    this.#onClosed = onClosed;
  }

  get ended(): boolean {
    return this.#child.ended;
  }

  async begin(): Promise<void> {
    await this.#child.request({ op: 'begin' });
  }

  async apply(script: Uint8Array, boundary: Boundary): Promise<void> {
    const request = { op: 'apply', script: scriptText(script), boundary: plain(boundary) } as const;
    await this.#child.request(request, this.#place.timeLimit);
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    const size = Number(await this.#child.request({ op: 'size' }));
    const limit = readLimit(size);
    if (size > this.#place.imageUpTo && (await this.#child.request({ op: 'read' }, limit)) === true)
      return await buildSnapshot(this.#parts(limit), sink, this.#place.signal);
    const path = join(this.#folder, `inside-${randomUUID()}.db`);
    try {
      await this.#child.request({ op: 'image', path });
      return await this.#place.capture(path, sink);
    } finally {
      await rm(path, { force: true });
    }
  }

  /** What the child reads, one part ahead of what is asked for. */
  async *#parts(limit: number): AsyncGenerator<Part> {
    let coming = this.#next(limit);
    try {
      for (let part = await coming; part !== null; part = await coming) {
        coming = this.#next(limit);
        // Whoever is busy with this part hears of it when it is that one's turn.
        coming.catch(() => undefined);
        yield part;
      }
    } finally {
      await coming.catch(() => undefined);
    }
  }

  async #next(limit: number): Promise<Part | null> {
    return (await this.#child.request({ op: 'next' }, limit)) as Part | null;
  }

  async query(sql: string): Promise<string> {
    return String(await this.#child.request({ op: 'queryInside', sql }, this.#place.timeLimit));
  }

  async rollback(): Promise<void> {
    await this.#child.request({ op: 'rollback' });
  }

  async commit(): Promise<void> {
    await this.#child.request({ op: 'commit' });
  }

  async inTransaction(): Promise<boolean> {
    return (await this.#child.request({ op: 'inTransaction' })) === true;
  }

  /** Ends the child at once: what is in the files stays as it is, a hot journal too. */
  async kill(): Promise<void> {
    this.#child.kill();
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    if (this.closed) return;
    this.closed = true;
    await this.#onClosed();
  }
}

/** @throws CustodyError SQL_SYNTAX for a script that is not UTF-8. */
export function scriptText(script: Uint8Array): string {
  if (isUtf8(script)) return Buffer.from(script).toString();
  throw new CustodyError('SQL_SYNTAX', 'the script is not UTF-8', {
    path: 'script',
    hint: 'Save the script as UTF-8.',
  });
}

/** What goes to the child: the four fields, and no others that a caller's object may have. */
export function plain({ insert, update, delete: deletes, counters }: Boundary): Boundary {
  return { insert, update, delete: deletes, counters };
}
