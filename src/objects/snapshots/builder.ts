import type { Digest } from '../digest.ts';
import { COVERAGE_LIST, type EngineName, type FACT_CLASSES } from './classes.ts';
import { encodeDefinition, type Definition, type Pairs } from './facts.ts';
import { encodeKey } from '../rows/key.ts';
import type { Link } from '../link.ts';
import { MapBuilder } from '../merkle-map.ts';
import { splitMultisetValue } from '../rows/multiset.ts';
import { putObject, type ObjectSink } from '../sink.ts';

export interface TableSpec {
  /** The name that plans and diffs use: `posts` (SQLite), `public.posts` (PostgreSQL). */
  readonly name: string;
  readonly format: 'sqlite-record' | 'postgres-copy';
  /** In the order of declaration: the order is state. `type` is the declared type as the engine prints it. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly key: { readonly type: 'declared' | 'rowid' | 'multiset'; readonly columns: readonly string[] };
  /** Columns in which some values are masked; empty for what an engine captures. */
  readonly masked?: readonly string[];
}

export interface TableResult {
  /** Rows of the table; the `table` object's `rows` counts the entries of its map, so equal rows of a multiset once. */
  readonly rows: number;
  readonly root: Digest;
}

type FactClass = keyof (typeof FACT_CLASSES)[EngineName];

/**
 * Collects one database state and writes its objects: one `table` and its Merkle map for each table, a map for each
 * class of facts, and the `snapshot` that links them (spec/FORMAT.md, "Snapshots").
 * Tables, schema objects, sequences and facts may come in any order.
 */
export class SnapshotBuilder {
  readonly #sink: ObjectSink;
  readonly #engine: EngineName;
  readonly #facts: Record<FactClass, [Uint8Array, Uint8Array][]> = { database: [], schema: [], sequence: [] };
  readonly #tables: { name: string; link: Link; result: TableResult }[] = [];

  constructor(sink: ObjectSink, engine: EngineName) {
    this.#sink = sink;
    this.#engine = engine;
  }

  /** An exact fact of the whole database: `user_version`, `encoding`, … */
  fact(name: string, value: string): void {
    this.#add('database', [name], value);
  }

  /** One schema object: type (`table`, `index`, `trigger`, `function`, …), its full name, and what defines it. */
  schema(type: string, name: string, definition: Pairs): void {
    this.#add('schema', [type, name], definition);
  }

  /** One sequence: exact, unless a plan declares it bounded. */
  sequence(name: string, values: Pairs): void {
    this.#add('sequence', [name], values);
  }

  #add(of: FactClass, name: readonly string[], definition: Definition): void {
    this.#facts[of].push([encodeKey(name), encodeDefinition(definition)]);
  }

  /** Opens a table; add its rows in ascending order of `boundKey(key)`, then close it. */
  table(spec: TableSpec): TableBuilder {
    const map = new MapBuilder(this.#sink);
    // Rows of a multiset that are equal are one entry with a count.
    const multiset = spec.key.type === 'multiset';
    let rows = 0;
    return {
      add: (key, row) => {
        map.add(key, row);
        rows += multiset ? (splitMultisetValue(row)?.count ?? 1) : 1;
      },
      close: () => {
        const { root, count } = map.finish();
        const link = putObject(this.#sink, {
          kind: 'table',
          v: 1,
          engine: this.#engine,
          name: spec.name,
          format: spec.format,
          columns: spec.columns.map(({ name, type }) => ({ name, type })),
          key: { type: spec.key.type, columns: [...spec.key.columns] },
          masked: [...(spec.masked ?? [])],
          rows: count,
          root,
        });
        const result = { rows, root: root.digest };
        this.#tables.push({ name: spec.name, link, result });
        return result;
      },
    };
  }

  finish(): { snapshot: Link; rows: number; tables: Record<string, TableResult> } {
    const snapshot = putObject(this.#sink, {
      kind: 'snapshot',
      v: 2,
      engine: this.#engine,
      coverage: { list: COVERAGE_LIST, without: [] },
      facts: Object.fromEntries(
        Object.entries(this.#facts).map(([name, entries]) => [name, this.#map(entries)]),
      ),
      tables: this.#map(this.#tables.map(({ name, link }) => [encodeKey([name]), link])),
    });
    let rows = 0;
    this.#tables.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { result } of this.#tables) rows += result.rows;
    // Not by assignment: a table may be called `__proto__`.
    const tables = Object.fromEntries(this.#tables.map(({ name, result }) => [name, result]));
    return { snapshot, rows, tables };
  }

  #map(entries: [Uint8Array, Uint8Array | Link][]): Link {
    const map = new MapBuilder(this.#sink);
    for (const [key, value] of entries.sort(([a], [b]) => Buffer.compare(a, b))) map.add(key, value);
    return map.finish().root;
  }
}

export interface TableBuilder {
  /** @throws CustodyError TREE_MALFORMED when keys do not ascend or one comes twice. */
  add(key: Uint8Array, row: Uint8Array): void;
  close(): TableResult;
}
