import { rowFaults, type RowFault, type RowShape } from './row.ts';
import { isCustodyError } from '../../errors.ts';
import { compareBytes } from '../codec.ts';
import { boundKey, encodeKey } from '../rows/key.ts';
import { decodeKeyText } from '../rows/key-text.ts';
import type { Stored } from '../shapes/stored.ts';
import { FACT_CLASSES } from '../snapshots/classes.ts';
import { leftOutOf } from '../snapshots/coverage.ts';
import { readDefinition } from '../snapshots/facts.ts';

/** What the entries of a Merkle map must be, for whoever links it. */
export interface MapRules {
  /** What else has the same rules has the same name: what was found sound by them is not looked at again. */
  readonly name: string;
  /** What is wrong with an entry. @throws CustodyError as decoding does. */
  readonly fault: RowFault;
}

/** Rows of a table. */
export function rowRules({ format, columns, key, masked }: RowShape): MapRules {
  const table = { format, columns, key, masked };
  return { name: JSON.stringify(table), fault: rowFaults(table) };
}

/** Facts of one class: a key of as many names as the class has, and a definition. */
export function factRules(snapshot: Stored<'snapshot'>, of: string): MapRules {
  const parts: Readonly<Record<string, number>> = FACT_CLASSES[snapshot.engine];
  const leftOut = leftOutOf(snapshot);
  const without = snapshot.coverage.without.filter(({ kind }) => kind === of);
  const keyFault = (key: Uint8Array): string | undefined => {
    const names = namesIn(key);
    if (names === undefined || (parts[of] ?? names.length) !== names.length)
      return 'a key that names nothing';
    return leftOut(of, names.join(' ')) ? 'a fact that was left out' : undefined;
  };
  return {
    name: JSON.stringify(['facts', parts[of] ?? null, without]),
    fault: (definition) => {
      readDefinition(definition);
      return keyFault;
    },
  };
}

/** What a snapshot says of a table that its map of tables links: the key is its name, the engine the same, nothing was left out. */
export function tableFault(
  snapshot: Stored<'snapshot'>,
  key: Uint8Array,
  { engine, name, columns }: Stored<'table'>,
): string | undefined {
  const leftOut = leftOutOf(snapshot);
  if (compareBytes(key, boundKey(encodeKey([name]))) !== 0) return 'a table under the name of another';
  if (engine !== snapshot.engine) return 'a table of another engine';
  if (leftOut('table', name)) return 'a table that was left out';
  return columns.some((column) => leftOut('table', name, column.name))
    ? 'a column that was left out'
    : undefined;
}

/** The names in a key; undefined where it is none of names. */
function namesIn(key: Uint8Array): readonly string[] | undefined {
  try {
    const names = decodeKeyText(key);
    return names.length > 0 ? names : undefined;
  } catch (error) {
    if (isCustodyError(error)) return undefined;
    throw error;
  }
}
