import { finding, type Finding } from '../../finding.ts';
import type { Link } from '../../objects/link.ts';
import { splitMultisetValue } from '../../objects/rows/multiset.ts';
import { MASKED } from '../../objects/rows/masked.ts';
import { decodeRow } from '../../objects/rows/row.ts';
import { diffSnapshots, type Table } from '../../objects/snapshots/diff.ts';
import { driveSync } from '../../objects/walk.ts';
import type { Evidence } from '../evidence.ts';
import { tablesOf } from './snapshots.ts';

/**
 * Masked values stand only where the plan declares them, only in after-states, and only in rows that are new or changed.
 * The before-state and the states after each way back hold none: every row of them is looked at, for a comparison with a
 * before-state whose values are left out would prove nothing.
 */
export function checkMasks(evidence: Evidence): Finding[] {
  const { rehearsal, plan } = evidence;
  const declared = new Map<string, Set<string>>();
  for (const { table, column } of plan.masked)
    declared.set(table, (declared.get(table) ?? new Set()).add(column));
  const bare: [string, Link | null][] = [
    ['entry', rehearsal.entry],
    ...rehearsal.legs.map(({ leg, back }): [string, Link | null] => [`legs/${leg}/back`, back]),
  ];
  return [
    ...bare.flatMap(([path, link]) =>
      (link ? tablesOf(evidence, link) : [])
        .filter((table) => table.masked.length > 0 || holdsMasks(evidence, table))
        .map(({ name }) => undeclared(`${path}/${name}`)),
    ),
    ...rehearsal.legs.flatMap(({ leg, after }) =>
      after ? checkAfter(evidence, `legs/${leg}/after`, after, declared) : [],
    ),
  ];
}

type Declared = ReadonlyMap<string, ReadonlySet<string>>;

function checkAfter(evidence: Evidence, path: string, after: Link, declared: Declared): Finding[] {
  const { rehearsal, objects } = evidence;
  const findings: Finding[] = [];
  for (const table of tablesOf(evidence, after)) {
    // A table names all of its declared columns as soon as one value is masked, and none before.
    const due = holdsMasks(evidence, table) ? [...declaredIn(declared, table)] : [];
    if (due.join('\0') !== table.masked.join('\0')) findings.push(undeclared(`${path}/${table.name}`));
  }
  for (const change of driveSync(diffSnapshots(rehearsal.entry, after), objects.get)) {
    if (change.part !== 'row' || change.after === undefined) continue;
    const { table } = change;
    const allowed = declaredIn(declared, table);
    const row = table.key.type === 'multiset' ? splitMultisetValue(change.after)!.row : change.after;
    decodeRow(table.format, row).forEach((value, i) => {
      const column = table.columns[i]?.name ?? `#${i}`;
      if (value === MASKED && !allowed.has(column))
        findings.push(undeclared(`${path}/${table.name}/${column}`));
    });
  }
  return findings;
}

function holdsMasks({ lists }: Evidence, table: Table): boolean {
  const { masked } = lists.tree(table.root);
  return table.key.type === 'multiset' ? masked.multiset : masked.plain;
}

/** The declared columns of a table, in its order. */
function declaredIn(declared: Declared, table: Table): Set<string> {
  const names = declared.get(table.name);
  return new Set(table.columns.map(({ name }) => name).filter((name) => names?.has(name)));
}

function undeclared(path: string): Finding {
  return finding('MASK_UNDECLARED', path, 'a value is masked that the plan does not declare');
}
