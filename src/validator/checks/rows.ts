import { finding, type Finding } from '../../finding.ts';
import { compareBytes } from '../../objects/codec.ts';
import { boundKey, encodeKey, integerKey, TextBytes, type KeyPart } from '../../objects/rows/key.ts';
import { splitMultisetValue } from '../../objects/rows/multiset.ts';
import { MASKED } from '../../objects/rows/masked.ts';
import { decodeRow, type RowValue } from '../../objects/rows/row.ts';
import { sha256Bytes } from '../../objects/sha256.ts';
import { diffSnapshots, type Table } from '../../objects/snapshots/diff.ts';
import { driveSync } from '../../objects/walk.ts';
import { attempt, type Evidence } from '../evidence.ts';
import { tablesThatDiffer, snapshotsOf, tablesOf } from './snapshots.ts';

/**
 * Every row that differs from the before-state decodes, has a value for each column, and stands under its own key: so
 * that a change of a row cannot be given out as another row. Where no row differs, its map is the same one.
 */
export function rowsWellFormed(evidence: Evidence): Finding[] {
  const { rehearsal, objects } = evidence;
  const roots = new Map(tablesOf(evidence, rehearsal.entry).map(({ name, root }) => [name, root]));
  return snapshotsOf(rehearsal).flatMap(([path, link]) => {
    const faults = new Map<string, Finding>();
    const note = (found: Finding): void => {
      if (!faults.has(found.path)) faults.set(found.path, found);
    };
    const walked = attempt(path, () => {
      const equal = new Map<string, bigint>();
      const changed = new Set<string>();
      for (const change of driveSync(diffSnapshots(rehearsal.entry, link), objects.get)) {
        if (change.part !== 'row') continue;
        const { table, key, before, after } = change;
        const at = `${path}/${table.name}`;
        changed.add(table.name);
        // A row that is gone was one of the before-state; what stands there now is looked at.
        const checked = attempt(at, () =>
          before && after && same(before, after)
            ? 'one row in two forms'
            : after && faultOf(table, key, after, equal),
        );
        if ('code' in checked) note(checked);
        else if (checked.value !== undefined) note(malformed(at, checked.value));
      }
      for (const { name, root } of tablesThatDiffer(evidence, link))
        if (!changed.has(name) && roots.get(name)?.equals(root) === false)
          note(malformed(`${path}/${name}`, 'the same rows in another form'));
    });
    return 'code' in walked ? [walked, ...faults.values()] : [...faults.values()];
  });
}

function malformed(path: string, what: string): Finding {
  return finding('EVIDENCE_MALFORMED', path, what);
}

function faultOf(
  table: Table,
  key: Uint8Array,
  value: Uint8Array,
  equal: Map<string, bigint>,
): string | undefined {
  const multiset = table.key.type === 'multiset';
  const split = multiset ? splitMultisetValue(value) : { row: value };
  if (!split) return 'a row of a multiset without a count';
  const { row } = split;
  const values = decodeRow(table.format, row);
  if (values.length !== Math.max(table.columns.length, table.format === 'postgres-copy' ? 1 : 0))
    return `${values.length} values for ${table.columns.length} columns`;
  if (multiset) return same(key, sha256Bytes(row)) ? undefined : 'a row under the hash of another';
  return standsUnder(table, key, row, values, equal) ? undefined : 'a row under a key that is not its own';
}

/** The key rules of both engines (SPEC.md, "Keys of rows") and of masking (mask.ts in src/rehearsal). */
function standsUnder(
  table: Table,
  key: Uint8Array,
  row: Uint8Array,
  values: readonly RowValue[],
  equal: Map<string, bigint>,
): boolean {
  if (table.key.type === 'rowid') return isInteger(key);
  const at = table.key.columns.map((name) => table.columns.findIndex((column) => column.name === name));
  const parts = at.map((i) => values[i] ?? null);
  if (parts.includes(MASKED)) {
    const hash = sha256Bytes(row);
    const name = `${table.name}\0${Buffer.from(hash).toString('hex')}`;
    const number = equal.get(name) ?? 0n;
    equal.set(name, number + 1n);
    return same(key, encodeKey([null, hash, number]));
  }
  if (table.format === 'postgres-copy')
    return same(key, boundKey(encodeKey(at.map((i) => copyPart(table.columns[i]!.type, values[i]!)))));
  const own = encodeKey(parts as (KeyPart | TextBytes)[]);
  if (!parts.includes(null)) return same(key, boundKey(own));
  // NULL in a key: the one column is the rowid under another name, or the rowid follows the key's parts.
  if (parts.length === 1 && isInteger(key)) return true;
  if (key.length >= MAX_READABLE) return true;
  return (
    same(key.subarray(0, own.length), own) &&
    (key.length === own.length || isInteger(key.subarray(own.length)))
  );
}

/** A longer key may be a cut one, of which the rowid at its end cannot be read. */
const MAX_READABLE = 1_000;

function copyPart(type: string, value: RowValue): KeyPart | TextBytes {
  if (!(value instanceof Uint8Array)) return null;
  const text = Buffer.from(value).toString('latin1');
  return /^(smallint|integer|bigint)$/.test(type) && /^-?[0-9]{1,19}$/.test(text)
    ? BigInt(text)
    : new TextBytes(value);
}

function isInteger(key: Uint8Array): boolean {
  return key.length === 9 && key[0] === integerKey(0n)[0];
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0;
}
