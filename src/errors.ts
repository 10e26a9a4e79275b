import type { Finding } from './finding.ts';

/** What an error is about. What the command answers with for each is known in cli/exit-code.ts alone. */
export type ErrorCategory = 'evidence' | 'usage' | 'refused' | 'environment' | 'bug';

/**
 * The one error class. Misuse and I/O throw it; faults in evidence are findings (finding.ts), not errors.
 *
 * Each code belongs to one {@link ErrorCategory}. The validator's bytes do not hold this table (test/validator/bundle.test.ts):
 * a new code is no new validator.
 */
export const ERROR_CATEGORIES = {
  // objects and formats: stored or supplied bytes that are not what they claim
  OBJECT_NOT_CANONICAL: 'evidence',
  OBJECT_TOO_LARGE: 'evidence',
  OBJECT_KIND_UNKNOWN: 'evidence',
  OBJECT_KIND_UNEXPECTED: 'evidence',
  OBJECT_VERSION_UNKNOWN: 'evidence',
  OBJECT_FIELD_UNKNOWN: 'evidence',
  OBJECT_FIELD_INVALID: 'evidence',
  OBJECT_CORRUPT: 'evidence',
  OBJECT_MISSING: 'evidence',
  TREE_MALFORMED: 'evidence',
  ROW_MALFORMED: 'evidence',
  PACK_CORRUPT: 'evidence',
  HEAD_CORRUPT: 'evidence',
  LOG_CORRUPT: 'evidence',
  NOTE_MALFORMED: 'evidence',
  CHECKPOINT_MALFORMED: 'evidence',
  SIGNATURE_INVALID: 'evidence',
  PROOF_INVALID: 'evidence',
  PACKET_NOT_SEALED: 'evidence',
  PACKET_BROKEN: 'evidence',
  // usage
  USAGE: 'usage',
  DIGEST_MALFORMED: 'usage',
  LEDGER_NOT_FOUND: 'usage',
  LEDGER_EXISTS: 'usage',
  LEDGER_FORMAT_NEWER: 'usage',
  LEDGER_FORMAT_OLDER: 'usage',
  LEDGER_CONFIG_INVALID: 'usage',
  REVISION_UNKNOWN: 'usage',
  REVISION_AMBIGUOUS: 'usage',
  REVISION_MALFORMED: 'usage',
  PATH_NOT_FOUND: 'usage',
  PATH_NOT_A_FOLDER: 'usage',
  PATH_NOT_A_FILE: 'usage',
  NAME_REFUSED: 'usage',
  KIND_NOT_COMPARABLE: 'usage',
  PLAN_UNREADABLE: 'usage',
  PLAN_SYNTAX: 'usage',
  PLAN_INVALID: 'usage',
  PLAN_KEY_UNKNOWN: 'usage',
  DATABASE_NOT_RECOGNISED: 'usage',
  DATABASE_CORRUPT: 'usage',
  DATABASE_UNSUPPORTED: 'usage',
  DUMP_MALFORMED: 'usage',
  RESTORE_UNSUPPORTED: 'usage',
  INCLUDE_REFUSED: 'usage',
  PROFILE_INVALID: 'usage',
  ORIGIN_MALFORMED: 'usage',
  KEY_MALFORMED: 'usage',
  // refused before anything ran, or stopped by the boundary
  PREFLIGHT_FAILED: 'refused',
  BOUNDARY_VIOLATED: 'refused',
  SQL_SYNTAX: 'refused',
  SQL_FAILED: 'refused',
  TRANSACTION_CONTROL: 'refused',
  TRANSACTION_LOST: 'refused',
  EXECUTOR_CHANGED: 'refused',
  SOURCE_CHANGED: 'refused',
  VALIDATOR_NOT_PINNED: 'refused',
  VALIDATOR_UNCONFINED: 'refused',
  VALIDATOR_REFUSED: 'refused',
  VALIDATOR_MISMATCH: 'refused',
  TARGET_PRODUCTION: 'refused',
  SURFACE_FORBIDDEN: 'refused',
  CLAIM_FORBIDDEN: 'refused',
  ISOLATION_REFUSED: 'refused',
  TIME_LIMIT: 'refused',
  // I/O and environment
  IO_FAILED: 'environment',
  DISK_FULL: 'environment',
  READ_ONLY: 'environment',
  PERMISSION_DENIED: 'environment',
  LOCK_TIMEOUT: 'environment',
  HEAD_MOVED: 'environment',
  POSTGRES_NOT_FOUND: 'environment',
  POSTGRES_FAILED: 'environment',
  VALIDATOR_NOT_BUILT: 'environment',
  VALIDATOR_FAILED: 'environment',
  ENGINE_FAILED: 'environment',
  INTERRUPTED: 'environment',
  NODE_TOO_OLD: 'environment',
  // ours
  INTERNAL: 'bug',
} as const satisfies Record<string, ErrorCategory>;

/** Stable public codes. Tests assert these, never the message. */
export type ErrorCode = keyof typeof ERROR_CATEGORIES;

export interface CustodyErrorOptions {
  /** What the user can do next, one sentence in the imperative. */
  hint?: string;
  cause?: unknown;
  /** Where: a path, an object id, a line ("plan.yaml:12"). */
  path?: string;
  /** Every fault that made the work refused, where there was evidence to look at. */
  findings?: readonly Finding[];
}

export class CustodyError extends Error {
  override readonly name = 'CustodyError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly path: string | undefined;
  readonly findings: readonly Finding[];

  constructor(code: ErrorCode, message: string, options: CustodyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? '';
    this.path = options.path;
    this.findings = options.findings ?? [];
  }
}

export function isCustodyError(error: unknown, code?: ErrorCode): error is CustodyError {
  return error instanceof CustodyError && (code === undefined || error.code === code);
}

export function categoryOf({ code }: { readonly code: ErrorCode }): ErrorCategory {
  return ERROR_CATEGORIES[code];
}

/** Whether it is an error of ours about one of these. */
export function isAbout(error: unknown, ...categories: readonly ErrorCategory[]): error is CustodyError {
  return isCustodyError(error) && categories.includes(categoryOf(error));
}

/** Whether stored or supplied bytes are not what they claim, or are missing where something links them. */
export function isDamage(error: unknown): error is CustodyError {
  return isAbout(error, 'evidence');
}

/** Whether what was given is at fault, and neither the machine nor custody: another try says the same. */
export function isOfInput(error: unknown): error is CustodyError {
  return isAbout(error, 'evidence', 'usage', 'refused');
}

/** Whether what is stored cannot be had because of itself, or of the disk below it, and not for want of a right or of memory. */
export function isLost(error: unknown): error is CustodyError {
  return isOfInput(error) || (isCustodyError(error, 'IO_FAILED') && hasCode(error.cause, 'EIO'));
}

/** The code of an error, ours or another's: Node.js, SQLite and PostgreSQL all give theirs as a text. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function hasCode(error: unknown, ...codes: readonly string[]): error is Error {
  return codes.includes(codeOf(error) ?? '');
}

/**
 * What to do in a `catch`: only "there is no such file" is an answer; a file that cannot be reached is an error, never
 * an absent one.
 * @throws the error, where it is another
 */
export function orAbsent<T>(absent: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, 'ENOENT', 'PATH_NOT_FOUND')) return absent;
    throw error;
  };
}

/** The error of ours that `work` ends in, if any. */
export function faultOf(work: () => unknown): CustodyError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (isCustodyError(error)) return error;
    throw error;
  }
}

/** Turns a Node.js system error into a CustodyError with a code of ours; anything else passes unchanged. */
export function fromSystemError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof CustodyError) return error;
  const options = { cause: error, path };
  switch (error.code) {
    case 'ENOENT':
      return new CustodyError('PATH_NOT_FOUND', `${path} does not exist`, {
        ...options,
        hint: 'Check the path.',
      });
    case 'ENOTDIR':
      return new CustodyError('PATH_NOT_A_FOLDER', `${path} is not a folder`, {
        ...options,
        hint: 'Give a folder.',
      });
    case 'ENAMETOOLONG':
    case 'ERR_INVALID_ARG_VALUE':
      return new CustodyError('PATH_NOT_FOUND', `nothing can have this path: ${error.message}`, {
        ...options,
        hint: 'Give another path.',
      });
    case 'EISDIR':
      return new CustodyError('PATH_NOT_A_FILE', `${path} is a folder`, { ...options, hint: 'Give a file.' });
    case 'ENOSPC':
    case 'EDQUOT':
    case 'SQLITE_FULL':
      return new CustodyError('DISK_FULL', `no space left while writing ${path}`, {
        ...options,
        hint: 'Free some space and run the command again; nothing was recorded.',
      });
    case 'EROFS':
      return new CustodyError('READ_ONLY', `${path} is on a read-only file system`, {
        ...options,
        hint: 'Use a folder that can be written.',
      });
    case 'EACCES':
    case 'EPERM':
      return new CustodyError('PERMISSION_DENIED', `no permission for ${path}`, {
        ...options,
        hint: 'Check owner and mode of the file and its folder.',
      });
    default:
      return new CustodyError('IO_FAILED', `${path}: ${error.message}`, {
        ...options,
        hint: 'Check the disk, then run the command again.',
      });
  }
}

/** The never-check that ends every switch on a union (ARCHITECTURE.md, invariant 1). */
export function unreachable(value: never): never {
  throw new CustodyError('INTERNAL', `unexpected value ${JSON.stringify(value)}`);
}
