import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { undo } from '../../system/undo.ts';
import { CustodyError, fromSystemError } from '../../errors.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Boundary, Captured, Clone, Session } from '../engine.ts';
import { disownFolder, ownFolder } from '../../system/temporary-folder.ts';
import type { SqlChild } from './process/child.ts';
import {
  copyFileHashed,
  hashFile,
  imageChanged,
  isPrivateFolder,
  removeSidecars,
  replaceDatabase,
  sidecars,
  statOf,
} from './files.ts';
import { isOwnFile, UNSEEN, type CloneWitnessed } from './isolation.ts';
import { lookForHolders } from './open-files.ts';
import type { Place } from './place.ts';
import type { Failure, Request } from './process/protocol.ts';
import { moveToQuarantine } from './quarantine.ts';
import { plain, SqliteSession, scriptText } from './session.ts';

/** One database file made from the restore image, in a folder of its own. At most one session is open on it. */
export class SqliteClone implements Clone {
  readonly #place: Place;
  readonly #label: string;
  readonly #folder: string;
  readonly #path: string;
  #witnessed: CloneWitnessed | undefined;
  #session: SqliteSession | undefined;
  #asker: SqlChild | undefined;
  #quarantined: string | undefined;

  private constructor(place: Place, label: string, folder: string, path: string) {
    this.#place = place;
    this.#label = label;
    this.#folder = folder;
    this.#path = path;
  }

  /** @throws CustodyError ENGINE_FAILED where the image changed, or the file is not one of its own; DISK_FULL, … */
  static async make(place: Place, label: string): Promise<SqliteClone> {
    const folder = await mkdtemp(join(place.folder, `${label}-`)).catch((error: unknown) => {
      throw fromSystemError(error, place.folder);
    });
    const path = join(folder, 'clone.db');
    if ((await copyFileHashed(place.image, path)) !== place.imageDigest) throw imageChanged();
    const clone = new SqliteClone(place, label, folder, path);
    await clone.#assertOwn();
    await clone.#lookForOthers();
    return clone;
  }

  /** What was seen of the clone's file, each time that it was looked at. */
  get witnessed(): CloneWitnessed {
    return this.#witnessed ?? UNSEEN;
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    return this.#withClosedFile((path) => this.#place.capture(path, sink));
  }

  async query(sql: string): Promise<string> {
    const { timeLimit } = this.#place;
    return String(await this.#ask((path) => ({ op: 'query', path, sql }), timeLimit));
  }

  async check(script: Uint8Array, boundary: Boundary): Promise<readonly CustodyError[]> {
    this.#assertClosed();
    let text: string;
    try {
      text = scriptText(script);
    } catch (error) {
      if (error instanceof CustodyError) return [error];
      throw error;
    }
    const { pragmas, timeLimit } = this.#place;
    const asked = { pragmas, script: text, boundary: plain(boundary) };
    return refusals(await this.#ask((path) => ({ op: 'check', path, ...asked }), timeLimit));
  }

  async checkQuery(sql: string): Promise<CustodyError | undefined> {
    const { timeLimit } = this.#place;
    return refusals(await this.#ask((path) => ({ op: 'checkQuery', path, sql }), timeLimit))[0];
  }

  /** One request to a child, about the closed file; the child opens it for that request alone. */
  async #ask(request: (path: string) => Request, timeLimit: number): Promise<unknown> {
    return this.#withClosedFile(async (path) => {
      if (path === this.#path) return await (await this.#asking()).request(request(path), timeLimit);
      await using child = await this.#place.start(dirname(path));
      return await child.request(request(path), timeLimit);
    });
  }

  /** The child that answers about the clone until its file changes: starting one costs more than all its answers. */
  async #asking(): Promise<SqlChild> {
    if (this.#asker === undefined || this.#asker.ended) this.#asker = await this.#place.start(this.#folder);
    return this.#asker;
  }

  async #stopAsking(): Promise<void> {
    await this.#asker?.[Symbol.asyncDispose]();
    this.#asker = undefined;
  }

  async open(): Promise<Session> {
    this.#assertClosed();
    await this.#stopAsking();
    await this.#assertOwn();
    await this.#lookForOthers();
    const child = await this.#place.start(this.#folder);
    const session = new SqliteSession(child, this.#folder, this.#place, () => this.#lookForOthers());
    this.#session = session;
    try {
      await child.request({ op: 'open', path: this.#path, pragmas: this.#place.pragmas });
    } catch (error) {
      throw await undo(error, () => session[Symbol.asyncDispose]());
    }
    return session;
  }

  async reset(): Promise<void> {
    this.#assertClosed();
    await this.#stopAsking();
    await replaceDatabase(this.#place.image, this.#path);
    await this.#assertOwn();
  }

  async quarantine(folder: string, reason: string): Promise<string> {
    this.#assertUsable();
    await this.#stopAsking();
    await this.#session?.kill();
    // From here on it is out of use, whether or not it can be moved.
    this.#quarantined = this.#folder;
    const { folder: workspace, stranded } = this.#place;
    // Until it is moved, nothing may remove the workspace that it lies in: not we, and no later start.
    stranded.add(this.#folder);
    disownFolder(workspace);
    this.#quarantined = await moveToQuarantine(this.#folder, folder, this.#label, reason);
    stranded.delete(this.#folder);
    if (stranded.size === 0) ownFolder(workspace);
    return this.#quarantined;
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
    await this.#assertOwn();
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

  #assertUsable(): void {
    if (this.#quarantined === undefined) return;
    throw new CustodyError('ENGINE_FAILED', `this clone is quarantined in ${this.#quarantined}`, {
      path: this.#quarantined,
      hint: 'Restore a new clone; a quarantined one is never used again.',
    });
  }

  #assertClosed(): void {
    this.#assertUsable();
    if (this.#session === undefined || this.#session.closed) return;
    throw new CustodyError('INTERNAL', 'a session is open on this clone', {
      hint: 'Dispose of the session first.',
    });
  }

  /** Before each use: a link put in the file's place would lead the session into another database. */
  async #assertOwn(): Promise<void> {
    const mine = await statOf(this.#path);
    const source = await statOf(this.#place.source);
    const own = isOwnFile(mine, source);
    const before = this.#witnessed;
    this.#witnessed = {
      folderPrivate: (await isPrivateFolder(this.#folder)) && before?.folderPrivate !== false,
      notLinked: own && source !== undefined && before?.notLinked !== false,
      inode: mine === undefined ? 'gone' : `${mine.dev}:${mine.ino}`,
      owner: String((await statOf(this.#folder))?.uid ?? 'gone'),
      looks: before?.looks ?? [],
    };
    if (own) return;
    throw new CustodyError('ENGINE_FAILED', 'the clone is no file of its own', {
      path: this.#path,
      hint: 'Find out who put a link into the working folder; the source may be in danger.',
    });
  }

  /** Who else has the file open: once it is made, before each session, and after it. */
  async #lookForOthers(): Promise<void> {
    const mine = await statOf(this.#path);
    const look =
      mine === undefined
        ? { holders: [], hidden: ['the file is gone'] }
        : await lookForHolders(mine, this.#place.hiding);
    this.#witnessed = { ...this.witnessed, looks: [...this.witnessed.looks, look] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopAsking();
    await this.#session?.[Symbol.asyncDispose]();
    if (this.#quarantined === undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}

function refusals(answer: unknown): CustodyError[] {
  return (answer as readonly Failure[]).map(
    ({ code, message, hint, path }) =>
      new CustodyError(code, message, { hint, ...(path === undefined ? {} : { path }) }),
  );
}
