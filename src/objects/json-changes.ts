import type { Json } from './json.ts';

export interface JsonChange {
  /** JSON pointer (RFC 6901); the whole document is ''. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly before?: Json;
  readonly after?: Json;
}

/** Differences between two JSON values, in order of the first one's keys. Lists are compared place by place. */
export function jsonChanges(a: Json | undefined, b: Json | undefined, path = ''): JsonChange[] {
  if (a === undefined && b === undefined) return [];
  if (a === undefined) return [{ path, change: 'added', after: b! }];
  if (b === undefined) return [{ path, change: 'removed', before: a }];
  const [x, y] = [members(a), members(b)];
  if (!x || !y || Array.isArray(a) !== Array.isArray(b))
    return Object.is(a, b) ? [] : [{ path, change: 'changed', before: a, after: b }];
  const keys = new Set([...x.keys(), ...y.keys()]);
  return [...keys].flatMap((key) =>
    jsonChanges(x.get(key), y.get(key), `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

function members(value: Json): Map<string, Json> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map(Array.isArray(value) ? value.map((item, i) => [String(i), item]) : Object.entries(value));
}
