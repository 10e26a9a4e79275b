import { CustodyError } from '../../errors.ts';
import { parseSql, textOf, type Statement } from './parser.ts';
import { SqlScanner } from './sql-scanner.ts';

/** A statement to be run, with its number in the script (from 1, BEGIN and COMMIT counted). */
export interface Step extends Statement {
  readonly number: number;
}

/** The one psql command that a script may hold: it says what the runner does anyway. */
const ON_ERROR_STOP = /^\\set[ \t]+ON_ERROR_STOP[ \t]+on[ \t]*$/;

/**
 * Reads an executor: removes `\set ON_ERROR_STOP on`, parses, and takes over the outermost BEGIN … COMMIT.
 * @throws CustodyError SQL_SYNTAX (also for every other psql command, by name and line), TRANSACTION_CONTROL.
 */
export async function readScript(script: Uint8Array): Promise<Step[]> {
  const statements = await parseSql(decode(withoutMeta(Buffer.from(script))));
  const steps = statements.map((statement, i): Step => ({ ...statement, number: i + 1 }));
  return takeOver(steps);
}

/** The script with each `\set ON_ERROR_STOP on` blanked out, so that every position stays what it was. */
function withoutMeta(script: Buffer): Buffer {
  const scanner = new SqlScanner();
  const out = Buffer.from(script);
  scanner.push(script);
  scanner.end();
  for (let piece = scanner.next(); piece; piece = scanner.next()) {
    if (piece.type !== 'meta') continue;
    if (piece.inside || !ON_ERROR_STOP.test(piece.text)) {
      const command = piece.text.split(/\s/)[0] ?? '\\';
      throw new CustodyError('SQL_SYNTAX', `line ${piece.line}: ${command} is a psql command, not SQL`, {
        hint: 'Write the executor in plain SQL: only "\\set ON_ERROR_STOP on" is understood, on a line of its own.',
        path: `line ${piece.line}`,
      });
    }
    out.fill(0x20, piece.offset, piece.offset + Buffer.byteLength(piece.text));
  }
  return out;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CustodyError('SQL_SYNTAX', 'the script is not UTF-8', { cause, hint: 'Save it as UTF-8.' });
  }
}

function takeOver(steps: readonly Step[]): Step[] {
  const opens = steps[0] !== undefined && isPlain(steps[0], ['TRANS_STMT_BEGIN', 'TRANS_STMT_START']);
  const last = steps.at(-1);
  const closes = last !== undefined && steps.length > 1 && isPlain(last, ['TRANS_STMT_COMMIT']);
  const body = opens && closes ? steps.slice(1, -1) : [...steps];
  const found = body.find(controlsTransaction);
  if (found) {
    throw new CustodyError(
      'TRANSACTION_CONTROL',
      `line ${found.line}: ${firstWords(found.text)}: the runner owns the transaction`,
      {
        hint: 'Leave one plain BEGIN as the first and one COMMIT as the last statement, or neither.',
        path: `statement ${found.number}`,
      },
    );
  }
  return body;
}

/** BEGIN, START TRANSACTION or COMMIT without any option. */
function isPlain({ kind, body }: Step, kinds: readonly string[]): boolean {
  return (
    kind === 'TransactionStmt' &&
    kinds.includes(textOf(body['kind'])) &&
    body['options'] === undefined &&
    body['chain'] !== true
  );
}

function controlsTransaction({ kind, body }: Step): boolean {
  if (kind === 'TransactionStmt') return true;
  if (kind !== 'VariableSetStmt') return false;
  const name = textOf(body['name']).toLowerCase();
  // SET TRANSACTION …, SET SESSION CHARACTERISTICS …, SET transaction_read_only = …
  return (
    body['kind'] === 'VAR_SET_MULTI' ||
    name.startsWith('transaction_') ||
    name.startsWith('default_transaction_')
  );
}

function firstWords(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 40);
}
