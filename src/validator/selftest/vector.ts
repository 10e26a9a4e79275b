import type { FindingCode } from '../../finding.ts';
import type { Built, Draft } from './draft.ts';

export type Expected = readonly [code: FindingCode, path: string];

/** Evidence in which one fault is present, and exactly what must be found in it; nothing: it is accepted. */
export interface Vector {
  readonly name: string;
  readonly engine: 'sqlite' | 'postgres';
  /** Changes the control. A list that it returns stands for `$0`, `$1`, … in paths: ids that only it knows. */
  readonly change: (draft: Draft) => unknown;
  /** Works on what the change made: takes an object away, say. */
  spoil?(built: Built, ids: readonly string[]): Built;
  readonly expected: readonly Expected[];
}

/** A vector on the SQLite control. */
export function sqlite(name: string, expected: readonly Expected[], change: (draft: Draft) => void): Vector {
  return { name, engine: 'sqlite', expected, change };
}

/** A vector on the PostgreSQL control. */
export function postgres(
  name: string,
  expected: readonly Expected[],
  change: (draft: Draft) => void,
): Vector {
  return { name: `postgres-${name}`, engine: 'postgres', expected, change };
}

export const LEGS = ['T', 'R'] as const;
