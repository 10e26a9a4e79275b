import { CustodyError, isCustodyError } from '../errors.ts';
import { decode, encode, type Value } from './codec.ts';
import { digestOf, type Digest } from './digest.ts';
import { Link, nodeLink } from './link.ts';
import * as s from './schema.ts';
import { LOG_SHAPES, LOG_VERSIONS } from './shapes/log.ts';
import { REHEARSAL_SHAPES } from './shapes/rehearsals.ts';
import { STORED_SHAPES } from './shapes/stored.ts';
import { checkAlone } from './sound/alone.ts';

/**
 * Every kind of structured object with its fields, in its only version (spec/FORMAT.md, "Objects", has the meaning of
 * each field). A field that is not named here does not exist; a change of meaning is a new version.
 */
const SHAPES = { ...STORED_SHAPES, ...REHEARSAL_SHAPES, ...LOG_SHAPES };

/** The version of a kind: 1 unless a kind is named here. */
const VERSIONS: Partial<Record<string, number>> = {
  ...LOG_VERSIONS,
  plan: 4,
  probes: 2,
  rehearsal: 2,
  snapshot: 2,
  tree: 2,
  validator: 2,
};

export type Kind = keyof typeof SHAPES;
/** A structured object of kind `K`, decoded. */
export type ObjectOf<K extends Kind> = ReturnType<(typeof SHAPES)[K]>;
export type AnyObject = { [K in Kind]: ObjectOf<K> }[Kind];
export const KINDS = /* @__PURE__ */ Object.keys(SHAPES) as Kind[];

/** An encoded object with its id. */
export interface Encoded {
  readonly link: Link;
  readonly bytes: Uint8Array;
}

/**
 * Encodes an object after checking its fields.
 * @throws CustodyError OBJECT_FIELD_INVALID, OBJECT_FIELD_UNKNOWN, OBJECT_NOT_CANONICAL, OBJECT_TOO_LARGE.
 */
export function encodeObject(object: AnyObject): Encoded {
  checkShape(object);
  const bytes = encode(object);
  return { link: nodeLink(digestOf(bytes)), bytes };
}

/**
 * Decodes strictly: canonical bytes, a known kind and version, exactly the kind's fields, and in them what the kind
 * says of an object alone (spec/FORMAT.md, "Checks of a reader"). So nobody reads an object that was not checked.
 * @throws CustodyError OBJECT_NOT_CANONICAL, OBJECT_TOO_LARGE, OBJECT_KIND_UNKNOWN,
 *   OBJECT_VERSION_UNKNOWN, OBJECT_FIELD_UNKNOWN, OBJECT_FIELD_INVALID, TREE_MALFORMED.
 */
export function decodeObject(bytes: Uint8Array): AnyObject {
  const object = checkShape(decode(bytes));
  checkAlone(object);
  return object;
}

/**
 * {@link decodeObject}, and the kind must be `kind`.
 * @throws also OBJECT_KIND_UNEXPECTED.
 */
export function decodeKind<K extends Kind>(kind: K, bytes: Uint8Array, id?: Digest): ObjectOf<K> {
  const object = decodeObject(bytes);
  if (object.kind !== kind) {
    throw new CustodyError(
      'OBJECT_KIND_UNEXPECTED',
      `expected a ${kind}, found a ${object.kind}`,
      id ? { path: id } : {},
    );
  }
  return object as ObjectOf<K>;
}

/** The version of a kind that this code writes and reads. */
export function versionOf(kind: Kind): number {
  return VERSIONS[kind] ?? 1;
}

function checkShape(value: Value): AnyObject {
  const kind = s.isMap(value) ? value['kind'] : undefined;
  if (!s.isMap(value) || typeof kind !== 'string') {
    throw new CustodyError('OBJECT_KIND_UNKNOWN', 'a structured object is a map with a kind');
  }
  if (!Object.hasOwn(SHAPES, kind)) {
    throw new CustodyError('OBJECT_KIND_UNKNOWN', `unknown kind ${JSON.stringify(kind)}`, {
      hint: 'Use a newer version of custody.',
    });
  }
  if (value['v'] !== versionOf(kind as Kind)) {
    throw new CustodyError('OBJECT_VERSION_UNKNOWN', `unknown version of ${kind}`, {
      hint: 'Use the version of custody that made it.',
    });
  }
  return SHAPES[kind as Kind](value, kind);
}

/**
 * Whether bytes that are named by their id alone, with no link that says what they are, are an object (of whatever kind
 * and version) and not a blob.
 */
export function isObject(bytes: Uint8Array): boolean {
  try {
    const value = decode(bytes);
    return s.isMap(value) && typeof value['kind'] === 'string' && typeof value['v'] === 'number';
  } catch (error) {
    if (isCustodyError(error)) return false;
    throw error;
  }
}

/** Every link in an object, in the order of its fields above: what a walker follows. */
export function linksOf(object: AnyObject): Link[] {
  const found: Link[] = [];
  const visit = (value: unknown): void => {
    if (value instanceof Link) found.push(value);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
      Object.values(value).forEach(visit);
  };
  visit(object);
  return found;
}

export { TRIGGERS, TRIGGER_CODES, type Trigger } from './shapes/fields.ts';
export { treeEntry } from './shapes/stored.ts';
