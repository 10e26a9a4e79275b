import { CLASS_NAME, COVERAGE_LIST, FACT_CLASSES, type EngineName } from './classes.ts';
import { compareNames } from '../names.ts';
import type { Stored } from '../shapes/stored.ts';

type Looked = Pick<Stored<'snapshot'>, 'coverage' | 'facts'>;
type LeftOut = Looked['coverage']['without'][number];

/** What two snapshots did not look at alike, and what each says of it: `looked at`, `left out`, or the list's version. */
export interface Unlike {
  /** `list`, `class NAME`, or what was left out: `KIND NAME`, `KIND NAME column COLUMN`. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** Where two snapshots did not look at the same, by name. Where they did there is none. */
export function coverageChanges(a: Looked, b: Looked): Unlike[] {
  const [x, y] = [saysOf(a), saysOf(b)];
  return [...new Map([...x, ...y])]
    .sort(([p], [q]) => compareNames(p, q))
    .filter(([id]) => x.get(id) !== y.get(id))
    .map(([id, says]) => {
      const other = says === 'left out' ? 'looked at' : 'not looked at';
      const name = shown(JSON.parse(id) as string[]);
      return { name, before: x.get(id) ?? other, after: y.get(id) ?? other };
    });
}

function saysOf({ coverage, facts }: Looked): Map<string, string> {
  return new Map([
    [JSON.stringify(['list']), String(coverage.list)],
    ...Object.keys(facts).map((name): [string, string] => [JSON.stringify(['class', name]), 'looked at']),
    ...coverage.without.map((out): [string, string] => [idOf(out), 'left out']),
  ]);
}

function idOf({ kind, name, column }: LeftOut): string {
  return JSON.stringify([kind, name, ...(column === null ? [] : [column])]);
}

function shown([kind, name, column]: readonly (string | undefined)[]): string {
  return [kind, name, ...(column === undefined ? [] : ['column', column])].filter(Boolean).join(' ');
}

/**
 * Whether both snapshots looked at a fact or a table: neither left it out. A table of which only one of them left out
 * a column is not one that both looked at.
 */
export function bothLookedAt(a: Looked, b: Looked): (kind: string, name: string) => boolean {
  const [inA, inB] = [leftOutOf(a), leftOutOf(b)];
  const without = [...a.coverage.without, ...b.coverage.without]
    .filter(({ kind, name, column: c }) => c === null || inA(kind, name, c) !== inB(kind, name, c))
    .map((out) => ({ ...out, column: null }));
  const unlike = leftOutOf({ coverage: { list: 0, without } });
  return (kind, name) => !unlike(kind, name);
}

/** Whether a snapshot says that it left a fact, a table or a column of one out. */
export function leftOutOf({
  coverage,
}: Pick<Looked, 'coverage'>): (kind: string, name: string, column?: string) => boolean {
  const ids = new Set(coverage.without.map(idOf));
  return (kind, name, column) => ids.has(idOf({ kind, name, column: column ?? null }));
}

/** What a snapshot's coverage and its classes say of themselves that cannot be, in words. */
export function coverageFaults(snapshot: Looked & { readonly engine: EngineName }): string[] {
  const { list, without } = snapshot.coverage;
  const classes = Object.keys(snapshot.facts);
  const known = Object.keys(FACT_CLASSES[snapshot.engine]);
  const faults: string[] = [];
  if (list < COVERAGE_LIST) faults.push(`there is no version ${list} of the list of classes`);
  if (known.some((name) => !classes.includes(name))) faults.push('a class of facts is missing');
  if (list === COVERAGE_LIST && classes.some((name) => !known.includes(name)))
    faults.push('a class of facts that its list does not have');
  if (classes.some((name) => !CLASS_NAME.test(name))) faults.push('a class of facts without a name');
  without.forEach((out, i) => {
    if (out.kind !== 'table' && (out.column !== null || !classes.includes(out.kind)))
      faults.push(`nothing like this can be left out: ${shown(JSON.parse(idOf(out)) as string[])}`);
    if (i > 0 && compareLeftOut(without[i - 1]!, out) >= 0) faults.push('what was left out does not ascend');
  });
  return faults;
}

/** By kind, name and column; the whole before its columns. */
function compareLeftOut(a: LeftOut, b: LeftOut): number {
  const byColumn = (a.column === null ? 0 : 1) - (b.column === null ? 0 : 1);
  return (
    compareNames(a.kind, b.kind) ||
    compareNames(a.name, b.name) ||
    byColumn ||
    compareNames(a.column ?? '', b.column ?? '')
  );
}
