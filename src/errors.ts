import type { Finding } from './finding.ts';

/**
 * The one error class. Misuse and I/O throw it; faults in evidence are findings (finding.ts), not errors.
 *
 * Each code belongs to one {@link ErrorCategory}. The validator's bytes do not hold this table (test/validator/bundle.test.ts):
 * a new code is no new validator.
 */
export const ERROR_EXIT = {
  // objects and formats: stored or supplied bytes that are not what they claim
  OBJECT_NOT_CANONICAL: 1,
  OBJECT_TOO_LARGE: 1,
  OBJECT_KIND_UNKNOWN: 1,
  OBJECT_KIND_UNEXPECTED: 1,
  OBJECT_VERSION_UNKNOWN: 1,
  OBJECT_FIELD_UNKNOWN: 1,
  OBJECT_FIELD_INVALID: 1,
  OBJECT_CORRUPT: 1,
  OBJECT_MISSING: 1,
  TREE_MALFORMED: 1,
  ROW_MALFORMED: 1,
  PACK_CORRUPT: 1,
  HEAD_CORRUPT: 1,
  LOG_CORRUPT: 1,
  NOTE_MALFORMED: 1,
  CHECKPOINT_MALFORMED: 1,
  SIGNATURE_INVALID: 1,
  PROOF_INVALID: 1,
  PACKET_NOT_SEALED: 1,
  PACKET_BROKEN: 1,
  // usage
  USAGE: 2,
  DIGEST_MALFORMED: 2,
  LEDGER_NOT_FOUND: 2,
  LEDGER_EXISTS: 2,
  LEDGER_FORMAT_NEWER: 2,
  LEDGER_FORMAT_OLDER: 2,
  LEDGER_CONFIG_INVALID: 2,
  REVISION_UNKNOWN: 2,
  REVISION_AMBIGUOUS: 2,
  REVISION_MALFORMED: 2,
  PATH_NOT_FOUND: 2,
  PATH_NOT_A_FOLDER: 2,
  PATH_NOT_A_FILE: 2,
  NAME_REFUSED: 2,
  KIND_NOT_COMPARABLE: 2,
  PLAN_UNREADABLE: 2,
  PLAN_SYNTAX: 2,
  PLAN_INVALID: 2,
  PLAN_KEY_UNKNOWN: 2,
  DATABASE_NOT_RECOGNISED: 2,
  DATABASE_CORRUPT: 2,
  DATABASE_UNSUPPORTED: 2,
  DUMP_MALFORMED: 2,
  RESTORE_UNSUPPORTED: 2,
  INCLUDE_REFUSED: 2,
  PROFILE_INVALID: 2,
  ORIGIN_MALFORMED: 2,
  KEY_MALFORMED: 2,
  // refused before anything ran, or stopped by the boundary
  PREFLIGHT_FAILED: 3,
  BOUNDARY_VIOLATED: 3,
  SQL_SYNTAX: 3,
  SQL_FAILED: 3,
  TRANSACTION_CONTROL: 3,
  TRANSACTION_LOST: 3,
  EXECUTOR_CHANGED: 3,
  SOURCE_CHANGED: 3,
  VALIDATOR_NOT_PINNED: 3,
  VALIDATOR_UNCONFINED: 3,
  VALIDATOR_REFUSED: 3,
  VALIDATOR_MISMATCH: 3,
  TARGET_PRODUCTION: 3,
  SURFACE_FORBIDDEN: 3,
  CLAIM_FORBIDDEN: 3,
  ISOLATION_REFUSED: 3,
  TIME_LIMIT: 3,
  // I/O and environment
  IO_FAILED: 4,
  DISK_FULL: 4,
  READ_ONLY: 4,
  PERMISSION_DENIED: 4,
  LOCK_TIMEOUT: 4,
  HEAD_MOVED: 4,
  POSTGRES_NOT_FOUND: 4,
  POSTGRES_FAILED: 4,
  VALIDATOR_NOT_BUILT: 4,
  VALIDATOR_FAILED: 4,
  ENGINE_FAILED: 4,
  INTERRUPTED: 4,
  NODE_TOO_OLD: 4,
  // ours
  INTERNAL: 70,
} as const satisfies Record<string, 1 | 2 | 3 | 4 | 70>;

/** Stable public codes. Tests assert these, never the message. */
export type ErrorCode = keyof typeof ERROR_EXIT;

/** What an error is about. What the command answers with for each is known in cli/exit-code.ts alone. */
export type ErrorCategory = 'evidence' | 'usage' | 'refused' | 'environment' | 'bug';

const CATEGORY = {
  1: 'evidence',
  2: 'usage',
  3: 'refused',
  4: 'environment',
  70: 'bug',
} as const satisfies Record<(typeof ERROR_EXIT)[ErrorCode], ErrorCategory>;

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
  return CATEGORY[ERROR_EXIT[code]];
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
