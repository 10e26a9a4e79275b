import { CustodyError, fromSystemError } from '../errors.ts';
import { exitCodeOf } from './exit-code.ts';
import type { Io } from './io.ts';
import { findingLines, jsonText, printable, printableLines } from './text.ts';

/** Prints an error and gives its exit code: what went wrong, where, what to do next. */
export function reportError(error: unknown, io: Io, json: boolean): number {
  if (error instanceof SuppressedError) {
    // What failed first is the error; what clearing up after it met may have left something behind.
    const exit = reportError(error.suppressed, io, json);
    const { code, message } = knownError(error.error);
    io.stderr.write(`custody: clearing up failed, too: ${printable(message)} [${code}]\n`);
    return exit;
  }
  const known = knownError(error);
  const { code, hint, findings } = known;
  if (json) {
    const document = { error: { ...errorDocument(known), ...(findings.length > 0 && { findings }) } };
    io.stdout.write(jsonText(document));
    return exitCodeOf(known);
  }
  io.stderr.write(`custody: ${whereAndWhat(known)} [${code}]\n`);
  for (const line of findingLines(findings)) io.stderr.write(`${line}\n`);
  if (hint !== '') io.stderr.write(`${printable(hint)}\n`);
  if (code === 'INTERNAL' && error instanceof Error && error.stack !== undefined)
    io.stderr.write(`${printableLines(error.stack)}\n`);
  else if (io.env['CUSTODY_TRACE'] === '1' && known.stack !== undefined)
    io.stderr.write(`${printableLines(known.stack)}\n`);
  return exitCodeOf(known);
}

/** An error in JSON. */
export function errorDocument({ code, message, path, hint }: CustodyError): object {
  return { code, message, ...(path !== undefined && { path }), ...(hint !== '' && { hint }) };
}

/** Where it happened, unless the message says so, and what. Names of tables, SQL and paths come from outside. */
export function whereAndWhat({ message, path }: CustodyError): string {
  return printable(path !== undefined && !message.includes(path) ? `${path}: ${message}` : message);
}

/** Ours, or what the system said; anything else is a bug. */
function knownError(error: unknown): CustodyError {
  if (error instanceof Error && 'syscall' in error) {
    const path = 'path' in error && typeof error.path === 'string' ? error.path : String(error.syscall);
    const system = fromSystemError(error, path);
    if (system instanceof CustodyError) return system;
  }
  if (error instanceof CustodyError) return error;
  return new CustodyError('INTERNAL', messageOf(error), {
    cause: error,
    hint: 'This is a bug of custody: please report it with the command that you ran.',
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
