import type { Digest } from '../objects/digest.ts';
import type { Link } from '../objects/link.ts';
import type { ObjectSink } from '../objects/sink.ts';

/**
 * What a database engine must be able to do for a rehearsal (design section 7). Both engines implement this and nothing
 * above `src/engines/` knows which one it talks to.
 *
 *   source ──prepare──▶ Workspace (private folder or cluster, verified isolation, one restore image)
 *   Workspace ──restore──▶ Clone (a fresh database made from the image) ──open──▶ Session (one connection)
 */
export interface Engine {
  readonly name: 'sqlite' | 'postgres';
  /**
   * Makes a private workspace and a restore image of the source, which is opened read-only and never written.
   * @throws CustodyError PATH_NOT_FOUND, DATABASE_NOT_RECOGNISED, DATABASE_CORRUPT, POSTGRES_NOT_FOUND, DISK_FULL, …
   */
  prepare(source: SourceSpec, options: EngineOptions): Promise<Workspace>;
}

export interface SourceSpec {
  /** Absolute path of a database file (SQLite) or a dump (PostgreSQL). */
  readonly file: string;
}

export interface EngineOptions {
  /** Session settings or pragmas from the plan, in order; unknown or unsafe ones are refused (USAGE). */
  readonly session: readonly (readonly [name: string, value: string])[];
  /** Milliseconds that one script may run before it is ended with TIME_LIMIT. */
  readonly timeLimit: number;
  readonly signal?: AbortSignal;
  /** For progress on a terminal; engines call it with short phrases. */
  readonly progress?: (phrase: string) => void;
}

/** One statement of fact about isolation. `assertion` is a stable code (SPEC.md); raw values go into `raw`. */
export interface Isolation {
  readonly assertions: readonly { readonly assertion: string; readonly holds: boolean }[];
  /** Not deterministic: paths, inodes, uids, versions. */
  readonly raw: readonly (readonly [name: string, value: string])[];
}

export interface Workspace extends AsyncDisposable {
  /** SHA-256 of the source file's bytes as first read. */
  readonly sourceDigest: Digest;
  /** SHA-256 that identifies the restore image's bytes: deterministic for the same source. */
  readonly imageDigest: Digest;
  readonly versions: readonly (readonly [name: string, value: string])[];
  /** A fresh, private clone made from the restore image. `label` names its folder or database ("T", "R", "verify"). */
  restore(label: string): Promise<Clone>;
  /** Re-reads the source and proves what isolation can be proven at the end. Call it last. */
  isolation(): Promise<Isolation>;
}

export interface Clone extends AsyncDisposable {
  /** Captures the committed state on a fresh connection; never changes the clone. */
  capture(sink: ObjectSink): Promise<Captured>;
  /** Runs one read-only statement that gives one row of one column, as text ('NULL' for NULL). @throws SQL_FAILED, SQL_SYNTAX */
  query(sql: string): Promise<string>;
  /** Opens the one connection on which the executor runs. */
  open(): Promise<Session>;
  /** Puts the restore image back in place of the clone's state (leg R). */
  reset(): Promise<void>;
  /** Whether the clone's bytes equal the restore image's (SQLite), or null where an engine is not page-exact. */
  identical(): Promise<boolean | null>;
}

/** One connection, one transaction, owned by the runner. */
export interface Session extends AsyncDisposable {
  begin(): Promise<void>;
  /**
   * Runs the script statement by statement inside the transaction; the script's own outermost BEGIN … COMMIT is taken
   * over; any other transaction control is refused before anything runs. After each statement the transaction is asserted.
   * @throws CustodyError SQL_SYNTAX, TRANSACTION_CONTROL, BOUNDARY_VIOLATED (before or while it runs), SQL_FAILED,
   *   TRANSACTION_LOST, TIME_LIMIT. `path` says where: `statement 3`.
   */
  apply(script: Uint8Array, boundary: Boundary): Promise<void>;
  /** Captures the uncommitted state, inside the transaction. */
  capture(sink: ObjectSink): Promise<Captured>;
  rollback(): Promise<void>;
  commit(): Promise<void>;
  /** True while a transaction is open on this connection, asked of the engine itself. */
  inTransaction(): Promise<boolean>;
}

export interface Boundary {
  readonly mode: 'insert-only';
  /** Tables that may be written, by the names that snapshots use; an empty list allows none. */
  readonly tables: readonly string[];
}

export interface Captured {
  /** Link of the `snapshot` object. */
  readonly snapshot: Link;
  readonly rows: number;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly root: Digest }>>;
}
