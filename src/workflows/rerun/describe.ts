import type { Json } from '../../objects/json.ts';
import { isJsonMap, type Difference } from './differences.ts';

/** One line for the `rerun` object. */
export function describeDifference(difference: Difference): string {
  const { path, leg, name } = difference;
  const about = [...(name === null ? [] : [name]), ...(leg === null ? [] : [`leg ${leg}`])].join(', ');
  return `${path}${about === '' ? '' : ` (${about})`}: ${what(difference)}`;
}

/** The same, for a finding, which has the path already. */
export function detailOf(difference: Difference): string {
  const { leg, name } = difference;
  const about = [...(name === null ? [] : [name]), ...(leg === null ? [] : [`leg ${leg}`])];
  return [...about, what(difference)].join(': ');
}

function what({ change, before, after }: Difference): string {
  const value = (json: Json): string => (json === null ? 'none' : short(JSON.stringify(json)));
  const values = `${value(before)} → ${value(after)}`;
  if (change === null) return values;
  return before === null && after === null ? describeChange(change) : `${describeChange(change)}: ${values}`;
}

function describeChange(change: Json): string {
  if (!isJsonMap(change)) return short(JSON.stringify(change));
  const { part, table, name, key, before, after, columns } = change;
  if (part !== 'row') return `${text(change['class'] ?? part)} ${text(name)}`;
  const { columns: named = {}, ...more } = isJsonMap(key) ? key : {};
  const row = [cells(named), cells(more)].filter((own) => own !== '').join(' ');
  const only = (row: Json | undefined): string =>
    cells(
      Array.isArray(columns) && isJsonMap(row)
        ? Object.fromEntries(Object.entries(row).filter(([column]) => columns.includes(column)))
        : row,
    ) || 'no row';
  const values = before === undefined && after === undefined ? '' : `: ${only(before)} → ${only(after)}`;
  return short(`table ${text(table)}, row ${row}${values}`);
}

function cells(row: Json | undefined): string {
  if (!isJsonMap(row)) return '';
  return Object.entries(row)
    .map(([column, cell]) => `${column}=${JSON.stringify(cell)}`)
    .join(' ');
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

function short(line: string): string {
  return line.length > 500 ? `${line.slice(0, 500)}… (${line.length} characters)` : line;
}
