import { isDamage } from '../../errors.ts';
import { parseDigest, type Digest } from '../../objects/digest.ts';
import { toJson, type Json } from '../../objects/json.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import { nodeLink } from '../../objects/link.ts';
import { diffSnapshots } from '../../objects/snapshots/diff.ts';
import { driveAsync } from '../../objects/walk.ts';
import { showChange } from '../../objects/snapshots/shown-change.ts';
import { jsonChanges } from '../../objects/json-changes.ts';
import { diffChanges, isJsonMap, MAX_DIFFERENCES, type Difference } from './differences.ts';
import type { RerunSubject } from './subject.ts';

/** What the rerun made, in the forms that a packet has. */
export interface Again {
  readonly seal: Digest;
  readonly rehearsal: Json;
  readonly verdicts: ReadonlyMap<string, Json>;
  readonly changes: readonly Json[];
  readonly files: ReadonlyMap<string, Digest>;
  readonly ran: Json;
  /** Reads the rerun's objects, undefined where it has none of that id. */
  readonly find: (id: Digest) => Uint8Array | undefined;
}

export interface Comparison {
  readonly same: boolean;
  readonly differences: readonly Difference[];
  /** How many more there are. */
  readonly more: number;
  /** Files of the packets that differ, or that only one of them has. */
  readonly files: readonly string[];
  /** Where another program ran, or with other packages and libraries; null where nobody knows which ran for the subject. */
  readonly program: readonly Difference[] | null;
}

/** What of a `run` says which program ran, and with what. */
export function ranIn({ program, versions }: ObjectOf<'run'>): Json {
  const packages = Object.fromEntries(program.packages);
  return { program: { ...(toJson(program) as object), packages }, versions: Object.fromEntries(versions) };
}

/** Places of a rehearsal that hold a state of the database. */
const STATE = /^rehearsal\.json\/(?:entry|exit|image\/restored|legs\/\d+\/(?:start|after|back))$/;

/**
 * Compares a rehearsal with its rerun. Same is only what has the same seal: then all files are the same, and with them
 * every id that they name. Otherwise it says where: states row by row, where the subject's snapshots are at hand.
 */
export async function compareRerun(subject: RerunSubject, again: Again): Promise<Comparison> {
  const files = [...new Set([...subject.files.keys(), ...again.files.keys()])]
    .filter((path) => subject.files.get(path) !== again.files.get(path))
    .sort();
  const same = subject.seal === again.seal && files.length === 0;
  const differences: Difference[] = [];
  let more = 0;
  for await (const difference of same ? [] : differencesOf(subject, again)) {
    if (differences.length < MAX_DIFFERENCES) differences.push(difference);
    else more++;
  }
  const { ran } = subject;
  const program = ran === undefined ? null : jsonChanges(ran, again.ran, 'run').map((one) => difference(one));
  return { same, differences, more, files, program };
}

async function* differencesOf(subject: RerunSubject, again: Again): AsyncGenerator<Difference> {
  // The same two states are named at several places: their rows are listed at the first.
  const expanded = new Set<string>();
  for (const found of jsonChanges(subject.rehearsal, again.rehearsal, 'rehearsal.json')) {
    const { path, before, after } = found;
    // The id differs whenever anything does.
    if (path === 'rehearsal.json/id') continue;
    const leg = legOf(path, again.rehearsal) ?? legOf(path, subject.rehearsal) ?? null;
    yield difference(found, { leg, name: nameAt(path, subject.rehearsal) ?? nameAt(path, again.rehearsal) });
    const pair = JSON.stringify([before, after]);
    if (!STATE.test(path) || expanded.has(pair)) continue;
    for await (const change of statesOf(before, after, subject, again)) {
      expanded.add(pair);
      yield difference({ path }, { leg, change });
    }
  }
  if (expanded.size === 0) {
    for (const { change, before, after } of diffChanges(subject.changes, again.changes))
      yield difference({ path: 'row-changes.json/changes', before, after }, { change });
  }
  for (const name of new Set([...subject.verdicts.keys(), ...again.verdicts.keys()])) {
    const found = jsonChanges(subject.verdicts.get(name), again.verdicts.get(name), name);
    for (const one of found)
      if (one.path !== `${name}/id` && one.path !== `${name}/subject`) yield difference(one);
  }
}

function difference(
  { path, before, after }: { path: string; before?: Json | undefined; after?: Json | undefined },
  { leg, name, change }: { leg?: string | null; name?: string | undefined; change?: Json } = {},
): Difference {
  return {
    path,
    leg: leg ?? null,
    name: name ?? null,
    change: change ?? null,
    before: before ?? null,
    after: after ?? null,
  };
}

/** What differs between two states, row by row; nothing where one of them is not at hand. */
async function* statesOf(
  before: Json | undefined,
  after: Json | undefined,
  subject: RerunSubject,
  again: Again,
): AsyncGenerator<Json> {
  if (typeof before !== 'string' || typeof after !== 'string' || !subject.get) return;
  const { get } = subject;
  const either = async (id: Digest): Promise<Uint8Array> => again.find(id) ?? (await get(id));
  const walk = diffSnapshots(nodeLink(parseDigest(before)), nodeLink(parseDigest(after)));
  try {
    for await (const change of driveAsync(walk, either)) yield toJson(showChange(change));
  } catch (error) {
    // A damaged state is named by its id alone; verify says what is wrong with it.
    if (!isDamage(error)) throw error;
  }
}

function legOf(path: string, rehearsal: Json): string | undefined {
  const index = /^rehearsal\.json\/legs\/(\d+)/.exec(path)?.[1];
  if (index === undefined) return undefined;
  const legs = isJsonMap(rehearsal) ? rehearsal['legs'] : undefined;
  const leg = Array.isArray(legs) ? legs[Number(index)] : undefined;
  return isJsonMap(leg) && typeof leg['leg'] === 'string' ? leg['leg'] : undefined;
}

/** The name of the innermost item by which a path into a rehearsal leads. */
function nameAt(path: string, rehearsal: Json): string | undefined {
  let name: string | undefined;
  let at: Json | undefined = rehearsal;
  for (const key of path.split('/').slice(1)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return name;
    at = (at as { [key: string]: Json })[key];
    if (!isJsonMap(at)) continue;
    const own = [at['assertion'], at['table'], at['name']].find((word) => typeof word === 'string');
    name = own ?? name;
  }
  return name;
}
