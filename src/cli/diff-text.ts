import { unreachable } from '../errors.ts';
import type { DiffResult } from '../workflows/diff.ts';
import { escapeControl } from '../objects/control-characters.ts';
import { plainValue, shownType, type Shown } from '../objects/rows/shown.ts';
import type { Cells, ShownChange, ShownKey } from '../objects/snapshots/shown-change.ts';
import { plural, printable } from './text.ts';

const SIGN = { added: '+', removed: '-', changed: '~' } as const;
const MAX_VALUE = 60;

/** A diff for people: one line a change, rows by key with old and new values, a summary at the end. */
export function renderDiff(result: DiffResult): string {
  if (result.equal) return `equal (${result.kind})\n`;
  return [...lines(result), summary(result), ''].join('\n');
}

function lines(result: DiffResult): string[] {
  switch (result.kind) {
    case 'tree':
      return result.changes.map(
        ({ path, change, before, after }) =>
          `${SIGN[change]} ${printable(path)}${change === 'changed' ? `\n    ${printable(before ?? '')}\n    ${printable(after ?? '')}` : ''}`,
      );
    case 'snapshot':
      return result.changes.flatMap(snapshotLines);
    case 'json':
    case 'object':
      return result.changes.map(({ path, change, before, after }) => {
        const values = [before, after].filter((v) => v !== undefined).map((v) => JSON.stringify(v));
        return `${SIGN[change]} ${printable(path || '(document)')}  ${fromTo(values, MAX_VALUE)}`;
      });
    case 'text':
      return result.changes.map(({ change, line, text }) => `${SIGN[change]} ${line}: ${exact(text)}`);
    case 'bytes':
      return result.changes.map(
        ({ before, after, firstDifference }) =>
          `~ ${before} → ${after} bytes, first difference at byte ${firstDifference}`,
      );
    default:
      return unreachable(result);
  }
}

function snapshotLines(change: ShownChange): string[] {
  const sign = SIGN[change.change];
  if (change.part !== 'row') {
    if (change.class === 'schema') return schemaLines(sign, change);
    if (change.part === 'coverage')
      return [`! not looked at alike: ${printable(change.name)}  ${change.before!} → ${change.after!}`];
    const values = [change.before, change.after].filter((v) => v !== undefined);
    return [`${sign} ${change.class ?? change.part} ${printable(change.name)}  ${fromTo(values, 200)}`];
  }
  const { before, after, key, count } = change;
  const names =
    change.columns ??
    Object.keys((after ?? before)!).filter((name) => !Object.hasOwn(key.columns ?? {}, name));
  const times =
    count && Math.max(count.before, count.after) > 1 ? [`    (times): ${count.before} → ${count.after}`] : [];
  return [
    `${sign} ${printable(change.table)}  ${keyText(key)}`,
    ...names.map((name) => `    ${printable(name)}: ${cell(before, after, name)}`),
    ...times,
  ];
}

function keyText({ columns = {}, rowid, bytes }: ShownKey): string {
  const cells = Object.entries(columns).map(([name, value]) => `${printable(name)}=${shown(value)}`);
  const more = rowid !== undefined ? [`rowid=${rowid}`] : bytes === undefined ? [] : [`key=${cut(bytes)}`];
  return [...cells, ...more].join(' ');
}

function cell(before: Cells | undefined, after: Cells | undefined, name: string): string {
  if (!before || !after) return shown((after ?? before)![name] ?? null);
  const [was, is] = [before[name] ?? null, after[name] ?? null];
  const types = [shownType(was), shownType(is)];
  if (was !== null && is !== null && types[0] !== types[1])
    return `${types[0]} ${shown(was)} → ${types[1]} ${shown(is)}`;
  return fromTo([plainValue(was), plainValue(is)], MAX_VALUE);
}

/** One value, or what was and what is: long ones that begin alike from where they differ. */
function fromTo(values: readonly string[], max: number): string {
  const [was = '', is] = values;
  if (is === undefined || cut(was, max) !== cut(is, max)) return values.map((v) => cut(v, max)).join(' → ');
  let at = 0;
  while (at < was.length && was[at] === is[at]) at++;
  // Not between the two halves of a sign.
  if (/[\ud800-\udbff]/.test(was[at - 1] ?? '')) at--;
  return [was, is].map((text) => `…${cut(text.slice(at), max)}`).join(' → ');
}

/** A definition has several lines: what goes with -, what comes with +. */
function schemaLines(sign: string, { name, before, after }: Exclude<ShownChange, { part: 'row' }>): string[] {
  const side = (mark: string, text: string | undefined): string[] =>
    text === undefined ? [] : text.split('\n').map((line) => `    ${mark} ${cut(line, 200)}`);
  const [old, now] = [before?.split('\n') ?? [], after?.split('\n') ?? []];
  // Lines that both have are left out.
  const removed = old.filter((line) => !now.includes(line)).join('\n');
  const added = now.filter((line) => !old.includes(line)).join('\n');
  return [
    `${sign} schema ${printable(name)}`,
    ...side('-', removed || undefined),
    ...side('+', added || undefined),
  ];
}

function shown(value: Shown): string {
  return cut(plainValue(value));
}

function cut(value: string, max = MAX_VALUE): string {
  const text = exact(value);
  return text.length > max
    ? `${text.slice(0, max).replace(/[\ud800-\udbff]$/, '')}… (${value.length} characters)`
    : text;
}

/** On one line, so that no two texts look alike: a tab is none of the spaces, what is escaped none of the letters. */
function exact(text: string): string {
  return escapeControl(text.replace(/\\(?=u\{)/g, '\\u{5c}'));
}

function summary(result: DiffResult): string {
  if (result.kind !== 'snapshot') return `${plural(result.changes.length, 'difference')} (${result.kind})`;
  const tables = new Map<string, { added: number; removed: number; changed: number }>();
  for (const change of result.changes) {
    if (change.part !== 'row') continue;
    const counts = tables.get(change.table) ?? { added: 0, removed: 0, changed: 0 };
    counts[change.change]++;
    tables.set(change.table, counts);
  }
  const rows = [...tables].map(
    ([name, c]) => `${printable(name)}: ${c.added} inserted, ${c.changed} updated, ${c.removed} deleted`,
  );
  return ['', ...rows, plural(result.changes.length, 'difference')].join('\n').trimStart();
}
