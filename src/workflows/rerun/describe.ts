import type { Json } from '../../objects/json.ts';
import type { Difference } from './differences.ts';

/** One line for people, and for the `rerun` object. */
export function describeDifference({ path, leg, change, before, after }: Difference): string {
  const where = leg === null ? path : `${path} (leg ${leg})`;
  const value = (json: Json): string => (json === null ? 'none' : short(JSON.stringify(json)));
  if (change === null) return `${where}: ${value(before)} → ${value(after)}`;
  const what = `${where}: ${describeChange(change)}`;
  return before === null && after === null ? what : `${what}: ${value(before)} → ${value(after)}`;
}

function describeChange(change: Json): string {
  if (!isMap(change)) return short(JSON.stringify(change));
  const { part, table, name, key, before, after, columns } = change;
  if (part !== 'row') return `${text(part)} ${text(name)}`;
  const only = (row: Json | undefined): string =>
    cells(
      Array.isArray(columns) && isMap(row)
        ? Object.fromEntries(Object.entries(row).filter(([column]) => columns.includes(column)))
        : row,
    ) || 'no row';
  const values = before === undefined && after === undefined ? '' : `: ${only(before)} → ${only(after)}`;
  return short(`table ${text(table)}, row ${cells(key)}${values}`);
}

function cells(row: Json | undefined): string {
  if (!isMap(row)) return '';
  return Object.entries(row)
    .map(([column, cell]) => `${column}=${text(cell)}`)
    .join(' ');
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

function isMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function short(line: string): string {
  return line.length > 500 ? `${line.slice(0, 500)}… (${line.length} characters)` : line;
}
