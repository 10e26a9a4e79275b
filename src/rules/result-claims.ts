import { findClaims, type Claims } from './claims.ts';
import type { Digest } from '../objects/digest.ts';
import type { ObjectOf } from '../objects/kinds.ts';
import type { Link } from '../objects/link.ts';
import { TextBytes } from '../objects/rows/key.ts';
import { decodeRow, rowOf } from '../objects/rows/row.ts';
import { diffSnapshots, type Table } from '../objects/snapshots/diff.ts';
import { textsIn } from './texts.ts';
import { driveSync } from '../objects/walk.ts';

/** A forbidden token in what a rehearsal came to. */
export interface ResultClaim {
  /** `rehearsal/preflight/0/actual`, `legs/T/after/TABLE`. */
  readonly path: string;
  /** In its harmless form. */
  readonly phrase: string;
}

/**
 * The forbidden tokens in the answers and messages of a rehearsal, and in the rows that differ from its before-state, as
 * packets show them: SQL may put together what it does not say. The rest of the database is not looked at.
 * @returns each path once. @throws CustodyError what reading and decoding objects throws.
 */
export function resultClaims(
  rehearsal: ObjectOf<'rehearsal'>,
  claims: Claims,
  get: (id: Digest) => Uint8Array,
): ResultClaim[] {
  const found = new Map<string, ResultClaim>();
  const look = (path: string, text: string): void => {
    const [claim] = findClaims(text, claims);
    if (claim && !found.has(path)) found.set(path, { path, phrase: claim.phrase });
  };
  for (const { pointer, text } of textsIn(rehearsal)) look(`rehearsal${pointer}`, text);
  for (const [path, state] of statesOf(rehearsal))
    for (const change of driveSync(diffSnapshots(rehearsal.entry, state), get)) {
      if (change.part !== 'row') continue;
      for (const row of [change.before, change.after])
        if (row) for (const text of shown(change.table, row)) look(`${path}/${change.table.name}`, text);
    }
  return [...found.values()];
}

/** Equal states once. */
function statesOf({ legs }: ObjectOf<'rehearsal'>): [path: string, state: Link][] {
  const states = new Map<Digest, [string, Link]>();
  for (const { leg, after, back } of legs)
    for (const [name, state] of Object.entries({ after, back }))
      if (state && !states.has(state.digest)) states.set(state.digest, [`legs/${leg}/${name}`, state]);
  return [...states.values()];
}

/** The texts of a row. Numbers and blobs, which are shown as digits, say nothing; text that is no UTF-8 is read as text. */
function shown(table: Table, value: Uint8Array): string[] {
  return decodeRow(table.format, rowOf(table, value).row).flatMap((one) => {
    if (typeof one === 'string') return [one];
    const text = one instanceof TextBytes ? one.bytes : one;
    const isText = one instanceof TextBytes || table.format === 'postgres-copy';
    return isText && text instanceof Uint8Array ? [Buffer.from(text).toString()] : [];
  });
}
