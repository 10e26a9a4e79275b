import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CustodyError } from '../../errors.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Captured, Clone, Session } from '../engine.ts';
import { captureDatabase } from './capture.ts';
import {
  copyFileHashed,
  hashFile,
  isPrivateFolder,
  removeSidecars,
  replaceDatabase,
  sidecars,
  statOf,
} from './files.ts';
import type { CloneWitnessed } from './isolation.ts';
import type { Place } from './place.ts';
import { SqliteSession } from './session.ts';

/** One database file made from the restore image, in a folder of its own. At most one session is open on it. */
export class SqliteClone implements Clone {
  witnessed: CloneWitnessed = { folderPrivate: false, notLinked: false, inode: '' };
  readonly #place: Place;
  readonly #folder: string;
  readonly #path: string;
  #session: SqliteSession | undefined;

  constructor(place: Place, folder: string, path: string) {
    this.#place = place;
    this.#folder = folder;
    this.#path = path;
  }

  /** Looks at the fresh file, for the isolation record. */
  async witness(source: string): Promise<void> {
    const mine = await statOf(this.#path);
    const theirs = await statOf(source);
    const same = mine?.dev === theirs?.dev && mine?.ino === theirs?.ino;
    this.witnessed = {
      folderPrivate: await isPrivateFolder(this.#folder),
      notLinked: mine !== undefined && theirs !== undefined && mine.isFile() && mine.nlink === 1n && !same,
      inode: mine === undefined ? '' : `${mine.dev}:${mine.ino}`,
    };
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    const { signal } = this.#place;
    return this.#withClosedFile((path) =>
      captureDatabase(path, sink, signal === undefined ? {} : { signal }),
    );
  }

  async query(sql: string): Promise<string> {
    return this.#withClosedFile(async (path) => {
      await using child = await this.#place.start(this.#folder);
      return String(await child.request({ op: 'query', path, sql }, this.#place.timeLimit));
    });
  }

  async open(): Promise<Session> {
    this.#assertClosed();
    const child = await this.#place.start(this.#folder);
    const session = new SqliteSession(child, this.#folder, this.#place);
    this.#session = session;
    try {
      await child.request({ op: 'open', path: this.#path, pragmas: this.#place.pragmas });
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    return session;
  }

  async reset(): Promise<void> {
    this.#assertClosed();
    await replaceDatabase(this.#place.image, this.#path);
  }

  /** After what lies beside the file (a WAL, a hot journal) is taken into account. */
  async identical(): Promise<boolean> {
    return this.#withClosedFile(async (path) => (await hashFile(path)) === this.#place.imageDigest);
  }

  /**
   * Gives the path of a closed file with the committed state. Mostly that is the clone itself. A session that was killed
   * leaves a journal or a WAL: then a copy is recovered, in a child, and the clone stays as it is.
   */
  async #withClosedFile<T>(use: (path: string) => Promise<T>): Promise<T> {
    this.#assertClosed();
    const left = (await sidecars(this.#path)).filter((suffix) => suffix !== '-shm');
    if (left.length === 0) return use(this.#path);
    const folder = await mkdtemp(join(this.#folder, 'settled-'));
    try {
      const copy = join(folder, 'copy.db');
      await copyFileHashed(this.#path, copy);
      for (const suffix of left) await copyFileHashed(this.#path + suffix, copy + suffix);
      {
        await using child = await this.#place.start(folder);
        await child.request({ op: 'settle', path: copy });
      }
      await removeSidecars(copy);
      return await use(copy);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #assertClosed(): void {
    if (this.#session === undefined || this.#session.closed) return;
    throw new CustodyError('INTERNAL', 'a session is open on this clone', {
      hint: 'Dispose of the session first.',
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
