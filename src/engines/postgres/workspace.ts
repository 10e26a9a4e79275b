import { CustodyError } from '../../errors.ts';
import { type Digest } from '../../objects/digest.ts';
import type { Link } from '../../objects/link.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import { TreeBuilder } from '../../objects/tree.ts';
import type { Clone, EngineOptions, Isolation, Workspace } from '../engine.ts';
import { PostgresClone } from './clone.ts';
import type { Cluster } from './cluster/cluster.ts';
import { fileDigest, storeDump } from './dump/dump-source.ts';
import { interrupted, translated } from './failure.ts';
import { IMAGE, imageIsClosed } from './dump/image.ts';
import { executorIsUnprivileged } from './roles.ts';

/** A cluster of our own with the restore image in it. Disposing it ends the server and removes the folder. */
export class PostgresWorkspace implements Workspace {
  readonly sourceDigest: Digest;
  /** The image is made from these bytes and nothing else: the dump's own digest identifies it. */
  readonly imageDigest: Digest;
  readonly versions: readonly (readonly [string, string])[];
  readonly #cluster: Cluster;
  readonly #file: string;
  readonly #options: EngineOptions;
  readonly #clones = new Map<string, PostgresClone>();

  readonly #release: () => void;

  /** @param release called when the workspace is disposed of. */
  constructor(cluster: Cluster, file: string, digest: Digest, options: EngineOptions, release: () => void) {
    this.#release = release;
    this.#cluster = cluster;
    this.#file = file;
    this.#options = options;
    this.sourceDigest = digest;
    this.imageDigest = digest;
    this.versions = [['postgres', cluster.binaries.version]];
  }

  /** A `tree` with one entry, `source`: a dump has no files beside it. @throws CustodyError SOURCE_CHANGED, … */
  async storeSource(sink: ObjectSink): Promise<Link> {
    const { link } = await storeDump(sink, this.#file, this.sourceDigest);
    const tree = new TreeBuilder(sink);
    tree.add({ name: 'source', mode: 'file', link });
    return tree.finish();
  }

  /** The image is made from the dump's bytes and nothing else: they stand for it. @throws CustodyError SOURCE_CHANGED, … */
  async storeImage(sink: ObjectSink): Promise<Link> {
    return (await storeDump(sink, this.#file, this.imageDigest)).link;
  }

  /** @throws CustodyError USAGE for a label that is no plain word or is in use, ENGINE_FAILED, INTERRUPTED */
  async restore(label: string): Promise<Clone> {
    if (this.#options.signal?.aborted) throw interrupted();
    const database = `custody_${label.toLowerCase()}`;
    if (!/^[A-Za-z0-9_]{1,40}$/.test(label) || database === IMAGE || this.#clones.has(database)) {
      throw new CustodyError(
        'USAGE',
        `a clone cannot be called ${JSON.stringify(label)}, or one has that name already`,
      );
    }
    this.#options.progress?.(`clone ${label}`);
    const clone = await PostgresClone.make({
      cluster: this.#cluster,
      label,
      database,
      options: this.#options,
      gone: () => this.#clones.delete(database),
    });
    this.#clones.set(database, clone);
    return clone;
  }

  /** Each assertion was asked of the server, the file system or the source just now. */
  isolation(): Promise<Isolation> {
    return translated('isolation', () => this.#isolation());
  }

  async #isolation(): Promise<Isolation> {
    await using admin = await this.#cluster.connect('postgres');
    const holds = async (sql: string): Promise<boolean> => (await admin.value(sql)) === 't';
    const assertions: [string, boolean][] = [
      ['cluster-folder-private', this.#cluster.folderIsPrivate()],
      ['cluster-own-process', this.#cluster.ownsServer()],
      ['executor-role-unprivileged', await executorIsUnprivileged(admin)],
      ['image-without-sessions', await imageIsClosed(admin)],
      [
        'no-other-sessions',
        // Ours carry our application name and come from this process, over the socket.
        await holds(
          `SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'
           AND (client_addr IS NOT NULL OR application_name <> 'custody'))`,
        ),
      ],
      [
        'no-prepared-transactions',
        await holds(
          `SELECT current_setting('max_prepared_transactions') = '0' AND NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts)`,
        ),
      ],
      [
        'no-replication',
        await holds(
          `SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_subscription) AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots)
           AND current_setting('max_wal_senders') = '0'`,
        ),
      ],
      ['source-unchanged', (await fileDigest(this.#file)) === this.sourceDigest],
      [
        'unix-socket-only',
        await holds(
          `SELECT current_setting('listen_addresses') = '' AND current_setting('unix_socket_directories') = '${this.#cluster.socketFolder}'`,
        ),
      ],
    ];
    const version = (await admin.value('SELECT version()')) ?? '';
    return {
      assertions: assertions.map(([assertion, value]) => ({ assertion, holds: value })),
      notShown: [],
      raw: [...this.#cluster.raw(), ['postgres-version', version]],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#clones.clear();
    this.#release();
    await this.#cluster[Symbol.asyncDispose]();
  }
}
