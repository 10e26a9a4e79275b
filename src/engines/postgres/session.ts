import { CustodyError, isCustodyError } from '../../errors.ts';
import type { ObjectSink } from '../../objects/sink.ts';
import type { Boundary, Captured, Session } from '../engine.ts';
import { captureUncommitted } from './capture/capture.ts';
import { checkScript, type Checked } from './script/check.ts';
import type { PostgresConnection } from './connection.ts';
import { isServerError, lost, scriptFailure, translated } from './failure.ts';
import { grantBoundary, type Tables } from './script/grants.ts';
import { parseQuery, queryUncommitted } from './query.ts';
import type { NumberedStatement } from './script/script.ts';
import { undo } from '../../system/undo.ts';
import { assertOpen, assertSession, assertWritten, notifications, violated } from './session-watch.ts';

export interface SessionParts {
  /** The executor's connection. */
  readonly connection: PostgresConnection;
  /** Opens a connection of the cluster's superuser to the same clone. */
  readonly admin: () => Promise<PostgresConnection>;
  /** Milliseconds for one script. */
  readonly timeLimit: number;
  /** The plan's settings, which a query has too. */
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/** The executor's one connection: role without rights, one transaction, watched after each statement. */
export class PostgresSession implements Session {
  readonly #connection: PostgresConnection;
  readonly #admin: () => Promise<PostgresConnection>;
  readonly #timeLimit: number;
  #xid: string | undefined;
  #pid = '0';
  readonly #settings: SessionParts['settings'];
  #writable: Tables | undefined;
  #notified = '';
  /** The server said that the backend is gone. */
  #stopped = false;

  constructor(parts: SessionParts) {
    this.#connection = parts.connection;
    this.#admin = parts.admin;
    this.#timeLimit = parts.timeLimit;
    this.#settings = parts.settings;
  }

  get ended(): boolean {
    return this.#stopped || this.#connection.status === 'lost';
  }

  /** The transaction gets its id at once, so that it can be asserted from the first statement on. */
  async begin(): Promise<void> {
    if (this.#xid !== undefined) throw new CustodyError('INTERNAL', 'a transaction is open already');
    this.#writable = undefined;
    await translated('begin', async () => {
      // What an earlier transaction of this session wrote must not be counted as this one's.
      await this.#connection.value('SELECT pg_catalog.pg_stat_force_next_flush()::pg_catalog.text');
      this.#pid =
        (await this.#connection.value('SELECT pg_catalog.pg_backend_pid()::pg_catalog.text')) ?? '0';
      await using admin = await this.#admin();
      this.#notified = await notifications(admin);
      await this.#connection.script('BEGIN');
      this.#xid =
        (await this.#connection.value('SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text')) ?? '';
    });
  }

  async apply(script: Uint8Array, boundary: Boundary): Promise<void> {
    const xid = this.#open();
    assertOpen(this.#connection, 'apply');
    const { steps, resolved } = await this.#prepared(script, boundary);
    this.#writable = resolved.writable;
    await this.#timed(async (late) => {
      for (const step of steps) {
        await this.#watched(at(step), late, async () => {
          await this.#connection.discard(step.text);
          await this.#assertAll(xid, at(step));
        });
      }
    });
  }

  async capture(sink: ObjectSink): Promise<Captured> {
    const xid = this.#open();
    assertOpen(this.#connection, 'capture');
    const captured = await captureUncommitted(this.#connection, sink);
    await this.#watched(
      'capture',
      () => false,
      () => assertSession(this.#connection, xid, 'capture'),
    );
    return captured;
  }

  async query(sql: string): Promise<string> {
    const xid = this.#open();
    assertOpen(this.#connection, 'query');
    const statement = await parseQuery(sql);
    let value = '';
    await this.#timed(async (late) => {
      await this.#watched('query', late, async () => {
        value = await queryUncommitted(this.#connection, statement, this.#settings);
        await assertSession(this.#connection, xid, 'query');
      });
    });
    return value;
  }

  async rollback(): Promise<void> {
    const xid = this.#open();
    if (this.#connection.status === 'lost') throw lost('rollback');
    await translated('rollback', async () => {
      await this.#connection.script('ROLLBACK');
      await this.#ended(xid, 'aborted', 'rollback');
    });
  }

  /**
   * Deferred constraints and triggers run first, under watch; then COMMIT.
   * @throws CustodyError SQL_FAILED, BOUNDARY_VIOLATED (also for notifications, which only a commit sends), TRANSACTION_LOST, TIME_LIMIT
   */
  async commit(): Promise<void> {
    const xid = this.#open();
    assertOpen(this.#connection, 'commit');
    await this.#timed(async (late) => {
      await this.#watched('commit', late, async () => {
        await this.#connection.discard('SET CONSTRAINTS ALL IMMEDIATE');
        await this.#assertAll(xid, 'commit');
        if ((await this.#connection.discard('COMMIT')) !== 'COMMIT') throw lost('commit');
      });
    });
    await this.#ended(xid, 'committed', 'commit');
    await this.#assertSilent();
  }

  async inTransaction(): Promise<boolean> {
    try {
      await this.#connection.script(''); // an empty query: the server answers with the state of the transaction
    } catch (error) {
      // A session that is gone has no transaction.
      if (isServerError(error) || isCustodyError(error, 'ENGINE_FAILED')) return false;
      throw error;
    }
    return this.#connection.status === 'T' || this.#connection.status === 'E';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  /** @throws the first of what {@link checkScript} refuses; else the boundary's rights, and no others, are given. */
  async #prepared(script: Uint8Array, boundary: Boundary): Promise<Checked> {
    await using admin = await this.#admin();
    const checked = await checkScript(admin, script, boundary);
    if (checked.refusals[0]) throw checked.refusals[0];
    await translated('grant', () => grantBoundary(admin, checked.resolved));
    return checked;
  }

  async #assertAll(xid: string, path: string): Promise<void> {
    await assertSession(this.#connection, xid, path);
    if (this.#writable) await assertWritten(this.#connection, this.#writable, path);
  }

  async #watched(path: string, late: () => boolean, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw late() ? this.#tooLate(path, error) : scriptFailure(error, path);
    }
  }

  /** Runs `work`, and ends the backend's query from outside when the time is over, whatever the script set. */
  async #timed(work: (late: () => boolean) => Promise<void>): Promise<void> {
    const clock = { late: false, stopping: Promise.resolve() };
    const timer = setTimeout(() => {
      clock.late = true;
      clock.stopping = this.#stop();
    }, this.#timeLimit);
    try {
      await work(() => clock.late);
    } catch (error) {
      clearTimeout(timer);
      throw await undo(clock.late ? this.#tooLate('script', error) : error, () => clock.stopping);
    }
    clearTimeout(timer);
    await clock.stopping;
    // The last statement may have ended just as it was to be stopped: its session is gone.
    if (clock.late) throw this.#tooLate('script');
  }

  async #stop(): Promise<void> {
    await using admin = await this.#admin();
    const gone = await admin.value(`SELECT pg_catalog.pg_terminate_backend(${this.#pid}, 5000)::text`);
    this.#stopped = gone === 'true';
  }

  async #ended(xid: string, expected: 'committed' | 'aborted', path: string): Promise<void> {
    this.#xid = undefined;
    const status = await this.#connection.value(
      `SELECT pg_catalog.pg_xact_status('${xid}'::pg_catalog.xid8)`,
    );
    if (this.#connection.status !== 'I' || status !== expected) {
      throw new CustodyError(
        'TRANSACTION_LOST',
        `${path}: the transaction is ${status ?? 'unknown'}, not ${expected}`,
        { path },
      );
    }
    const locks = await this.#connection.value(
      `SELECT pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_locks l WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
       AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()`,
    );
    if (locks !== '0') throw violated(path, 'an advisory lock outlives the transaction');
  }

  async #assertSilent(): Promise<void> {
    const channels = await this.#connection.value(
      'SELECT pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_listening_channels()',
    );
    if (channels !== '0') throw violated('commit', 'the session listens to notifications');
    await this.#connection.value('SELECT pg_catalog.pg_stat_force_next_flush()::pg_catalog.text');
    await using admin = await this.#admin();
    if ((await notifications(admin)) !== this.#notified)
      throw violated('commit', 'the transaction sent a notification');
  }

  #open(): string {
    if (this.#xid === undefined) throw new CustodyError('INTERNAL', 'no transaction is open');
    return this.#xid;
  }

  #tooLate(path: string, cause?: unknown): CustodyError {
    return new CustodyError('TIME_LIMIT', `${path}: longer than the time limit of ${this.#timeLimit} ms`, {
      hint: 'Raise the time limit of the plan, or make the script faster.',
      path,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

function at(step: NumberedStatement): string {
  return `statement ${step.number}`;
}
