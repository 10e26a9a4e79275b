import { finding, type Finding } from '../../finding.ts';
import type { Digest } from '../../objects/digest.ts';
import { decodeKind, type ObjectOf } from '../../objects/kinds.ts';
import type { Link } from '../../objects/link.ts';
import { diffMaps, rowBytes, walkMap, type MapEntry } from '../../objects/map-walk.ts';
import { coverageChanges } from '../../objects/snapshots/coverage.ts';
import { readTable, type Table } from '../../objects/snapshots/diff.ts';
import { factRules, tableFault } from '../../objects/sound/snapshot.ts';
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
 * What a snapshot says (spec/FORMAT.md, "Snapshots"): facts are definitions under names, nothing is there that was left
 * out, tables stand under their own names. Of the before-state each table is looked at, of the others what it does not
 * say: how lists are cut, and what is in those that do not differ, is level `objects`.
 */
export function checkSnapshot({ rehearsal, objects }: Evidence, path: string, link: Link): Finding[] {
  const read = attempt(path, () => decodeKind('snapshot', objects.get(link.digest), link.digest));
  if ('code' in read) return [read];
  const snapshot = read.value;
  const findings: Finding[] = [];
  const before = attempt('entry', () => decodeKind('snapshot', objects.get(rehearsal.entry.digest)));
  // Named where it is looked at itself.
  if ('code' in before) return findings;
  const known = link.equals(rehearsal.entry) ? undefined : before.value;
  // Of the before-state no other check asks for facts, but what was left out must not be there.
  if (known || snapshot.coverage.without.length > 0)
    for (const [of, map] of Object.entries(snapshot.facts)) {
      const { fault } = factRules(snapshot, of);
      checkEntries(of, newIn(known?.facts[of], map), ({ key, row }) => [
        of,
        fault(resultOf(rowBytes(row), objects.get))(key, null),
      ]);
    }
  checkEntries('tables', newIn(known?.tables, snapshot.tables), ({ key, row }) => {
    const table = resultOf(readTable(row), objects.get);
    return [table.name, tableFault(snapshot, key, table)];
  });
  return findings;

  /** The entries of a map that another one, where there is one, does not have. */
  function* newIn(known: Link | undefined, map: Link): Generator<MapEntry> {
    if (!known) yield* driveSync(walkMap(map), objects.get);
    else
      for (const { key, after } of driveSync(diffMaps(known, map), objects.get))
        if (after) yield { key, row: after };
  }

  function checkEntries(
    part: string,
    entries: Iterable<MapEntry>,
    check: (entry: MapEntry) => [where: string, fault: string | undefined],
  ): void {
    const noted = (work: () => void): void => {
      const done = attempt(`${path}/${part}`, work);
      if ('code' in done) findings.push(done);
    };
    noted(() => {
      for (const entry of entries)
        noted(() => {
          const [where, fault] = check(entry);
          if (fault !== undefined) findings.push(finding('EVIDENCE_MALFORMED', `${path}/${where}`, fault));
        });
    });
  }
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
