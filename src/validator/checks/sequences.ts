import { decode, type Value } from '../../objects/codec.ts';
import type { OtherChange } from '../../objects/snapshots/delta.ts';
import { boundKey, encodeKey } from '../../objects/rows/key.ts';
import { decodeKind } from '../../objects/kinds.ts';
import { findRow } from '../../objects/map-walk.ts';
import { MAX_DEFINITION, rowBytes } from '../../objects/snapshots/diff.ts';
import { driveSync, resultOf } from '../../objects/walk.ts';
import type { Evidence } from '../evidence.ts';

/**
 * Whether inserting rows into the boundary's tables can have this effect on a sequence. SQLite's counter has its table's
 * name, begins with the first row and only grows (https://www.sqlite.org/autoinc.html). One of PostgreSQL is there before
 * and stays, moves in the direction of its increment only (`setval` can do more, `nextval` cannot), and where a column
 * owns it, that column's table is within the boundary.
 */
export function insertMoves(change: OtherChange, evidence: Evidence): boolean {
  const { rehearsal, plan } = evidence;
  if (rehearsal.engine === 'sqlite') {
    const before = counter(change.before);
    const after = counter(change.after);
    return (
      plan.boundary.tables.includes(change.name) &&
      after !== undefined &&
      (before === undefined || after > before)
    );
  }
  if (change.change !== 'changed') return false;
  const definition = definitionOf(evidence, change.name);
  const owner = definition.get('owned by')?.replace(/\.[^.]+ [ai]$/, '');
  if (owner !== undefined && !plan.boundary.tables.includes(owner)) return false;
  const sign = definition.get('increment')?.startsWith('-') ? -1n : 1n;
  const before = position(change.before, sign);
  const after = position(change.after, sign);
  return before !== undefined && after !== undefined && after > before;
}

function counter(definition: string | undefined): bigint | undefined {
  const digits = definition === undefined ? null : /^seq: (-?[0-9]{1,19})$/.exec(definition);
  return digits ? BigInt(digits[1]!) : undefined;
}

/** last_value and is_called as one number that grows with each call: (1, not called yet) comes before (1, called). */
function position(definition: string | undefined, sign: bigint): bigint | undefined {
  const match = /^last_value: (-?[0-9]{1,19})\nis_called: (t|f|true|false)$/.exec(definition ?? '');
  if (!match) return undefined;
  const called = match[2]!.startsWith('t') ? 1n : 0n;
  return 2n * sign * BigInt(match[1]!) + called;
}

/** What the before-state's schema says of a sequence, by name; empty where it says nothing. */
function definitionOf({ rehearsal, objects }: Evidence, name: string): Map<string, string> {
  const { schema } = decodeKind('snapshot', objects.get(rehearsal.entry.digest));
  const pairs = new Map<string, string>();
  for (const row of driveSync(findRow(schema, boundKey(encodeKey(['sequence', name]))), objects.get)) {
    const value = decode(resultOf(rowBytes(row), objects.get), MAX_DEFINITION);
    for (const pair of Array.isArray(value) ? value : []) {
      const [key, text] = Array.isArray(pair) ? (pair as readonly Value[]) : [];
      if (typeof key === 'string' && typeof text === 'string') pairs.set(key, text);
    }
  }
  return pairs;
}
