import type { Value, ValueMap } from '../../../src/objects/codec.ts';
import { digestOf } from '../../../src/objects/digest.ts';
import { Link, nodeLink, rawLink } from '../../../src/objects/link.ts';

/** One value instead of another, and what was done. */
export type Change = readonly [how: string, value: Value];

/** What else may stand in a field of a few words. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  engine: ['sqlite', 'postgres'],
  leg: ['T', 'R', 'S'],
  ended: ['rolled-back', 'committed', 'aborted', 'failed'],
  trigger: ['executor-changed', 'preflight-failed', 'before-diverged', 'delta-differs', 'false-done'],
  action: ['update', 'delete'],
  at: ['applied', 'back'],
  mode: ['file', 'exec', 'symlink'],
  runner: ['node-permission', 'interpreter'],
  type: ['declared', 'rowid', 'multiset'],
  format: ['sqlite-record', 'postgres-copy'],
  kind: ['surrogate', 'fixture', 'real-dump', 'snapshot', 'table'],
  custody: ['plan/1', 'plan/2'],
  legs: ['T', 'R', 'S'],
};

const INVENTED = digestOf(Uint8Array.of(1, 2, 3, 4));

/**
 * Everything that is tried in the place of one value: nothing, another type, something near, something that is right
 * elsewhere.
 * @param field its name.
 * @param others links and hashes that are in the evidence.
 */
export function changesOf(value: Value, field: string, others: readonly Value[]): Change[] {
  const changes: Change[] = [
    ...(value === null ? [] : ([['null', null]] as Change[])),
    ...otherTypes(value),
    ...near(value),
    ...(WORDS[field] ?? []).filter((word) => word !== value).map((word): Change => [`is ${word}`, word]),
    ...others
      .filter((other) => !same(other, value))
      .map((other, i): Change => [`other ${other instanceof Link ? 'link' : 'hash'} ${i}`, other]),
  ];
  return changes;
}

function otherTypes(value: Value): Change[] {
  const types: Change[] = [
    ['a text', 'text'],
    ['a number', 7],
    ['true', true],
    ['bytes', Uint8Array.of(1)],
    ['a list', []],
    ['a map', {}],
  ];
  const is = kindOf(value);
  return types.filter(([, other]) => kindOf(other) !== is);
}

function near(value: Value): Change[] {
  if (typeof value === 'number')
    return [
      ['one more', value + 1],
      ['one less', value - 1],
      ['huge', Number.MAX_SAFE_INTEGER],
      ['as text', String(value)],
    ];
  if (typeof value === 'boolean') return [['flipped', !value]];
  if (typeof value === 'string')
    return [
      ['longer', `${value}x`],
      ['empty', ''],
      ['with a space', `${value} `],
      ...(/^-?[0-9]+$/.test(value)
        ? ([
            ['one more', String(BigInt(value) + 1n)],
            ['one less', String(BigInt(value) - 1n)],
            ['as a number', Number(value)],
          ] as Change[])
        : []),
    ].filter(([, text]) => text !== value) as Change[];
  if (value instanceof Uint8Array) return nearBytes(value);
  if (value instanceof Link)
    return [
      ['invented', value.codec === 'raw' ? rawLink(INVENTED) : nodeLink(INVENTED)],
      ['other codec', value.codec === 'raw' ? nodeLink(value.digest) : rawLink(value.digest)],
      ['its digest as text', value.digest],
    ];
  return [];
}

export function nearBytes(bytes: Uint8Array): Change[] {
  const flipped = (at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  return [
    ...(bytes.length > 0
      ? ([
          ['first bit flipped', flipped(0)],
          ['last bit flipped', flipped(bytes.length - 1)],
          ['cut', bytes.slice(0, -1)],
          ['empty', new Uint8Array()],
        ] as Change[])
      : []),
    ['one byte more', Uint8Array.from([...bytes, 0])],
  ];
}

/** Lists: without, twice, in another order. Only places that are looked at: see {@link sampled}. */
export function listChanges(list: readonly Value[]): Change[] {
  const at = sampled(list.length);
  return [
    ...at.map((i): Change => [`without ${i}`, list.toSpliced(i, 1)]),
    ...at.map((i): Change => [`${i} twice`, list.toSpliced(i, 0, list[i]!)]),
    ...at
      .filter((i) => i + 1 < list.length && !same(list[i]!, list[i + 1]!))
      .map((i): Change => [`${i} and ${i + 1} swapped`, list.toSpliced(i, 2, list[i + 1]!, list[i]!)]),
  ];
}

export function mapChanges(map: ValueMap): Change[] {
  return [
    ...Object.keys(map).map((name): Change => [
      `without ${name}`,
      Object.fromEntries(Object.entries(map).filter(([other]) => other !== name)),
    ]),
    ['with a field more', { ...map, more: 1 }],
  ];
}

/** Of a long list the beginning, the middle and the end. */
export function sampled(length: number): number[] {
  if (length <= 16) return Array.from({ length }, (_, i) => i);
  return [0, 1, length >> 1, length - 1];
}

function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Link) return 'link';
  return typeof value;
}

export function same(a: Value, b: Value): boolean {
  if (a instanceof Link && b instanceof Link) return a.equals(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}
