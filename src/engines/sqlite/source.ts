import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { CustodyError, hasCode } from '../../errors.ts';
import type { Digest } from '../../objects/digest.ts';
import type { Link } from '../../objects/link.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import { compareNames } from '../../objects/names.ts';
import { TreeBuilder } from '../../objects/tree.ts';
import type { SourceSpec } from '../engine.ts';
import { openRegular } from '../../system/regular-file.ts';
import { locateSource, openLocated } from '../source-path.ts';
import { copyHashed, hasMagic, statOf, storeHandle } from './files.ts';

/** The files of a source that count: the database and what its last writer left beside it. `-shm` is only an index. */
const PARTS = ['', '-wal', '-journal'] as const;
type Part = (typeof PARTS)[number];

/** The last 8 bytes of a journal that belongs to a transaction over several files (sqlite3.c, `aJournalMagic`). */
const JOURNAL_MAGIC = Buffer.from('d9d505f920a163d7', 'hex');

/** What was read of one part. */
interface Copied {
  readonly digest: Digest;
  readonly size: bigint;
}

/** A database file from outside, read and never written. */
export class Source {
  /** With links resolved: SQLite looks for the journal beside the file that a link leads to. */
  readonly path: string;
  readonly digest: Digest;
  /** Writing through the handle that was read from was tried and refused. */
  readonly openedReadOnly: boolean;
  readonly #parts: ReadonlyMap<Part, Copied>;

  private constructor(path: string, parts: ReadonlyMap<Part, Copied>, openedReadOnly: boolean) {
    this.path = path;
    this.digest = parts.get('')!.digest;
    this.#parts = parts;
    this.openedReadOnly = openedReadOnly;
  }

  /**
   * Copies the database to `to` (and `to-wal`, `to-journal`), then reads everything once more.
   * @throws CustodyError PATH_NOT_FOUND, PATH_NOT_A_FILE, DATABASE_NOT_RECOGNISED, DATABASE_CORRUPT, DATABASE_UNSUPPORTED, SOURCE_CHANGED
   *   (somebody wrote while it was copied, or it leads elsewhere than it did), DISK_FULL.
   */
  static async copy(spec: SourceSpec, to: string): Promise<Source> {
    const { file } = spec;
    const path = await locateSource(spec);
    if (!(await hasMagic(path))) {
      throw new CustodyError('DATABASE_NOT_RECOGNISED', `${file} is not a SQLite database`, {
        path: file,
        hint: 'Give a SQLite database file; an encrypted one must be decrypted first.',
      });
    }
    await refusePadding(path);
    const parts = new Map<Part, Copied>();
    let readOnly = true;
    for (const part of PARTS) {
      if (part !== '' && !(await statOf(path + part))?.size) continue;
      await using handle = await openLocated(path + part);
      if (part === '-journal') await refuseSharedJournal(handle, path + part);
      readOnly &&= refusesWrites(handle);
      const digest = await copyHashed(handle, to + part);
      parts.set(part, { digest, size: (await statOf(to + part))?.size ?? 0n });
    }
    const source = new Source(path, parts, readOnly);
    if (!(await source.unchanged())) throw changed(file, 'while it was copied');
    return source;
  }

  /**
   * Stores the source's files, read once more, as a `tree`: `source`, and what lay beside it under `source-wal` and
   * `source-journal`. @throws CustodyError SOURCE_CHANGED where they are not the bytes that were copied.
   */
  async store(sink: ObjectSink): Promise<Link> {
    const tree = new TreeBuilder(sink);
    for (const part of [...PARTS].sort((a, b) => compareNames(nameOf(a), nameOf(b)))) {
      const known = this.#parts.get(part);
      const size = (await statOf(this.path + part))?.size ?? 0n;
      if (size !== (known?.size ?? 0n)) throw changed(this.path, 'since it was copied');
      if (known === undefined) continue;
      await using handle = await openRegular(this.path + part, { follow: false });
      const stored = await storeHandle(handle, this.path + part, sink);
      if (stored.sha256 !== known.digest) throw changed(this.path, 'since it was copied');
      tree.add({ name: nameOf(part), mode: 'file', link: stored.link });
    }
    return tree.finish();
  }

  /** Whether the source's files still have the bytes that were copied. */
  async unchanged(): Promise<boolean> {
    for (const part of PARTS) {
      const stat = await statOf(this.path + part);
      const known = this.#parts.get(part);
      const present = part === '' ? stat !== undefined : (stat?.size ?? 0n) > 0n;
      if (present !== (known !== undefined)) return false;
      if (known === undefined) continue;
      if (stat?.size !== known.size) return false;
      await using handle = await openRegular(this.path + part, { follow: false });
      if ((await copyHashed(handle, undefined)) !== known.digest) return false;
    }
    return true;
  }
}

/** A part's name in the stored tree. */
function nameOf(part: Part): string {
  return `source${part}`;
}

function changed(file: string, when: string): CustodyError {
  return new CustodyError('SOURCE_CHANGED', `${file} was written to ${when}`, {
    path: file,
    hint: 'Stop what writes to the database, or give a copy made with VACUUM INTO or .backup.',
  });
}

/** Programs grow their files in steps (SQLITE_FCNTL_CHUNK_SIZE); so much behind the last page is no fault. Bytes. */
const MAX_PADDING = 64 * 1024 * 1024;

/**
 * A sparse file may claim more than any disk holds. The header says how many pages count, unless its own counters (at 24
 * and 92) say that an old SQLite wrote last, or a WAL or journal says otherwise.
 * https://www.sqlite.org/fileformat2.html#in_header_database_size
 */
async function refusePadding(path: string): Promise<void> {
  for (const part of ['-wal', '-journal']) if ((await statOf(path + part))?.size) return;
  await using handle = await openRegular(path, { follow: false });
  const header = Buffer.alloc(100);
  const { bytesRead } = await handle.read(header, 0, header.length, 0);
  if (bytesRead < header.length || header.readUInt32BE(24) !== header.readUInt32BE(92)) return;
  const pages = header.readUInt32BE(28);
  const field = header.readUInt16BE(16);
  const own = pages * (field === 1 ? 65_536 : field);
  const { size } = await handle.stat();
  if (pages === 0 || size <= own + MAX_PADDING) return;
  throw new CustodyError('DATABASE_CORRUPT', `${path} has ${size} bytes, of which its header counts ${own}`, {
    path,
    hint: 'Give a copy made with VACUUM INTO or .backup.',
  });
}

/** Such a journal is rolled back, or not, depending on a file elsewhere, which SQLite would then delete. */
async function refuseSharedJournal(journal: FileHandle, path: string): Promise<void> {
  const { size } = await journal.stat();
  const tail = Buffer.alloc(JOURNAL_MAGIC.length);
  await journal.read(tail, 0, tail.length, Math.max(0, size - tail.length));
  if (size <= 512 || !tail.equals(JOURNAL_MAGIC)) return;
  throw new CustodyError(
    'DATABASE_UNSUPPORTED',
    `${path} belongs to a transaction over several database files`,
    {
      path,
      hint: 'Open the database once with sqlite3, so that it is recovered, and run the command again.',
    },
  );
}

/** Writing nothing fails with EBADF on a handle that was opened for reading only. */
function refusesWrites(handle: FileHandle): boolean {
  try {
    writeSync(handle.fd, Buffer.alloc(0));
    return false;
  } catch (error) {
    return hasCode(error, 'EBADF');
  }
}
