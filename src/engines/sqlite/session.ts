import { randomUUID } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CustodyError } from '../../errors.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Boundary, Captured, Session } from '../engine.ts';
import { captureDatabase } from './capture.ts';
import type { Child } from './child.ts';
import type { Place } from './place.ts';

/** One connection in a child process; the parent only sends requests, and reads images that the child has closed. */
export class SqliteSession implements Session {
  closed = false;
  readonly #child: Child;
  readonly #folder: string;
  readonly #place: Place;

  constructor(child: Child, folder: string, place: Place) {
    this.#child = child;
    this.#folder = folder;
    this.#place = place;
  }

  async begin(): Promise<void> {
    await this.#child.request({ op: 'begin' });
  }

  async apply(script: Uint8Array, boundary: Boundary): Promise<void> {
    if (!isUtf8(script)) {
      throw new CustodyError('SQL_SYNTAX', 'the script is not UTF-8', {
        path: 'script',
        hint: 'Save the script as UTF-8.',
      });
    }
    const request = { op: 'apply', script: Buffer.from(script).toString(), tables: boundary.tables } as const;
    await this.#child.request(request, this.#place.timeLimit);
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    const path = join(this.#folder, `inside-${randomUUID()}.db`);
    try {
      await this.#child.request({ op: 'image', path });
      const { signal } = this.#place;
      return await captureDatabase(path, sink, signal === undefined ? {} : { signal });
    } finally {
      await rm(path, { force: true });
    }
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    this.closed = true;
  }
}
