import type { EngineName } from '../objects/snapshots/classes.ts';
import type { CustodyError } from '../errors.ts';
import type { Digest } from '../objects/digest.ts';
import type { Link } from '../objects/link.ts';
import type { ObjectSink } from '../objects/sink.ts';

/**
 * What a database engine must be able to do for a rehearsal (spec/REHEARSAL.md, "Rehearsal"). Both engines implement this, and nothing
 * above `src/engines/` knows which one it talks to.
 *
 *   source ──prepare──▶ Workspace (private folder or cluster, verified isolation, one restore image)
 *   Workspace ──restore──▶ Clone (a fresh database made from the image) ──open──▶ Session (one connection)
 */
export interface Engine {
  readonly name: EngineName;
  /** Why a plan may not make this session setting, or pragma; undefined where it may. */
  settingFault(name: string, value: string): CustodyError | undefined;
  /**
   * Makes a private workspace and a restore image of the source, which is opened read-only and never written.
   * @throws CustodyError PATH_NOT_FOUND, DATABASE_NOT_RECOGNISED, DATABASE_CORRUPT, POSTGRES_NOT_FOUND, DISK_FULL, …
   */
  prepare(source: SourceSpec, options: EngineOptions): Promise<Workspace>;
}

export interface SourceSpec {
  /** Absolute path of a database file (SQLite) or a dump (PostgreSQL). */
  readonly file: string;
  /** Where that led when the guard looked at it, links resolved: nothing else is opened (SOURCE_CHANGED). */
  readonly real?: string;
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

/** One statement of fact about isolation. `assertion` is a stable code (spec/REHEARSAL.md); raw values go into `raw`. */
export interface Isolation {
  readonly assertions: readonly { readonly assertion: string; readonly holds: boolean }[];
  readonly notShown: NotShown;
  /** Not deterministic: paths, inodes, uids, versions. */
  readonly raw: readonly (readonly [name: string, value: string])[];
}

/** Assertions about other processes, claimed on request, that could not be shown, and why. Not deterministic. */
export type NotShown = readonly { readonly assertion: string; readonly why: string }[];

export interface Workspace extends AsyncDisposable {
  /** SHA-256 of the source file's bytes as first read. */
  readonly sourceDigest: Digest;
  /** SHA-256 that identifies the restore image's bytes: deterministic for the same source. */
  readonly imageDigest: Digest;
  readonly versions: readonly (readonly [name: string, value: string])[];
  /** The source's files as they were read, stored as a `tree`: `source`, and what lay beside it (`source-wal`, …). */
  storeSource(sink: ObjectSink): Promise<Link>;
  /** The restore image's bytes, stored as content; its digest is {@link imageDigest}. PostgreSQL: the dump itself. */
  storeImage(sink: ObjectSink): Promise<Link>;
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
  /** What {@link Session.apply} would refuse before it runs, all of it, in order; nothing is run. Empty: nothing. */
  check(script: Uint8Array, boundary: Boundary): Promise<readonly CustodyError[]>;
  /** What {@link query} would refuse before it runs (it must compile and give one column); nothing is run. */
  checkQuery(sql: string): Promise<CustodyError | undefined>;
  /** Opens the one connection on which the executor runs. */
  open(): Promise<Session>;
  /** Puts the restore image back in place of the clone's state (leg R). */
  reset(): Promise<void>;
  /** Whether the clone's bytes equal the restore image's (SQLite), or null where an engine is not page-exact. */
  identical(): Promise<boolean | null>;
  /**
   * Takes the clone out of use for ever, because its state is unknown: ends whoever has it open, and moves its files into
   * `folder` (made if needed, private) under a new name, with a note of `reason`. Disposing of it afterwards leaves them.
   * @returns the path where they are kept.
   */
  quarantine(folder: string, reason: string): Promise<string>;
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
  /** {@link Clone.query} on the uncommitted state, inside the transaction, which it leaves as it was. */
  query(sql: string): Promise<string>;
  rollback(): Promise<void>;
  commit(): Promise<void>;
  /** Whether it was ended by force (at its time limit): nothing can be open on it, and nothing uncommitted is kept. */
  readonly ended: boolean;
  /** True while a transaction is open on this connection, asked of the engine itself. */
  inTransaction(): Promise<boolean>;
}

/** What a script may write. Tables by the names that snapshots use; an empty list allows none. */
export interface Boundary {
  readonly insert: readonly string[];
  readonly update: readonly string[];
  readonly delete: readonly string[];
  /**
   * A rollback script may put the counters of the tables above back where they were (`sqlite_sequence`; `setval` of a
   * sequence that such a table owns or uses as a default). An executor may not.
   */
  readonly counters: boolean;
}

export interface Captured {
  /** Link of the `snapshot` object. */
  readonly snapshot: Link;
  readonly rows: number;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly root: Digest }>>;
}

/** Lies beside what is kept of a clone whose state is unknown, and says why. */
export const QUARANTINE_NOTE = 'QUARANTINE.txt';
