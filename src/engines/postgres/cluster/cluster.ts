import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { undo } from '../../../system/undo.ts';
import { CustodyError } from '../../../errors.ts';
import { disownFolder, removeFolder } from '../../../system/temporary-folder.ts';
import { serverAccount, type Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { makeFolder } from './cluster-folder.ts';
import { connect, type PostgresConnection } from '../connection.ts';
import { interrupted } from '../failure.ts';
import { moveData } from './quarantine.ts';
import { guard, unguard, type Mortal } from './reaper.ts';

/** The bootstrap superuser of every throw-away cluster. Never an owner of anything that a dump brings. */
export const ADMIN = 'custody_admin';

/** util-linux; prctl(2), PR_SET_PDEATHSIG. */
const SETPRIV = '/usr/bin/setpriv';
const START_LIMIT = 60_000;
const STOP_LIMIT = 120_000;

/**
 * Everything that could differ between two hosts or reach beyond the folder is written down here; the file replaces the
 * one that initdb makes. Nothing survives a crash on purpose: the cluster is thrown away.
 */
const SETTINGS: readonly (readonly [string, string])[] = [
  ['listen_addresses', ''],
  ['unix_socket_permissions', '0700'],
  ['max_connections', '24'],
  ['max_prepared_transactions', '0'],
  ['max_locks_per_transaction', '1024'],
  ['max_wal_senders', '0'],
  ['max_logical_replication_workers', '0'],
  ['wal_level', 'minimal'],
  ['archive_mode', 'off'],
  ['fsync', 'off'],
  ['synchronous_commit', 'off'],
  ['full_page_writes', 'off'],
  ['max_wal_size', '4GB'],
  ['checkpoint_timeout', '1d'],
  ['autovacuum', 'off'],
  ['shared_buffers', '64MB'],
  ['huge_pages', 'off'],
  ['jit', 'off'],
  ['logging_collector', 'off'],
  ['log_destination', 'stderr'],
  ['shared_preload_libraries', ''],
  ['session_preload_libraries', ''],
  ['local_preload_libraries', ''],
  ['timezone', 'UTC'],
  ['log_timezone', 'UTC'],
  ['datestyle', 'ISO, MDY'],
  ['lc_messages', 'C'],
  ['lc_monetary', 'C'],
  ['lc_numeric', 'C'],
  ['lc_time', 'C'],
  ['default_text_search_config', 'pg_catalog.simple'],
];

/**
 * A throw-away cluster: a private folder, a Unix socket and no TCP, and a server that is our own child process.
 * Disposing it ends the server and removes the folder; so does the end of this process (reaper.ts).
 */
export class Cluster implements AsyncDisposable {
  readonly folder: string;
  readonly binaries: Binaries;
  readonly #account: Account | undefined;
  readonly #log: string[] = [];
  readonly #mortal: Mortal & { pid: number | undefined; kept?: Mortal['kept'] };
  #server: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #aborted = false;

  private constructor(folder: string, binaries: Binaries, account: Account | undefined) {
    this.folder = folder;
    this.binaries = binaries;
    this.#account = account;
    this.#mortal = { pid: undefined, folder, lockFile: join(folder, 'data', 'postmaster.pid') };
  }

  /** @throws CustodyError POSTGRES_FAILED with the last lines of the server's log, INTERRUPTED, IO_FAILED, … */
  static async start(
    binaries: Binaries,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<Cluster> {
    const account = serverAccount();
    const cluster = new Cluster(await makeFolder(account), binaries, account);
    guard(cluster.#mortal);
    try {
      await cluster.#initialise(options.signal);
      await cluster.#launch(options.signal);
      return cluster;
    } catch (error) {
      throw await undo(error, () => cluster[Symbol.asyncDispose]());
    }
  }

  get dataFolder(): string {
    return join(this.folder, 'data');
  }

  get socketFolder(): string {
    return join(this.folder, 's');
  }

  /** @param freePath leaves the search path as the server has it; else it is the server's own schemas only. */
  connect(database: string, user: string = ADMIN, freePath = false): Promise<PostgresConnection> {
    const aborted = (): boolean => this.#aborted;
    return connect({ socketFolder: this.socketFolder, database, user, freePath, aborted });
  }

  /** Whether the server that holds the data folder is the very process that we started, and still runs. */
  ownsServer(): boolean {
    const server = this.#server;
    if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return false;
    return this.#lockLines()[0] === String(server.pid);
  }

  /** Whether nobody but the server's account (and root) can look into the folder. */
  folderIsPrivate(): boolean {
    const owner = this.#account?.uid ?? process.getuid?.();
    return [this.folder, this.dataFolder, this.socketFolder].every((path) => {
      const { mode, uid } = statSync(path);
      return (mode & 0o777) === 0o700 && uid === owner;
    });
  }

  /** Raw values for the isolation record. */
  raw(): [string, string][] {
    const uid = this.#account?.uid ?? process.getuid?.();
    return [
      ['cluster-folder', this.folder],
      ['cluster-pid', String(this.#server?.pid ?? '')],
      ['cluster-uid', String(uid ?? '')],
      ['postgres-binaries', this.binaries.folder],
    ];
  }

  /** Folder that the data is moved to when the cluster is disposed of; undefined: it is removed. */
  get kept(): string | undefined {
    return this.#mortal.kept?.path;
  }

  /** From now on nothing removes the data: neither disposing, nor the end of the process, nor a later start's sweep. */
  keep(path: string): void {
    this.#mortal.kept ??= { dataFolder: this.dataFolder, path };
    disownFolder(this.folder);
  }

  /** Ends the server at once, without waiting for sessions: what waits for an answer gets an error. */
  abort(): void {
    this.#aborted = true;
    this.#server?.kill('SIGQUIT');
  }

  /** @throws CustodyError IO_FAILED that names the folder when it cannot be removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    try {
      if (this.#mortal.kept) moveData(this.dataFolder, this.#mortal.kept.path);
    } catch (error) {
      unguard(this.#mortal);
      throw error;
    }
    try {
      removeFolder(this.folder);
    } catch (cause) {
      throw new CustodyError('IO_FAILED', `the cluster's folder ${this.folder} could not be removed`, {
        hint: `Remove ${this.folder} by hand.`,
        cause,
        path: this.folder,
      });
    } finally {
      unguard(this.#mortal);
    }
  }

  async #initialise(signal: AbortSignal | undefined): Promise<void> {
    const args = [
      '-D',
      this.dataFolder,
      '-U',
      ADMIN,
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
    ];
    const child = this.#spawn('initdb', args);
    const code = await exitOf(child, signal);
    if (signal?.aborted) throw interrupted();
    if (code !== 0) throw this.#failed('initdb failed');
    const lines = SETTINGS.map(([name, value]) => `${name} = '${value}'`);
    writeFileSync(
      join(this.dataFolder, 'postgresql.conf'),
      `${[...lines, `unix_socket_directories = '${this.socketFolder}'`].join('\n')}\n`,
    );
    writeFileSync(join(this.dataFolder, 'pg_hba.conf'), 'local all all trust\n');
  }

  async #launch(signal: AbortSignal | undefined): Promise<void> {
    const server = this.#spawn('postgres', ['-D', this.dataFolder]);
    this.#server = server;
    this.#mortal.pid = server.pid;
    this.#ended = new Promise((resolve) => {
      server.once('exit', () => resolve());
      server.once('error', () => resolve());
    });
    const deadline = Date.now() + START_LIMIT;
    while (this.#lockLines()[7]?.trim() !== 'ready') {
      if (signal?.aborted) throw interrupted();
      if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) {
        throw this.#failed('the server ended while it started');
      }
      if (Date.now() > deadline) throw this.#failed('the server was not ready in time');
      await delay(10);
    }
    if (!this.ownsServer()) throw this.#failed('another process than ours holds the data folder');
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    if (server?.pid === undefined) return;
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      server.kill(signal);
      // A clean end writes what is in memory: data that is kept gets the time for it.
      const patience = this.#mortal.kept && signal === 'SIGINT' ? STOP_LIMIT : 5_000;
      if (await Promise.race([this.#ended.then(() => true), delay(patience, false, { ref: false })])) break;
    }
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    // Where setpriv is there, the server ends with this process even if that is killed.
    const path = join(this.binaries.folder, program);
    const [command, ...before] = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'INT', path] : [path];
    const child = spawn(command, [...before, ...args], {
      cwd: this.folder,
      // Nothing of our environment reaches the server: PG* variables would change it.
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', HOME: this.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...this.#account,
    });
    child.on('error', (error) => this.#remember(error.message));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#remember(text));
    }
    return child;
  }

  #remember(text: string): void {
    this.#log.push(...text.split('\n').filter((line) => line.trim() !== ''));
    this.#log.splice(0, Math.max(0, this.#log.length - 20));
  }

  #failed(what: string): CustodyError {
    return new CustodyError(
      'POSTGRES_FAILED',
      `${what}: ${this.#log.slice(-6).join(' | ') || 'it wrote nothing'}`,
      {
        hint: `Try ${join(this.binaries.folder, 'postgres')} by hand, or set PGBIN to another installation.`,
        path: this.binaries.folder,
      },
    );
  }

  /** Lines of postmaster.pid: 1 the pid, 6 the TCP address, 8 the status (src/include/utils/pidfile.h). */
  #lockLines(): string[] {
    return existsSync(this.#mortal.lockFile) ? readFileSync(this.#mortal.lockFile, 'utf8').split('\n') : [];
  }
}

function exitOf(child: ChildProcess, signal: AbortSignal | undefined): Promise<number | null> {
  return new Promise((resolve) => {
    const stop = (): void => void child.kill('SIGTERM');
    signal?.addEventListener('abort', stop, { once: true });
    const finish = (code: number | null): void => {
      signal?.removeEventListener('abort', stop);
      resolve(code);
    };
    child.once('close', (code) => finish(code));
    child.once('error', () => finish(null));
  });
}
