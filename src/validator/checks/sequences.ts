import type { OtherChange } from '../../objects/snapshots/delta.ts';
import { decodeKind } from '../../objects/kinds.ts';
import { findFact, readDefinition } from '../../objects/snapshots/facts.ts';
import { resultOf } from '../../objects/walk.ts';
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
  const before = decodeKind('snapshot', objects.get(rehearsal.entry.digest));
  const bytes = resultOf(findFact(before, 'schema', 'sequence', name), objects.get);
  const definition = bytes && readDefinition(bytes);
  return new Map(typeof definition === 'string' ? [] : definition);
}
