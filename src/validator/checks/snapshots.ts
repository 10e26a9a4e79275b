import { FACT_CLASSES, type EngineName } from '../../objects/snapshots/classes.ts';
import { isCustodyError } from '../../errors.ts';
import { finding, type Finding } from '../../finding.ts';
import { compareBytes } from '../../objects/codec.ts';
import type { Digest } from '../../objects/digest.ts';
import { boundKey, encodeKey } from '../../objects/rows/key.ts';
import { decodeKeyText } from '../../objects/rows/key-text.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { rowBytes, walkMap, type Row } from '../../objects/map-walk.ts';
import { coverageChanges, coverageFaults, leftOutOf } from '../../objects/snapshots/coverage.ts';
import { readTable, type Table } from '../../objects/snapshots/diff.ts';
import { readDefinition } from '../../objects/snapshots/facts.ts';
import { driveSync, resultOf } from '../../objects/walk.ts';
import { attempt, type Evidence } from '../evidence.ts';
import type { Tree } from '../lists.ts';

/** Plan, rehearsal and every snapshot speak of the same engine. */
export function engineOfPlan(evidence: Evidence): Finding[] {
  const { rehearsal, plan, objects } = evidence;
  const findings: Finding[] = [];
  if (plan.engine !== rehearsal.engine)
    findings.push(
      finding('PLAN_MISMATCH', 'engine', `${rehearsal.engine}, but the plan says ${plan.engine}`),
    );
  for (const [path, link] of snapshotsOf(rehearsal)) {
    const snapshot = decodeKindOrNothing(objects.get(link.digest));
    if (snapshot && snapshot.engine !== plan.engine)
      findings.push(finding('PLAN_MISMATCH', path, 'a snapshot of another engine'));
  }
  return findings;
}

/** What is no snapshot at all is reported by snapshots-well-formed. */
function decodeKindOrNothing(bytes: Uint8Array): ObjectOf<'snapshot'> | undefined {
  try {
    return decodeKind('snapshot', bytes);
  } catch (error) {
    if (isCustodyError(error, 'OBJECT_KIND_UNEXPECTED')) return undefined;
    throw error;
  }
}

export function snapshotsWellFormed(evidence: Evidence): Finding[] {
  return snapshotsOf(evidence.rehearsal).flatMap(([path, link]) => checkSnapshot(evidence, path, link));
}

/** Every state was looked at as the before-state was: what one of them does not say is not equal. */
export function coverageEqual({ rehearsal, objects }: Evidence): Finding[] {
  const read = (link: Link): ObjectOf<'snapshot'> | undefined =>
    decodeKindOrNothing(objects.get(link.digest));
  const before = read(rehearsal.entry);
  return snapshotsOf(rehearsal).flatMap(([path, link]) => {
    const state = read(link);
    const unlike = before && state ? coverageChanges(before, state).map(({ name }) => name) : [];
    return unlike.length === 0
      ? []
      : [finding('COVERAGE_DIFFERS', path, `not looked at as the before-state was: ${unlike.join(', ')}`)];
  });
}

/** Each snapshot that a rehearsal names, once, by the first place that names it. */
export function snapshotsOf(rehearsal: ObjectOf<'rehearsal'>): [path: string, link: Link][] {
  const named: [string, Link | null][] = [
    ['entry', rehearsal.entry],
    ['exit', rehearsal.exit],
    ['image/restored', rehearsal.image.restored],
    ...rehearsal.legs.flatMap(({ leg, start, after, back }): [string, Link | null][] => [
      [`legs/${leg}/start`, start],
      [`legs/${leg}/after`, after],
      [`legs/${leg}/back`, back],
    ]),
  ];
  const seen = new Set<Digest>();
  return named.filter((pair): pair is [string, Link] => {
    const link = pair[1];
    if (link === null || seen.has(link.digest)) return false;
    seen.add(link.digest);
    return true;
  });
}

/**
 * A snapshot is the one form of its state (SPEC.md, "Snapshots"): its classes of facts are those that its coverage says
 * it looked at, nothing is there that was left out, every Merkle map is cut as its content says, tables stand under their
 * own names and describe themselves without contradiction. So equal states are equal digests, and nothing that differs
 * can hide in a form.
 */
export function checkSnapshot({ objects, lists }: Evidence, path: string, link: Link): Finding[] {
  const read = attempt(path, () => decodeKind('snapshot', objects.get(link.digest), link.digest));
  if ('code' in read) return [read];
  const snapshot = read.value;
  const findings: Finding[] = [];
  const fault = (where: string, what: string): void =>
    void findings.push(finding('EVIDENCE_MALFORMED', `${path}/${where}`, what));
  for (const what of coverageFaults(snapshot)) fault('coverage', what);
  const leftOut = leftOutOf(snapshot);
  const parts: Readonly<Record<string, number>> = FACT_CLASSES[snapshot.engine];
  for (const [name, link] of Object.entries(snapshot.facts))
    checkMap(name, link, parts[name], (row, key) => {
      if (leftOut(name, decodeKeyText(key).join(' '))) fault(name, 'a fact that was left out');
      const read = attempt(`${path}/${name}`, () => readDefinition(resultOf(rowBytes(row), objects.get)));
      if ('code' in read) findings.push(read);
    });
  checkMap('tables', snapshot.tables, 1, (row, key) => {
    const table = attempt(`${path}/tables`, () => resultOf(readTable(row), objects.get));
    if ('code' in table) findings.push(table);
    else findings.push(...checkTable(table.value, key, `${path}/${table.value.name}`));
  });
  return findings;

  /** @param names how many parts a key has; undefined: as many as it wants. */
  function checkMap(
    part: string,
    map: Link,
    names: number | undefined,
    check: (row: Row, key: Uint8Array) => void,
  ): void {
    const tree = lists.tree(map);
    if (tree.fault !== undefined) {
      fault(part, tree.fault);
      return;
    }
    if (tree.linksObjects !== (part === 'tables' && tree.count > 0))
      fault(part, 'an entry of the wrong kind');
    for (const { key, row } of driveSync(walkMap(map), objects.get)) {
      const found = namesIn(key);
      if (found === undefined || (names !== undefined && found !== names))
        fault(part, 'a key that names nothing');
      else check(row, key);
    }
  }

  function checkTable(table: Table, key: Uint8Array, at: string): Finding[] {
    const tree = lists.tree(table.root);
    const faults = [
      ...tableFaults(table, snapshot.engine),
      ...(leftOut('table', table.name) ? ['a table that was left out'] : []),
      ...(table.columns.some(({ name }) => leftOut('table', table.name, name))
        ? ['a column that was left out']
        : []),
      ...(compareBytes(key, boundKey(encodeKey([table.name]))) === 0 ? [] : ['the name of another table']),
      ...(tree.fault === undefined ? rootFaults(tree, table) : [tree.fault]),
    ];
    return faults.map((what) => finding('EVIDENCE_MALFORMED', at, what));
  }
}

function namesIn(key: Uint8Array): number | undefined {
  try {
    return decodeKeyText(key).length;
  } catch (error) {
    if (isCustodyError(error)) return undefined;
    throw error;
  }
}

function rootFaults(tree: Tree, table: Table): string[] {
  return [
    ...(tree.count === table.rows ? [] : [`${tree.count} rows, not ${table.rows}`]),
    ...(tree.linksObjects ? ['a row that links an object'] : []),
  ];
}

const FORMATS = { sqlite: 'sqlite-record', postgres: 'postgres-copy' } as const;

function tableFaults(table: Table, engine: EngineName): string[] {
  const names = table.columns.map(({ name }) => name);
  const faults: string[] = [];
  if (table.engine !== engine || table.format !== FORMATS[engine]) faults.push('a table of another engine');
  const { type, columns } = table.key;
  const known = new Set(names);
  if (known.size !== names.length) faults.push('two columns of one name');
  if (new Set(columns).size !== columns.length || columns.some((name) => !known.has(name)))
    faults.push('a key of columns that are not there');
  if ((type === 'declared') !== columns.length > 0)
    faults.push('a key without columns, or columns without a key');
  const masked = new Set(table.masked);
  const inOrder = names.filter((name) => masked.has(name));
  if (inOrder.join('\0') !== table.masked.join('\0')) faults.push('masked columns that are not there');
  return faults;
}

/** The tables of a snapshot. */
export function tablesOf({ objects }: Evidence, snapshot: Link): Table[] {
  const { tables } = decodeKind('snapshot', objects.get(snapshot.digest));
  return [...driveSync(walkMap(tables), objects.get)].map(({ row }) => resultOf(readTable(row), objects.get));
}
