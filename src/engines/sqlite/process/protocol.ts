import type { ErrorCode } from '../../../errors.ts';
import type { Boundary } from '../../engine.ts';

/** What the parent asks of the child that runs SQL (structured clones over IPC; one request at a time, answered in order). */
export type Request =
  /** Recovers a closed copy: rolls a hot journal back, moves WAL frames into the file, checks its integrity. */
  | { readonly op: 'settle'; readonly path: string }
  | { readonly op: 'open'; readonly path: string; readonly pragmas: readonly (readonly [string, string])[] }
  | { readonly op: 'begin' }
  | { readonly op: 'apply'; readonly script: string; readonly boundary: Boundary }
  /** Writes the state that this connection sees, uncommitted changes included, as a closed database file. */
  | { readonly op: 'image'; readonly path: string }
  /** Bytes of that state. */
  | { readonly op: 'size' }
  /** Checks that state and begins to read it; answers whether it can be read in parts. */
  | { readonly op: 'read' }
  /** Answers the next {@link Part} of what is being read, or null at the end. */
  | { readonly op: 'next' }
  | { readonly op: 'rollback' }
  | { readonly op: 'commit' }
  | { readonly op: 'inTransaction' }
  /** One read-only statement: one row, one column, as text. On a closed file, opened as immutable, … */
  | { readonly op: 'query'; readonly path: string; readonly sql: string }
  /** … or on this connection, inside its transaction. */
  | { readonly op: 'queryInside'; readonly sql: string }
  /** What would be refused, on a closed file, opened as immutable; nothing is run. Answers a list of {@link Failure}. */
  | {
      readonly op: 'check';
      readonly path: string;
      readonly pragmas: readonly (readonly [string, string])[];
      readonly script: string;
      readonly boundary: Boundary;
    }
  | { readonly op: 'checkQuery'; readonly path: string; readonly sql: string }
  | { readonly op: 'close' };

/** First message of a child: what it found out about its own rights. */
export interface Hello {
  readonly sqlite: string;
  /** Each holds only if it was tried in this child and refused. */
  readonly refused: {
    readonly attach: boolean;
    readonly extensions: boolean;
    readonly files: boolean;
    /** A file outside the folder, which SQLite itself was told to open. */
    readonly paths: boolean;
    readonly processes: boolean;
  };
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly path?: string;
}

export type Reply =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Failure };
