import type { CustodyError } from '../../../errors.ts';

/** Something in a script that is refused before anything of it runs; the script goes on to be read after it. */
export interface Refusal {
  /** Line of the script, from 1; 0 where it concerns the whole script. */
  readonly line: number;
  /** Number of the statement, from 1, where it is one's. */
  readonly statement?: number;
  readonly error: CustodyError;
}

/** In the order of the script: what a reader meets first comes first. */
export function inOrder(refusals: readonly Refusal[]): Refusal[] {
  return [...refusals].sort((a, b) => a.line - b.line || (a.statement ?? 0) - (b.statement ?? 0));
}
