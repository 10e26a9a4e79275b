import { CustodyError } from '../../errors.ts';
import { MAX_BLOB } from '../cutting/chunker.ts';
import type { Stored, STORED_SHAPES } from '../shapes/stored.ts';
import { coverageFaults } from '../snapshots/coverage.ts';
import { listFault } from './lists.ts';

type StoredObject = { [K in keyof typeof STORED_SHAPES]: Stored<K> }[keyof typeof STORED_SHAPES];

/**
 * What can be said of an object without any other, beyond its fields (spec/FORMAT.md, "Checks of a reader").
 * @throws CustodyError TREE_MALFORMED of lists and files, OBJECT_FIELD_INVALID of others.
 */
export function checkAlone(object: StoredObject | { readonly kind: unknown }): void {
  const { kind } = object as StoredObject;
  const fault = faultOf(object as StoredObject);
  if (fault === undefined) return;
  if (kind === 'table' || kind === 'snapshot')
    throw new CustodyError('OBJECT_FIELD_INVALID', `a ${kind} with ${fault}`, { path: kind });
  throw new CustodyError('TREE_MALFORMED', `${kind}: ${fault}`);
}

function faultOf(object: StoredObject): string | undefined {
  switch (object.kind) {
    case 'rows':
    case 'node':
    case 'tree':
    case 'chunks':
      return listFault(object);
    case 'file':
      // What is no longer is stored as a blob.
      return object.size <= MAX_BLOB ? `content of ${object.size} bytes, which is a blob` : undefined;
    case 'table':
      return tableFieldsFault(object);
    case 'snapshot':
      return coverageFaults(object)[0];
    default:
      return undefined;
  }
}

/** The format of an engine's rows. */
const FORMATS = { sqlite: 'sqlite-record', postgres: 'postgres-copy' } as const;

function tableFieldsFault({ engine, format, columns, key, masked }: Stored<'table'>): string | undefined {
  const names = columns.map(({ name }) => name);
  const known = new Set(names);
  if (format !== FORMATS[engine]) return 'rows in the format of another engine';
  if (known.size !== names.length) return 'two columns of one name';
  if (new Set(key.columns).size !== key.columns.length || key.columns.some((name) => !known.has(name)))
    return 'a key of columns that are not there';
  if ((key.type === 'declared') !== key.columns.length > 0)
    return 'a key without columns, or columns without a key';
  const named = new Set(masked);
  const inOrder = names.filter((name) => named.has(name));
  return inOrder.length !== masked.length || inOrder.some((name, i) => name !== masked[i])
    ? 'masked columns that are not there, or not in their order'
    : undefined;
}
