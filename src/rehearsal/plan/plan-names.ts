import { COUNTER_RULES } from '../../engines/counters.ts';
import type { Captured } from '../../engines/engine.ts';
import { CustodyError } from '../../errors.ts';
import { encodeKey } from '../../objects/rows/key.ts';
import { decodeKind } from '../../objects/kinds.ts';
import { decodeKeyText } from '../../objects/rows/key-text.ts';
import { findRow, walkMap } from '../../objects/map-walk.ts';
import { readTable } from '../../objects/snapshots/diff.ts';
import { findFact } from '../../objects/snapshots/facts.ts';
import { driveSync, resultOf } from '../../objects/walk.ts';
import type { ObjectSpool } from '../../objects/sink.ts';
import { pointerTo } from '../../rules/json-pointer.ts';
import type { Plan, Report } from './plan.ts';

/** Names that a message lists. */
const SHOWN = 12;

/**
 * Every table and column that the plan names is there: a misspelt one would be a rule that never applies.
 * @param report is given PLAN_INVALID, with the line, for each that is not.
 */
export function checkPlanNames(plan: Plan, before: Captured, objects: ObjectSpool, report: Report): void {
  const { delta, boundary, masked, bounded } = plan.form;
  const invalid = (pointer: string, what: string, known: readonly string[], more = ''): void =>
    report(
      new CustodyError('PLAN_INVALID', what, {
        path: `${plan.path}:${plan.lineOf(pointer)}`,
        hint: `Nothing was run. The source has: ${known.slice(0, SHOWN).join(', ') || 'none'}${known.length > SHOWN ? ', …' : ''}.${more}`,
      }),
    );
  const hasTable = (pointer: string, table: string): boolean => {
    const there = Object.hasOwn(before.tables, table);
    if (!there)
      invalid(
        pointer,
        `the source has no table ${JSON.stringify(table)}`,
        Object.keys(before.tables),
        ' Views, virtual and foreign tables hold no rows of their own: no plan names them.',
      );
    return there;
  };
  for (const { table } of delta) hasTable(pointerTo('/delta', table), table);
  // By default the boundary is made of the tables of the delta: one mistake is told once.
  for (const table of boundary.tables)
    if (!delta.some((expected) => expected.table === table)) hasTable('/boundary/tables', table);
  const snapshot = decodeKind('snapshot', objects.get(before.snapshot.digest));
  const { ofTables } = COUNTER_RULES[plan.form.engine];
  bounded.forEach(({ name }, i) => {
    const found = resultOf(findFact(snapshot, 'sequence', name), objects.get);
    if (found === undefined && !(ofTables && Object.hasOwn(before.tables, name)))
      invalid(
        `/bounded/${i}`,
        `the source has no sequence ${JSON.stringify(name)}`,
        [...driveSync(walkMap(snapshot.facts['sequence']!), objects.get)].flatMap(({ key }) =>
          decodeKeyText(key).slice(0, 1),
        ),
        ofTables ? ' A counter has the name of its table.' : '',
      );
  });
  for (const { table, column } of masked) {
    const at = plan.clockAt(table, column);
    if (!hasTable(at, table)) continue;
    for (const row of driveSync(findRow(snapshot.tables, encodeKey([table])), objects.get)) {
      const columns = resultOf(readTable(row), objects.get).columns.map(({ name }) => name);
      if (!columns.includes(column))
        invalid(at, `the table ${table} has no column ${JSON.stringify(column)}`, columns);
      const declared = masked.filter((other) => other.table === table);
      if (columns.every((name) => declared.some((other) => other.column === name)))
        invalid(
          at,
          `every column of ${table} is declared: nothing of its new rows would be compared`,
          columns,
        );
    }
  }
}
