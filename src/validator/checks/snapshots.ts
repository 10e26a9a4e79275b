import { FACT_CLASSES, type EngineName } from '../../objects/snapshots/classes.ts';
import { isCustodyError } from '../../errors.ts';
import { finding, type Finding } from '../../finding.ts';
import { compareBytes } from '../../objects/codec.ts';
import type { Digest } from '../../objects/digest.ts';
import { boundKey, encodeKey } from '../../objects/rows/key.ts';
import { decodeKeyText } from '../../objects/rows/key-text.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { diffMaps, rowBytes, walkMap, type MapEntry } from '../../objects/map-walk.ts';
import { coverageChanges, coverageFaults, leftOutOf } from '../../objects/snapshots/coverage.ts';
import { readTable, type Table } from '../../objects/snapshots/diff.ts';
import { readDefinition } from '../../objects/snapshots/facts.ts';
import { driveSync, resultOf } from '../../objects/walk.ts';
import { attempt, type Evidence } from '../evidence.ts';

/** Plan, rehearsal and every snapshot speak of the same engine. */
export function engineOfPlan(evidence: Evidence): Finding[] {
  const { rehearsal, plan, objects } = evidence;
  const findings: Finding[] = [];
  if (plan.engine !== rehearsal.engine)
    findings.push(
      finding('PLAN_MISMATCH', 'engine', `${rehearsal.engine}, but the plan says ${plan.engine}`),
    );
  for (const [path, link] of snapshotsOf(rehearsal)) {
    // What is no snapshot at all is reported by snapshots-well-formed.
    const read = attempt(path, () => decodeKind('snapshot', objects.get(link.digest)));
    if ('value' in read && read.value.engine !== plan.engine)
      findings.push(finding('PLAN_MISMATCH', path, 'a snapshot of another engine'));
  }
  return findings;
}

export function snapshotsWellFormed(evidence: Evidence): Finding[] {
  return snapshotsOf(evidence.rehearsal).flatMap(([path, link]) => checkSnapshot(evidence, path, link));
}

/** Every state was looked at as the before-state was: what one of them does not say is not equal. */
export function coverageEqual({ rehearsal, objects }: Evidence): Finding[] {
  // What is no snapshot at all is reported by snapshots-well-formed.
  const read = ({ digest }: Link): ObjectOf<'snapshot'> | undefined => {
    const found = attempt('', () => decodeKind('snapshot', objects.get(digest)));
    return 'value' in found ? found.value : undefined;
  };
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
/**
 * What a snapshot says (SPEC.md, "Snapshots"): its classes of facts are those that its coverage says it looked at, nothing is
 * there that was left out, tables stand under their own names and describe themselves without contradiction. Of the before-state
 * each table is looked at, of the others what it does not say: how lists are cut, and what is in those that do not differ, is
 * level `objects`.
 */
export function checkSnapshot({ rehearsal, objects }: Evidence, path: string, link: Link): Finding[] {
  const read = attempt(path, () => decodeKind('snapshot', objects.get(link.digest), link.digest));
  if ('code' in read) return [read];
  const snapshot = read.value;
  const findings: Finding[] = [];
  const fault = (where: string, what: string): void =>
    void findings.push(finding('EVIDENCE_MALFORMED', `${path}/${where}`, what));
  for (const what of coverageFaults(snapshot)) fault('coverage', what);
  const before = attempt('entry', () => decodeKind('snapshot', objects.get(rehearsal.entry.digest)));
  // Named where it is looked at itself.
  if ('code' in before) return findings;
  const leftOut = leftOutOf(snapshot);
  const parts: Readonly<Record<string, number>> = FACT_CLASSES[snapshot.engine];
  const known = link.equals(rehearsal.entry) ? undefined : before.value;
  // Of the before-state no other check asks for facts, but what was left out must not be there.
  if (known || snapshot.coverage.without.length > 0)
    for (const [name, map] of Object.entries(snapshot.facts))
      checkEntries(name, newIn(known?.facts[name], map), parts[name], ({ key, row }) => {
        if (leftOut(name, decodeKeyText(key).join(' '))) fault(name, 'a fact that was left out');
        readDefinition(resultOf(rowBytes(row), objects.get));
      });
  checkEntries('tables', newIn(known?.tables, snapshot.tables), 1, ({ key, row }) =>
    checkTable(resultOf(readTable(row), objects.get), key),
  );
  return findings;

  /** The entries of a map that another one, where there is one, does not have. */
  function* newIn(known: Link | undefined, map: Link): Generator<MapEntry> {
    if (!known) yield* driveSync(walkMap(map), objects.get);
    else
      for (const { key, after } of driveSync(diffMaps(known, map), objects.get))
        if (after) yield { key, row: after };
  }

  /** @param names how many parts a key has; undefined: as many as it wants. */
  function checkEntries(
    part: string,
    entries: Iterable<MapEntry>,
    names: number | undefined,
    check: (entry: MapEntry) => void,
  ): void {
    const noted = (work: () => void): void => {
      const done = attempt(`${path}/${part}`, work);
      if ('code' in done) findings.push(done);
    };
    noted(() => {
      for (const entry of entries) {
        const found = namesIn(entry.key);
        if (found === undefined || (names !== undefined && found !== names))
          fault(part, 'a key that names nothing');
        else noted(() => check(entry));
      }
    });
  }

  function checkTable(table: Table, key: Uint8Array): void {
    const faults = [
      ...tableFaults(table, snapshot.engine),
      ...(leftOut('table', table.name) ? ['a table that was left out'] : []),
      ...(table.columns.some(({ name }) => leftOut('table', table.name, name))
        ? ['a column that was left out']
        : []),
      ...(compareBytes(key, boundKey(encodeKey([table.name]))) === 0 ? [] : ['the name of another table']),
    ];
    faults.forEach((what) => fault(table.name, what));
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

/** The tables of a snapshot that are not those of the before-state. */
export function tablesThatDiffer({ rehearsal, objects }: Evidence, snapshot: Link): Table[] {
  const [before, after] = [rehearsal.entry, snapshot].map(
    ({ digest }) => decodeKind('snapshot', objects.get(digest)).tables,
  );
  return [...driveSync(diffMaps(before!, after!), objects.get)].flatMap(({ after: row }) =>
    row ? [resultOf(readTable(row), objects.get)] : [],
  );
}
