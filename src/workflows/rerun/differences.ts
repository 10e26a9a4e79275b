import type { Json } from '../../objects/json.ts';

/** One thing that came out otherwise. */
export interface Difference {
  /** The file of the packet, and a JSON pointer into it: `rehearsal.json/legs/0/after`. */
  readonly path: string;
  /** The leg, where it is about one. */
  readonly leg: string | null;
  /** What the item of a list is called by which the path leads: an assertion, a table; null where it has no name. */
  readonly name: string | null;
  /** A row, table, sequence or schema object that differs between the two states, as `custody diff` shows it. */
  readonly change: Json;
  /** The value that was recorded, and the one that came out; null where there is none. */
  readonly before: Json;
  readonly after: Json;
}

/** So many are listed; the rest is counted. */
export const MAX_DIFFERENCES = 1000;

/** Changes of row-changes.json that only one side has, or that say something else, matched by what they are about. */
export function* diffChanges(
  before: readonly Json[],
  after: readonly Json[],
): Generator<{ change: Json; before: Json | undefined; after: Json | undefined }> {
  const old = new Map(before.map((change) => [about(change), change]));
  const now = new Map(after.map((change) => [about(change), change]));
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const [a, b] = [old.get(key), now.get(key)];
    if (JSON.stringify(a) !== JSON.stringify(b))
      yield { change: JSON.parse(key) as Json, before: a, after: b };
  }
}

/** What a change is about: its part, table or name, and key. */
function about(change: Json): string {
  if (!isJsonMap(change)) return JSON.stringify(change);
  const { part, table, name, key } = change;
  return JSON.stringify({ part, table, name, key });
}

export function isJsonMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
