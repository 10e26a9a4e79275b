import type { Captured } from '../engines/engine.ts';
import { CustodyError } from '../errors.ts';
import { encodeKey } from '../objects/key.ts';
import { decodeKind } from '../objects/kinds.ts';
import { findRow } from '../objects/map-walk.ts';
import type { MemoryObjects } from '../objects/memory-objects.ts';
import { readTable } from '../objects/snapshot-diff.ts';
import { driveSync, resultOf } from '../objects/walk.ts';
import type { Plan } from './plan.ts';

/**
 * Every table and column that the plan names is there: a misspelt one would be a rule that never applies.
 * @throws CustodyError PLAN_INVALID, with the line.
 */
export function checkPlanNames(plan: Plan, before: Captured, objects: MemoryObjects): void {
  const invalid = (line: number, what: string, known: readonly string[]): never => {
    throw new CustodyError('PLAN_INVALID', what, {
      path: `${plan.path}:${line}`,
      hint: `Nothing was run. The source has: ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', …' : ''}.`,
    });
  };
  const tables = Object.keys(before.tables);
  const requireTable = (line: number, table: string): void => {
    if (!Object.hasOwn(before.tables, table))
      invalid(line, `the source has no table ${JSON.stringify(table)}`, tables);
  };
  for (const { table } of plan.delta) requireTable(plan.lineOf(`/delta/${pointerPart(table)}`), table);
  for (const table of plan.tables) requireTable(plan.lineOf('/boundary/tables'), table);
  const snapshot = decodeKind('snapshot', objects.get(before.snapshot.digest));
  for (const { table, column, line } of plan.clock) {
    requireTable(line, table);
    for (const row of driveSync(findRow(snapshot.tables, encodeKey([table])), objects.get)) {
      const columns = resultOf(readTable(row), objects.get).columns.map(({ name }) => name);
      if (!columns.includes(column))
        invalid(line, `the table ${table} has no column ${JSON.stringify(column)}`, columns);
      const masked = plan.clock.filter((other) => other.table === table);
      if (columns.every((name) => masked.some((other) => other.column === name)))
        invalid(
          line,
          `every column of ${table} is declared: nothing of its new rows would be compared`,
          columns,
        );
    }
  }
}

/** RFC 6901. */
function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
