import { CustodyError, isCustodyError } from '../../../errors.ts';
import { parseSql, stringOf, walkParseTree, type ParsedStatement } from './parser.ts';
import type { Refusal } from './refusal.ts';
import { SqlScanner } from './sql-scanner.ts';

/** A statement to be run, with its number in the script (from 1, BEGIN and COMMIT counted). */
export interface NumberedStatement extends ParsedStatement {
  readonly number: number;
}

export interface ParsedScript {
  /** Without the outermost BEGIN … COMMIT. To be run only where nothing was refused. */
  readonly steps: readonly NumberedStatement[];
  /** SQL_SYNTAX (also for every psql command that is not understood), TRANSACTION_CONTROL; not in order. */
  readonly refusals: readonly Refusal[];
}

/** The one psql command that a script may hold: it says what the runner does anyway. */
const ON_ERROR_STOP = /^\\set[ \t]+ON_ERROR_STOP[ \t]+on[ \t]*$/;

/** What stands for a statement that does not parse, where the others are looked at all the same. */
const UNPARSED = '';

/**
 * Reads a script: removes `\set ON_ERROR_STOP on`, parses, and takes over the outermost BEGIN … COMMIT. Nothing is
 * thrown: everything that is wrong with it is found.
 */
export async function parseScript(script: Uint8Array): Promise<ParsedScript> {
  const refusals: Refusal[] = [];
  const statements = await parse(decoded(withoutMeta(Buffer.from(script), refusals), refusals), refusals);
  const steps = takeOver(
    statements.map((statement, i): NumberedStatement => ({ ...statement, number: i + 1 })),
    refusals,
  ).filter(({ kind }) => kind !== UNPARSED);
  for (const step of steps) refuseParameters(step, refusals);
  return { steps, refusals };
}

/** The script with each psql command blanked out, so that every position stays what it was. */
function withoutMeta(script: Buffer, refusals: Refusal[]): Buffer {
  const scanner = new SqlScanner();
  const out = Buffer.from(script);
  scanner.push(script);
  scanner.end();
  for (let piece = scanner.next(); piece; piece = scanner.next()) {
    if (piece.type !== 'meta') continue;
    if (piece.inside || !ON_ERROR_STOP.test(piece.text)) {
      const command = piece.text.split(/\s/)[0] ?? '\\';
      const hint =
        'Write the script in plain SQL: only "\\set ON_ERROR_STOP on" is understood, on a line of its own.';
      refusals.push(syntax(piece.line, `${command} is a psql command, not SQL`, { hint }));
    }
    out.fill(0x20, piece.offset, piece.offset + Buffer.byteLength(piece.text));
  }
  return out;
}

function decoded(bytes: Buffer, refusals: Refusal[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const error = new CustodyError('SQL_SYNTAX', 'the script is not UTF-8', {
      cause,
      hint: 'Save it as UTF-8.',
    });
    refusals.push({ line: 0, error });
    return '';
  }
}

/** The grammar stops at the first fault of a text: then each statement is parsed by itself, to find the others. */
async function parse(sql: string, refusals: Refusal[]): Promise<ParsedStatement[]> {
  try {
    return await parseSql(sql);
  } catch (error) {
    if (!isCustodyError(error, 'SQL_SYNTAX')) throw error;
    const before = refusals.length;
    const statements = await parsePieces(Buffer.from(sql), refusals);
    // A fault between two statements, or one that the splitting hides, is a fault all the same.
    if (refusals.length === before) refusals.push({ line: lineOf(error), error });
    return statements;
  }
}

async function parsePieces(sql: Buffer, refusals: Refusal[]): Promise<ParsedStatement[]> {
  const scanner = new SqlScanner();
  const found: ParsedStatement[] = [];
  scanner.push(sql);
  scanner.end();
  for (let piece = scanner.next(); piece; piece = scanner.next()) {
    if (piece.type !== 'statement') continue;
    const shift = piece.line - 1;
    const text = piece.text.toString();
    try {
      for (const statement of await parseSql(text))
        found.push({ ...statement, line: statement.line + shift });
    } catch (error) {
      if (!isCustodyError(error, 'SQL_SYNTAX')) throw error;
      const line = lineOf(error) + shift;
      refusals.push(syntax(line, error.message.replace(/^line \d+: /, ''), { cause: error }));
      found.push({ kind: UNPARSED, body: {}, text, line });
    }
  }
  return found;
}

/** `path` of a syntax error is `line N`, or absent. */
function lineOf(error: CustodyError): number {
  return Number(/^line (\d+)$/.exec(error.path ?? '')?.[1] ?? 0);
}

function syntax(line: number, message: string, options: { cause?: unknown; hint?: string }): Refusal {
  const hint = options.hint ?? 'Correct the script.';
  return {
    line,
    error: new CustodyError('SQL_SYNTAX', `line ${line}: ${message}`, {
      ...options,
      hint,
      path: `line ${line}`,
    }),
  };
}

function takeOver(steps: readonly NumberedStatement[], refusals: Refusal[]): NumberedStatement[] {
  const opens = steps[0] !== undefined && isPlain(steps[0], ['TRANS_STMT_BEGIN', 'TRANS_STMT_START']);
  const last = steps.at(-1);
  const closes = last !== undefined && steps.length > 1 && isPlain(last, ['TRANS_STMT_COMMIT']);
  const body = opens && closes ? steps.slice(1, -1) : [...steps];
  for (const step of body.filter(controlsTransaction)) {
    const error = new CustodyError(
      'TRANSACTION_CONTROL',
      `line ${step.line}: ${firstWords(step.text)}: the runner owns the transaction`,
      {
        hint: 'Leave one plain BEGIN as the first and one COMMIT as the last statement, or neither.',
        path: `statement ${step.number}`,
      },
    );
    refusals.push({ line: step.line, statement: step.number, error });
  }
  // What is refused here needs no second refusal by the boundary.
  return body.filter((step) => !controlsTransaction(step));
}

/** A parameter has no value: the server would refuse the statement when it is bound. */
function refuseParameters({ kind, body, line }: NumberedStatement, refusals: Refusal[]): void {
  const names = new Set<string>();
  walkParseTree({ [kind]: body }, (name) => names.add(name));
  if (names.has('ParamRef')) refusals.push(syntax(line, 'a parameter ($1) has no value here', {}));
}

/** BEGIN, START TRANSACTION or COMMIT without any option. */
function isPlain({ kind, body }: NumberedStatement, kinds: readonly string[]): boolean {
  return (
    kind === 'TransactionStmt' &&
    kinds.includes(stringOf(body['kind'])) &&
    body['options'] === undefined &&
    body['chain'] !== true
  );
}

function controlsTransaction({ kind, body }: NumberedStatement): boolean {
  if (kind === 'TransactionStmt') return true;
  if (kind !== 'VariableSetStmt') return false;
  const name = stringOf(body['name']).toLowerCase();
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
