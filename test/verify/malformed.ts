import { encode } from '../../src/objects/codec.ts';
import { decodeKind, type ObjectOf } from '../../src/objects/kinds.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { storeContent } from '../../src/objects/file.ts';
import { nodeLink, rawLink, type Link } from '../../src/objects/link.ts';
import type { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { MapBuilder } from '../../src/objects/merkle-map.ts';
import { boundKey, encodeKey, integerKey } from '../../src/objects/rows/key.ts';
import { MASKED } from '../../src/objects/rows/masked.ts';
import { multisetValue } from '../../src/objects/rows/multiset.ts';
import { encodeRecord } from '../../src/objects/rows/sqlite-record.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { sealFiles } from '../../src/packets/make-packet.ts';
import { putPacket } from '../../src/packets/store-packet.ts';
import { utf8 } from '../objects/support.ts';
import type { LinkClaim } from './claims.ts';

export type MapRow = [key: Uint8Array, row: Uint8Array | Link];
type Table = { -readonly [K in keyof ObjectOf<'table'>]: ObjectOf<'table'>[K] };
type Snapshot = { -readonly [K in keyof ObjectOf<'snapshot'>]: ObjectOf<'snapshot'>[K] };

const key = integerKey(1n);
const ada = encodeRecord([null, 'Ada']);

export function putMap(objects: MemoryObjects, rows: readonly MapRow[]): Link {
  const builder = new MapBuilder(objects);
  for (const [at, row] of rows) builder.addBounded(at, row);
  return builder.finish().root;
}

export function putTable(objects: MemoryObjects, rows: readonly MapRow[], change: Partial<Table> = {}): Link {
  return putObject(objects, {
    kind: 'table',
    v: 1,
    engine: 'sqlite',
    name: 'people',
    format: 'sqlite-record',
    columns: [
      { name: 'id', type: 'INTEGER' },
      { name: 'name', type: 'TEXT' },
    ],
    key: { type: 'declared', columns: ['id'] },
    masked: [],
    rows: rows.length,
    root: putMap(objects, rows),
    ...change,
  });
}

/** A state of one table with one row and a fact of each class; `tables` says what stands in its map of tables. */
export function putStateOf(
  objects: MemoryObjects,
  tables: readonly MapRow[],
  change: Partial<Snapshot> = {},
): Link {
  const fact = (...names: string[]): Link => putMap(objects, [[encodeKey(names), encode('x')]]);
  return putObject(objects, {
    kind: 'snapshot',
    v: 2,
    engine: 'sqlite',
    coverage: { list: 1, without: [] },
    facts: { database: fact('user_version'), schema: fact('table', 'people'), sequence: fact('people') },
    tables: putMap(objects, tables),
    ...change,
  });
}

/** A sound state that has nothing of the others: whoever compares it with one of them reads all of that. */
export function unlikeState(objects: MemoryObjects): Link {
  const none = putMap(objects, []);
  return putStateOf(objects, [], { facts: { database: none, schema: none, sequence: none } });
}

const people = encodeKey(['people']);
const withRows = (o: MemoryObjects, rows: readonly MapRow[], change: Partial<Table> = {}): Link =>
  putStateOf(o, [[people, putTable(o, rows, change)]]);
const sound = (o: MemoryObjects, change: Partial<Snapshot> = {}): Link =>
  putStateOf(o, [[people, putTable(o, [[key, ada]])]], change);
const facts = (o: MemoryObjects, of: string, rows: readonly MapRow[]): Link => {
  const { facts } = decodeKind('snapshot', o.get(sound(o).digest));
  return sound(o, { facts: { ...facts, [of]: putMap(o, rows) } });
};
const long = encodeRecord([null, 'x'.repeat(20_000)]);

/** A packet with one file more, whatever its name, under the seal that it then has. */
function packetWith(o: MemoryObjects, name: string): Link {
  const { tree, seal } = sealFiles(new Map([['a.txt', 'x']]), o);
  const { entries } = decodeKind('tree', o.get(tree.digest));
  const all = [...entries, { name, mode: 'file' as const, link: putBlob(o, utf8('x')) }];
  const builder = new TreeBuilder(o);
  for (const entry of all.sort((a, b) => Buffer.compare(Buffer.from(nameOf(a)), Buffer.from(nameOf(b)))))
    if ('name' in entry) builder.add(entry);
  return putPacket(o, { tree: builder.finish(), seal, macro: null, links: [] });
}
const nameOf = (entry: ObjectOf<'tree'>['entries'][number]): string =>
  'name' in entry ? entry.name : entry[0];

const OF_SNAPSHOTS: readonly [name: string, description: string, make: LinkClaim['make']][] = [
  ['row-garbage', 'a row is no record', (o) => withRows(o, [[key, Uint8Array.of(9, 9, 9)]])],
  [
    'row-noncanonical',
    'a row holds the integer 1 in a byte, not as serial type 9',
    (o) => withRows(o, [[key, Uint8Array.of(3, 1, 15, 1, 0x61)]]),
  ],
  [
    'row-columns',
    'a row has a value too many',
    (o) => withRows(o, [[key, encodeRecord([null, 'Ada', null])]]),
  ],
  [
    'row-key',
    'a row stands under the key of another',
    (o) => withRows(o, [[key, encodeRecord([2n, 'Ada'])]], { key: { type: 'declared', columns: ['id'] } }),
  ],
  [
    'row-long-key',
    'a row with NULL in its key stands under a long one that is not its own',
    (o) => withRows(o, [[encodeKey(['z'.repeat(1_000), 'Bob']), ada]], { key: KEY_OF_TWO }),
  ],
  [
    'row-cut-key',
    'the same under one that was cut',
    (o) => withRows(o, [[boundKey(encodeKey(['z'.repeat(2_000), 'Bob'])), ada]], { key: KEY_OF_TWO }),
  ],
  [
    'row-header',
    'a row has 126 values, and a header of 127 bytes that says 128',
    (o) => {
      const columns = Array.from({ length: 126 }, (_, i) => ({ name: `c${i}`, type: '' }));
      const row = Uint8Array.of(0x81, 0, ...Array<number>(126).fill(0));
      return withRows(o, [[key, row]], { columns, key: { type: 'rowid', columns: [] } });
    },
  ],
  [
    'row-hash',
    'a row of a multiset stands under the hash of another',
    (o) =>
      withRows(o, [[sha256Bytes(utf8('other')), multisetValue(ada, 1)]], {
        key: { type: 'multiset', columns: [] },
      }),
  ],
  [
    'row-masked',
    'a value is masked in a column that the table does not name',
    (o) => withRows(o, [[key, encodeRecord([null, MASKED])]]),
  ],
  [
    'row-masked-number',
    'the first of equal masked rows has the number 1',
    (o) =>
      withRows(
        o,
        [[encodeKey([null, sha256Bytes(encodeRecord([null, MASKED])), 1n]), encodeRecord([null, MASKED])]],
        { key: { type: 'declared', columns: ['name'] }, masked: ['name'] },
      ),
  ],
  [
    'row-short-out-of-line',
    'a short row is stored out of line',
    (o) => withRows(o, [[key, storeContent(o, ada)]]),
  ],
  [
    'row-long-garbage',
    'a row that is stored out of line is no record',
    (o) => withRows(o, [[key, storeContent(o, new Uint8Array(20_000))]]),
  ],
  [
    'row-file-garbage',
    'a row that is stored in chunks is no record',
    (o) => withRows(o, [[key, storeContent(o, new Uint8Array(1_100_000))]]),
  ],
  [
    'row-long-twice',
    'a row that is stored out of line stands under its own key, and under that of another',
    (o) => {
      const row = storeContent(o, encodeRecord([1n, 'x'.repeat(20_000)]));
      return withRows(o, [
        [key, row],
        [integerKey(2n), row],
      ]);
    },
  ],
  ['row-doc', 'a row is a document', (o) => withRows(o, [[key, putTable(o, [])]])],
  [
    'key-garbage',
    'the key of a hidden rowid is no integer',
    (o) => withRows(o, [[utf8('?'), ada]], { key: { type: 'rowid', columns: [] } }),
  ],
  ['table-columns', 'two columns of one name', (o) => withRows(o, [], { columns: twice('id') })],
  [
    'table-format',
    'a table in the format of another engine',
    (o) => withRows(o, [], { format: 'postgres-copy' }),
  ],
  [
    'table-engine',
    'a table of another engine',
    (o) => withRows(o, [], { engine: 'postgres', format: 'postgres-copy' }),
  ],
  ['table-key', 'a key of a column that is not there', (o) => withRows(o, [], { key: declared('gone') })],
  [
    'table-key-twice',
    'a key of one column twice',
    (o) => withRows(o, [], { key: { type: 'declared', columns: ['id', 'id'] } }),
  ],
  [
    'table-key-columns',
    'a key without columns',
    (o) => withRows(o, [], { key: { type: 'declared', columns: [] } }),
  ],
  ['table-masked', 'a masked column that is not there', (o) => withRows(o, [], { masked: ['gone'] })],
  [
    'table-masked-order',
    'masked columns in another order than the columns have',
    (o) => withRows(o, [], { masked: ['name', 'id'] }),
  ],
  ['table-name', 'a table under the name of another', (o) => withRows(o, [], { name: 'other' })],
  ['table-self', 'the rows of a table are a table', (o) => withRows(o, [], { root: putTable(o, []) })],
  ['tables-bytes', 'a table is bytes', (o) => putStateOf(o, [[people, utf8('x')]])],
  [
    'tables-raw',
    'a table is linked as bytes',
    (o) => putStateOf(o, [[people, rawLink(putTable(o, []).digest)]]),
  ],
  ['tables-snapshot', 'a table is a snapshot', (o) => putStateOf(o, [[people, sound(o)]])],
  ['tables-missing', 'the map of tables is not there', (o) => sound(o, { tables: ABSENT })],
  [
    'facts',
    'a class of facts is a snapshot',
    (o) => sound(o, { facts: { ...NO_FACTS(o), schema: sound(o) } }),
  ],
  ['fact-key', 'the key of a fact is no name', (o) => facts(o, 'sequence', [[key, encode('x')]])],
  [
    'fact-names',
    'the key of a schema object is one name',
    (o) => facts(o, 'schema', [[people, encode('x')]]),
  ],
  ['definition', 'a definition is a map', (o) => facts(o, 'sequence', [[people, encode({})]])],
  [
    'coverage-list',
    'a list of classes that there is not',
    (o) => sound(o, { coverage: { list: 0, without: [] } }),
  ],
  [
    'coverage-table',
    'a table that was left out is there',
    (o) => sound(o, { coverage: { list: 1, without: [out('table', 'people', null)] } }),
  ],
  [
    'coverage-column',
    'a column that was left out is there',
    (o) => sound(o, { coverage: { list: 1, without: [out('table', 'people', 'name')] } }),
  ],
  [
    'coverage-fact',
    'a fact that was left out is there',
    (o) => sound(o, { coverage: { list: 1, without: [out('sequence', 'people', null)] } }),
  ],
];

const KEY_OF_TWO: Table['key'] = { type: 'declared', columns: ['id', 'name'] };
const ABSENT = nodeLink(digestOf(utf8('gone')));
const NO_FACTS = (o: MemoryObjects): Snapshot['facts'] => {
  const none = putMap(o, []);
  return { database: none, schema: none, sequence: none };
};
const out = (kind: string, name: string, column: string | null) => ({ kind, name, column });
const declared = (name: string): Table['key'] => ({ type: 'declared', columns: [name] });
const twice = (name: string): Table['columns'] => [name, name].map((one) => ({ name: one, type: 'TEXT' }));

/** States of a database with one fault each (spec/FORMAT.md, "Checks of a reader"), and sound ones. */
export const MALFORMED_SNAPSHOTS: readonly LinkClaim[] = [
  { name: 'sound', description: 'nothing is wrong', codes: [], make: (o) => sound(o) },
  {
    name: 'sound-long-row',
    description: 'nothing is wrong',
    codes: [],
    make: (o) => withRows(o, [[key, storeContent(o, long)]]),
  },
  ...OF_SNAPSHOTS.map(([name, description, make]): LinkClaim => ({
    name,
    description,
    codes: [name === 'tables-missing' ? 'OBJECT_MISSING' : 'OBJECT_INVALID'],
    make,
  })),
];

/** Other kinds: what they say of what they link, and names that a packet cannot have. */
export const OTHER_CLAIMS: readonly LinkClaim[] = [
  {
    name: 'packet-name-control',
    description: 'a file of a packet has a control character in its name',
    codes: ['MANIFEST_CHANGED', 'NAME_CONTROL_CHARACTER', 'SEAL_MALFORMED', 'SEAL_UNEXPECTED'],
    make: (o) => packetWith(o, 'b\u001b[2J'),
  },
  {
    name: 'packet-name-collision',
    description: 'two files of a packet are one on other systems',
    codes: ['MANIFEST_CHANGED', 'NAME_COLLISION', 'SEAL_MALFORMED', 'SEAL_UNEXPECTED'],
    make: (o) => packetWith(o, 'A.txt'),
  },
  {
    name: 'policy-validator',
    description: 'a policy pins a snapshot as a validator',
    codes: ['OBJECT_INVALID'],
    make: (o) => policy(o, sound(o)),
  },
  {
    name: 'plan-surrogate',
    description: "a plan links a table as the script of its profile's surrogate",
    codes: ['OBJECT_INVALID'],
    make: (o) => planWith(o, putTable(o, [])),
  },
  {
    name: 'tree-file',
    description: 'a folder links a table as a file',
    codes: ['OBJECT_INVALID'],
    make: (o) => {
      const builder = new TreeBuilder(o);
      builder.add({ name: 'a.txt', mode: 'file', link: putTable(o, []) });
      return builder.finish();
    },
  },
  {
    name: 'policy-sound',
    description: 'nothing is wrong',
    codes: [],
    make: (o) => policy(o, validator(o)),
  },
];

function validator(objects: MemoryObjects): Link {
  return putObject(objects, {
    kind: 'validator',
    v: 2,
    name: 'v',
    file: putBlob(objects, utf8('x')),
    runner: 'interpreter',
    protocol: 'ask/1',
  });
}

function planWith(objects: MemoryObjects, surrogate: Link): Link {
  const content = putBlob(objects, utf8('x'));
  return putObject(objects, {
    kind: 'plan',
    v: 4,
    document: content,
    written: content,
    profile: { document: content, written: content, surrogate },
    executor: new Uint8Array(32),
    rollback: null,
  });
}

function policy(objects: MemoryObjects, pinned: Link): Link {
  return putObject(objects, {
    kind: 'policy',
    v: 2,
    previous: null,
    validators: [pinned],
    expected: [],
    isolation: [],
    roles: [],
    required: [],
  });
}
