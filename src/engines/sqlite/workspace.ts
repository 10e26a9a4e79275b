import { join } from 'node:path';
import { undo } from '../../system/undo.ts';
import { CustodyError } from '../../errors.ts';
import type { Digest } from '../../objects/digest.ts';
import type { Link } from '../../objects/link.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Captured, Clone, EngineOptions, Isolation, SourceSpec, Workspace } from '../engine.ts';
import { openRegular } from '../../system/regular-file.ts';
import { makeWorkFolder, removeFolder } from '../../system/temporary-folder.ts';
import { captureDatabase } from './capture/capture.ts';
import { CaptureMemo } from './capture-memo.ts';
import { SqlChild, type Witnessed } from './process/child.ts';
import { SqliteClone } from './clone.ts';
import { hashFile, imageChanged, isPrivateFolder, removeSidecars, statOf, storeHandle } from './files.ts';
import { isolationOf } from './isolation.ts';
import type { Place } from './place.ts';
import { sessionPragmas } from './script/pragmas.ts';
import { checkIntegrity } from './process/integrity.ts';
import { openReader, readerVersion } from './capture/reader.ts';
import { Source } from './source.ts';

/** Bytes. An image is held in memory while it is made; up to here it is the faster way. */
const IMAGE_UP_TO = 16 << 20;

/** Design section 7, "isolate the target and prove it": a private folder with one restore image. */
export class SqliteWorkspace implements Workspace {
  readonly sourceDigest: Digest;
  readonly imageDigest: Digest;
  readonly #source: Source;
  readonly #place: Place;
  readonly #witnessed: Witnessed[];
  readonly #clones: SqliteClone[] = [];

  private constructor(source: Source, place: Place, witnessed: Witnessed[]) {
    this.sourceDigest = source.digest;
    this.imageDigest = place.imageDigest;
    this.#source = source;
    this.#place = place;
    this.#witnessed = witnessed;
  }

  /** @throws what {@link Source.copy} throws, DATABASE_CORRUPT, USAGE for a session pragma, INTERRUPTED. */
  static async prepare(
    spec: SourceSpec,
    options: EngineOptions,
    { imageUpTo = IMAGE_UP_TO }: { imageUpTo?: number } = {},
  ): Promise<SqliteWorkspace> {
    const { signal, timeLimit, progress } = options;
    const pragmas = sessionPragmas(options.session);
    const folder = await makeWorkFolder('sqlite');
    try {
      const image = join(folder, 'image.db');
      progress?.('copying the source');
      const source = await Source.copy(spec, image);
      const witnessed: Witnessed[] = [];
      const start = async (where: string): Promise<SqlChild> => {
        const child = await SqlChild.start(where, signal);
        witnessed.push(child.witnessed);
        return child;
      };
      progress?.('making the restore image');
      {
        await using child = await start(folder);
        await child.request({ op: 'settle', path: image });
      }
      await removeSidecars(image);
      await checkImage(image, spec.file, signal);
      const imageDigest = await hashFile(image);
      const memo = new CaptureMemo((path, sink) => captureDatabase(path, sink, withSignal(signal)));
      const capture = memo.capture.bind(memo);
      const where = { folder, image, imageDigest, source: source.path };
      const sets = { stranded: new Set<string>(), hiding: new Set<string>() };
      const place: Place = { ...where, ...sets, pragmas, timeLimit, signal, start, imageUpTo, capture };
      return new SqliteWorkspace(source, place, witnessed);
    } catch (error) {
      throw await undo(error, async () => removeFolder(folder));
    }
  }

  get versions(): readonly (readonly [name: string, value: string])[] {
    const sqlite = this.#witnessed[0]?.sqlite ?? 'unknown';
    return [
      ['node:sqlite', sqlite],
      ['better-sqlite3', readerVersion()],
    ];
  }

  async restore(label: string): Promise<Clone> {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(label)) {
      throw new CustodyError('USAGE', `${JSON.stringify(label)} cannot name a clone`, {
        hint: 'Use letters and digits.',
      });
    }
    const clone = await SqliteClone.make(this.#place, label);
    this.#clones.push(clone);
    return clone;
  }

  storeSource(sink: ObjectSink): Promise<Link> {
    return this.#source.store(sink);
  }

  async storeImage(sink: ObjectSink): Promise<Link> {
    const { image } = this.#place;
    await using handle = await openRegular(image, { follow: false });
    const { link, sha256 } = await storeHandle(handle, image, sink);
    if (sha256 !== this.imageDigest) throw imageChanged();
    return link;
  }

  /** Captures the restore image itself, without a clone: for a snapshot of a file. */
  captureImage(sink: ObjectSink): Promise<Captured> {
    return captureDatabase(this.#place.image, sink, withSignal(this.#place.signal));
  }

  sourceUnchanged(): Promise<boolean> {
    return this.#source.unchanged();
  }

  async isolation(): Promise<Isolation> {
    const source = await statOf(this.#source.path);
    return isolationOf({
      workspacePrivate: await isPrivateFolder(this.#place.folder),
      sourceUnchanged: await this.#source.unchanged(),
      sourceOpenedReadOnly: this.#source.openedReadOnly,
      imageUnchanged: (await hashFile(this.#place.image)) === this.imageDigest,
      clones: this.#clones.map((clone) => clone.witnessed),
      children: this.#witnessed,
      raw: [
        ['source', this.#source.path],
        ['source-inode', source === undefined ? 'gone' : `${source.dev}:${source.ino}`],
        ['workspace', this.#place.folder],
        ['uid', String(process.getuid?.() ?? 'none')],
      ],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const clone of this.#clones) await clone[Symbol.asyncDispose]();
    if (this.#place.stranded.size > 0) return;
    removeFolder(this.#place.folder);
  }
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** The library that will read every capture must find the image whole before anything else is done with it. */
async function checkImage(image: string, file: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    using reader = openReader(image);
    await checkIntegrity(reader, signal);
  } catch (error) {
    if (error instanceof CustodyError && error.code === 'DATABASE_CORRUPT') {
      throw new CustodyError('DATABASE_CORRUPT', `${file}: ${error.message}`, {
        path: file,
        hint: error.hint,
        cause: error,
      });
    }
    throw error;
  }
}
