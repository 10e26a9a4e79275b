import { finding, type Finding } from '../../finding.ts';
import type { Link } from '../../objects/link.ts';
import { MASKED } from '../../objects/rows/masked.ts';
import { decodeRow, rowOf } from '../../objects/rows/row.ts';
import { diffSnapshots, type Table } from '../../objects/snapshots/diff.ts';
import { driveSync } from '../../objects/walk.ts';
import type { Evidence } from '../evidence.ts';
import { tablesThatDiffer, tablesOf } from './snapshots.ts';

/**
 * Masked values stand only where the plan declares them, only in after-states, and only in rows that are new or changed: a
 * comparison with a before-state whose values are left out would prove nothing. The before-state and the states after each
 * way back name no masked column; that no row holds a mask that its table does not name is level `objects`.
 */
export function checkMasks(evidence: Evidence): Finding[] {
  const { rehearsal, plan } = evidence;
  const declared = new Map<string, Set<string>>();
  for (const { table, column } of plan.masked)
    declared.set(table, (declared.get(table) ?? new Set()).add(column));
  const named = (path: string, tables: readonly Table[]): Finding[] =>
    tables.filter(({ masked }) => masked.length > 0).map(({ name }) => undeclared(`${path}/${name}`));
  return [
    ...named('entry', tablesOf(evidence, rehearsal.entry)),
    ...rehearsal.legs.flatMap(({ leg, after, back }) => [
      ...(back
        ? [
            ...named(`legs/${leg}/back`, tablesThatDiffer(evidence, back)),
            ...[...masksIn(evidence, back).keys()].map((table) => undeclared(`legs/${leg}/back/${table}`)),
          ]
        : []),
      ...(after ? checkAfter(evidence, `legs/${leg}/after`, after, declared) : []),
    ]),
  ];
}

type Declared = ReadonlyMap<string, ReadonlySet<string>>;

function checkAfter(evidence: Evidence, path: string, after: Link, declared: Declared): Finding[] {
  const masks = masksIn(evidence, after);
  return tablesThatDiffer(evidence, after).flatMap((table) => {
    const held = masks.get(table.name);
    const allowed = declaredIn(declared, table);
    // A table names all of its declared columns as soon as one value is masked, and none before.
    const due = held ? [...allowed] : [];
    return [
      ...(due.join('\0') === table.masked.join('\0') ? [] : [undeclared(`${path}/${table.name}`)]),
      ...[...(held ?? [])]
        .filter((column) => !allowed.has(column))
        .map((column) => undeclared(`${path}/${table.name}/${column}`)),
    ];
  });
}

/** The columns in which a row that differs from the before-state holds a masked value, by table. */
function masksIn({ rehearsal, objects }: Evidence, state: Link): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const change of driveSync(diffSnapshots(rehearsal.entry, state), objects.get)) {
    if (change.part !== 'row' || change.after === undefined) continue;
    const { table } = change;
    decodeRow(table.format, rowOf(table, change.after).row).forEach((value, i) => {
      if (value !== MASKED) return;
      const columns = found.get(table.name) ?? new Set();
      found.set(table.name, columns.add(table.columns[i]?.name ?? `#${i}`));
    });
  }
  return found;
}

/** The declared columns of a table, in its order. */
function declaredIn(declared: Declared, table: Table): Set<string> {
  const names = declared.get(table.name);
  return new Set(table.columns.map(({ name }) => name).filter((name) => names?.has(name)));
}

function undeclared(path: string): Finding {
  return finding('MASK_UNDECLARED', path, 'a value is masked that the plan does not declare');
}
