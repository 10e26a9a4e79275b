import type { FindingCode } from '../finding.ts';
import type { Control } from './controls.ts';
import type { Built, Draft } from './draft.ts';

export type Expected = readonly [code: FindingCode, path: string];

/** Evidence in which one fault is present, and exactly what must be found in it; nothing: it is accepted. */
export interface Vector {
  readonly name: string;
  /** What it differs from, by its fault. */
  readonly control: Control;
  /** Changes the control. A list that it returns stands for `$0`, `$1`, … in paths: ids that only it knows. */
  readonly change: (draft: Draft) => unknown;
  /** Works on what the change made: takes an object away, say. */
  spoil?(built: Built, ids: readonly string[]): Built;
  readonly expected: readonly Expected[];
}

type Make = (name: string, expected: readonly Expected[], change: (draft: Draft) => void) => Vector;

function on(control: Control): Make {
  const prefix = control === 'sqlite' ? '' : `${control}-`;
  return (name, expected, change) => ({ name: `${prefix}${name}`, control, expected, change });
}

/** A vector on one of the controls. */
export const sqlite = on('sqlite');
export const postgres = on('postgres');
export const sqliteFull = on('sqlite-full');
export const postgresFull = on('postgres-full');

export const LEGS = ['T', 'R'] as const;
