import { forge, type Forgery } from './forge.ts';

/** One fault a pack. The files in test/vectors/pack are this list. */
export interface PackFault {
  readonly name: string;
  readonly description: string;
  readonly pack: Buffer;
  /** What opening says, when its tables are believed. */
  readonly open: 'none' | 'PACK_CORRUPT';
  /** What each object's `get` says, in ascending order of the digests the entries claim. */
  readonly get: readonly ('none' | 'OBJECT_CORRUPT' | 'PACK_CORRUPT' | 'OBJECT_MISSING')[];
  /** Codes that scrub finds, sorted, each once. The file has its right name: only this fault is there. */
  readonly scrub: readonly string[];
}

export const fault = (
  name: string,
  description: string,
  open: PackFault['open'],
  get: PackFault['get'],
  scrub: readonly string[],
  change: (forgery: Forgery) => void,
): PackFault => ({ name, description, pack: forge(change), open, get, scrub });

export const both = <T>(code: T): readonly [T, T] => [code, code];

/** What opening, `get` and scrub say, for the sorts of faults that are common. */
type Told = readonly [PackFault['open'], PackFault['get'], PackFault['scrub']];
/** In the tables: opening looks at them, reading by a right place does not. */
export const TABLES: Told = ['PACK_CORRUPT', both('none'), ['PACK_DAMAGED']];
/** In the entry of the first object. */
export const ENTRY: Told = ['PACK_CORRUPT', ['OBJECT_MISSING', 'none'], ['OBJECT_DAMAGED', 'PACK_DAMAGED']];
/** In the row of the one block. */
export const BLOCK: Told = ['PACK_CORRUPT', both('PACK_CORRUPT'), ['OBJECT_DAMAGED', 'PACK_DAMAGED']];
/** In the compressed bytes of a block with one object. */
export const FRAME: Told = ['none', ['PACK_CORRUPT'], ['OBJECT_DAMAGED', 'PACK_DAMAGED']];
