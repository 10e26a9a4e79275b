import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { CustodyError, isCustodyError } from '../../../errors.ts';
import type { Digest } from '../../../objects/digest.ts';
import type { PostgresConnection } from '../connection.ts';
import { isServerError } from '../failure.ts';
import { DumpSource, TRAILER } from './dump-source.ts';
import { checkDumpStatement, isCopyFromStdin, needsSuperuser, rolesNamed } from './dump-statements.ts';
import { quoteIdentifier, quoteLiteral } from '../names.ts';
import { LOADER } from '../roles.ts';
import { parseSql, type ParsedStatement } from '../script/parser.ts';
import { SqlScanner, type Piece } from '../script/sql-scanner.ts';

/**
 * Loads a plain dump without psql, statement by statement, in bounded memory (the longest statement; COPY data streams).
 * @param sessions to the empty database.
 * @returns SHA-256 of the file's bytes.
 * @throws CustodyError DUMP_MALFORMED (with `path` `FILE:LINE`) for a file that is cut off, damaged, holds another psql
 *   command than `\restrict`, or that the server refuses; DATABASE_UNSUPPORTED for what we do not load.
 */
export async function loadDump(sessions: Sessions, path: string, signal?: AbortSignal): Promise<Digest> {
  return new Loader(sessions, path).load(signal);
}

export interface Sessions {
  /** Of {@link LOADER}: everything of the dump that evaluates something runs here. */
  readonly loader: PostgresConnection;
  /** Of the cluster's superuser: makes roles and gives objects to them, and evaluates nothing of the dump. */
  readonly admin: PostgresConnection;
}

/** A COPY whose data is being read. */
interface Copy {
  readonly stream: Writable;
  readonly line: number;
  /** Settles with the stream's error, if one comes. */
  readonly failed: Promise<unknown>;
  first: boolean;
}

class Loader {
  readonly #connection: PostgresConnection;
  readonly #admin: PostgresConnection;
  readonly #path: string;
  readonly #scanner = new SqlScanner();
  readonly #roles = new Set<string>();
  #copy: Copy | undefined;
  #complete = false;

  constructor({ loader, admin }: Sessions, path: string) {
    this.#connection = loader;
    this.#admin = admin;
    this.#path = path;
  }

  async load(signal: AbortSignal | undefined): Promise<Digest> {
    const source = new DumpSource(this.#path);
    try {
      for await (const chunk of source.text()) {
        signal?.throwIfAborted();
        this.#scanner.push(chunk);
        await this.#drain();
      }
      this.#scanner.end();
      await this.#drain();
    } finally {
      this.#copy?.stream.destroy();
    }
    const open = this.#copy ? 'copy data' : this.#scanner.unfinished;
    if (open !== undefined) throw this.#malformed(this.#scanner.line, `the file ends inside ${open}`);
    if (!this.#complete)
      throw this.#malformed(this.#scanner.line, `the file does not end with "${TRAILER}": it was cut off`);
    return source.digest();
  }

  async #drain(): Promise<void> {
    for (;;) {
      if (this.#copy) {
        if (!(await this.#copyOn(this.#copy))) return;
        continue;
      }
      const piece = this.#scanner.next();
      if (piece === undefined) return;
      await this.#take(piece);
    }
  }

  async #take(piece: Piece): Promise<void> {
    switch (piece.type) {
      case 'comment':
        this.#complete ||= piece.text.trimEnd() === TRAILER;
        return;
      case 'meta':
        if (!piece.inside && /^\\(un)?restrict [A-Za-z0-9]+$/.test(piece.text.trimEnd())) return;
        throw this.#malformed(piece.line, `the psql command ${piece.text.split(/\s/)[0] ?? ''} is not run`);
      case 'statement':
        if (!piece.ended) throw this.#malformed(piece.line, 'the statement never ends');
        if (this.#complete) throw this.#malformed(piece.line, 'a statement after the end of the dump');
        await this.#run(piece.text, piece.line);
    }
  }

  async #run(bytes: Buffer, line: number): Promise<void> {
    const path = `${this.#path}:${line}`;
    const sql = this.#decode(bytes, line);
    const statement = await this.#parse(sql, line);
    checkDumpStatement(statement, path);
    for (const role of rolesNamed(statement, path)) await this.#createRole(role);
    try {
      if (isCopyFromStdin(statement)) {
        const stream = await this.#connection.copyIn(sql);
        // An error can come at any time; it is looked at when the stream is next used.
        const failed = new Promise<unknown>((resolve) => stream.once('error', resolve));
        this.#copy = { stream, line, first: true, failed };
      } else await this.#sessionFor(statement).discard(sql);
    } catch (error) {
      // Settings of a newer pg_dump that this server does not know (transaction_timeout) change nothing that is loaded.
      if (statement.kind === 'VariableSetStmt' && isServerError(error) && error.code === '42704') return;
      throw this.#refused(error, line);
    }
  }

  /** @returns false when more input is needed. */
  async #copyOn(copy: Copy): Promise<boolean> {
    const next = this.#scanner.copyData(copy.first);
    if (next === undefined) return false;
    copy.first = false;
    const failed = copy.failed.then((error) => {
      throw this.#refused(error, copy.line);
    });
    failed.catch(() => undefined);
    if (next.data.length > 0 && !copy.stream.write(next.data))
      await Promise.race([once(copy.stream, 'drain').catch(() => failed), failed]);
    if (next.done) {
      const finished = once(copy.stream, 'finish').catch(() => failed);
      copy.stream.end();
      await Promise.race([finished, failed]);
      this.#copy = undefined;
    }
    return true;
  }

  /** Inside a transaction of the dump (large objects) another session would wait for it without end. */
  #sessionFor(statement: ParsedStatement): PostgresConnection {
    return needsSuperuser(statement) && this.#connection.status === 'I' ? this.#admin : this.#connection;
  }

  async #createRole(role: string): Promise<void> {
    if (this.#roles.has(role)) return;
    this.#roles.add(role);
    const exists = await this.#admin.value(
      `SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) ${quoteLiteral(role)}`,
    );
    if (exists === '0') {
      await this.#admin.script(
        `CREATE ROLE ${quoteIdentifier(role)} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS`,
      );
      // Where it owns things it was a superuser: foreign keys into other owners' schemas were checked with its rights.
      if (role === 'postgres') await this.#admin.script('GRANT pg_read_all_data TO postgres');
    }
    await this.#admin.script(`GRANT ${quoteIdentifier(role)} TO ${LOADER}`);
  }

  async #parse(sql: string, line: number): Promise<ParsedStatement> {
    try {
      const [statement, ...more] = await parseSql(sql);
      if (statement === undefined || more.length > 0)
        throw this.#malformed(line, 'not exactly one statement');
      return statement;
    } catch (cause) {
      if (!isCustodyError(cause, 'SQL_SYNTAX')) throw cause;
      throw this.#malformed(line, cause.message, cause);
    }
  }

  #decode(bytes: Buffer, line: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw this.#malformed(line, 'the statement is not UTF-8', cause);
    }
  }

  #refused(error: unknown, line: number): unknown {
    if (!isServerError(error)) return error;
    if (error.code === '0A000' || (error.code === '58P01' && /extension/.test(error.message))) {
      return new CustodyError('DATABASE_UNSUPPORTED', `${this.#path}:${line}: ${error.message}`, {
        hint: 'Set PGBIN to a PostgreSQL installation that has the extensions of the source.',
        cause: error,
        path: `${this.#path}:${line}`,
      });
    }
    if (error.code === '42501') {
      return new CustodyError(
        'DATABASE_UNSUPPORTED',
        `${this.#path}:${line}: only a superuser could load it: ${error.message}`,
        {
          hint: 'A dump is loaded without rights beyond its own database. Make the dump without that object.',
          cause: error,
          path: `${this.#path}:${line}`,
        },
      );
    }
    const where = error.where === undefined ? '' : ` (${error.where.split('\n')[0] ?? ''})`;
    return this.#malformed(line, `the server refuses it: ${error.message} [${error.code}]${where}`, error);
  }

  #malformed(line: number, what: string, cause?: unknown): CustodyError {
    return new CustodyError('DUMP_MALFORMED', `${this.#path}:${line}: ${what}`, {
      hint: 'Make the dump again with pg_dump (plain format, one database), or copy it again.',
      path: `${this.#path}:${line}`,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
