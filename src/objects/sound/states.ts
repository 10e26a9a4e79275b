import { CustodyError } from '../../errors.ts';
import { DigestTable } from '../digest-table.ts';
import type { Digest } from '../digest.ts';
import { readWhole } from '../file.ts';
import { decodeKind, type ObjectOf } from '../kinds.ts';
import { Link } from '../link.ts';
import type { Row } from '../map-walk.ts';
import { collect, need, type Walk } from '../walk.ts';
import { malformedList, walkLists, type KeyBefore } from './list-walk.ts';
import { MAX_INLINE_ROW } from './lists.ts';
import { factRules, rowRules, tableFault, type MapRules } from './snapshot.ts';

/** Rows, or facts, with one content that lies out of line: it is read once, under however many keys it stands. */
export interface OutOfLine {
  readonly content: Link;
  /** Reads it and checks them. @throws CustodyError as {@link StatesCheck.table} does. */
  readonly check: () => Walk<never>;
}

interface Entry {
  readonly list: Digest;
  readonly key: Uint8Array;
  readonly before: KeyBefore;
}

/**
 * Whole snapshots and tables: every list of their Merkle maps, every entry (spec/FORMAT.md, "Checks of a reader"). One
 * object for all that one command looks at: what was found sound by the same rules is not looked at again, so states
 * that share lists cost what differs.
 */
export class StatesCheck {
  /** By the name of the rules: lists below which all is sound. */
  readonly #known = new Map<string, DigestTable>();
  /** By the name of the rules and the content. */
  readonly #outOfLine = new Map<string, OutOfLine & { readonly entries: Entry[] }>();

  /** What was met out of line and not checked yet: whoever takes it checks it. What files claim is added up before. */
  takeOutOfLine(): OutOfLine[] {
    const met = [...this.#outOfLine.values()];
    this.#outOfLine.clear();
    return met;
  }

  /** @throws CustodyError TREE_MALFORMED, ROW_MALFORMED, OBJECT_KIND_UNEXPECTED and what decoding throws. */
  *table(table: ObjectOf<'table'>): Walk<never> {
    yield* this.#map(table.root, table.rows, rowRules(table));
  }

  /** Facts of one class. @throws as {@link StatesCheck.table}. */
  *facts(snapshot: ObjectOf<'snapshot'>, of: string): Walk<never> {
    yield* this.#map(snapshot.facts[of]!, undefined, factRules(snapshot, of));
  }

  /** The map of tables, not what is in them. @throws as {@link StatesCheck.table}. */
  *tables(snapshot: ObjectOf<'snapshot'>): Walk<never> {
    yield* this.#entries(snapshot.tables, undefined, undefined, function* (list, key, row) {
      if (!(row instanceof Link)) malformedList(list, 'a table that is not linked');
      const table = decodeKind('table', yield* need<never>(row.digest), row.digest);
      const fault =
        row.codec === 'raw' ? 'a table that is linked as bytes' : tableFault(snapshot, key, table);
      if (fault !== undefined) malformedList(list, fault);
    });
  }

  *#map(root: Link, count: number | undefined, rules: MapRules): Walk<never> {
    const known = this.#known.get(rules.name) ?? new DigestTable();
    this.#known.set(rules.name, known);
    const later = (content: Link): Entry[] => {
      const name = `${rules.name} ${content.digest}`;
      const met = this.#outOfLine.get(name) ?? outOfLine(content, rules);
      this.#outOfLine.set(name, met);
      return met.entries;
    };
    yield* this.#entries(root, count, known, (list, key, row, before) => {
      if (row instanceof Uint8Array) requireNone(list, rules.fault(row)(key, before));
      else later(row).push({ list, key, before });
      return undefined;
    });
  }

  *#entries(
    root: Link,
    count: number | undefined,
    known: DigestTable | undefined,
    check: (list: Digest, key: Uint8Array, row: Row, before: KeyBefore) => Walk<never> | undefined,
  ): Walk<never> {
    yield* walkLists<never>(
      ['rows', 'node'],
      root,
      { count },
      {
        cut: true,
        ...(known && { known }),
        *leaf(list, id, { before, again }) {
          if (list.kind !== 'rows') return;
          let last = before;
          for (const [key, row] of list.entries) {
            const more = check(id, key, row, last);
            if (more) yield* more;
            // What stands before its first row may be another one now.
            if (again) return;
            last = key;
          }
        },
      },
    );
  }
}

function outOfLine(content: Link, { fault }: MapRules): OutOfLine & { readonly entries: Entry[] } {
  const entries: Entry[] = [];
  return {
    content,
    entries,
    check: function* () {
      const [bytes] = yield* collect<Uint8Array, never>(readWhole(content));
      if (bytes!.length <= MAX_INLINE_ROW)
        malformedList(entries[0]!.list, 'a short row that is stored out of line');
      const faultOf = fault(bytes!);
      for (const { list, key, before } of entries) requireNone(list, faultOf(key, before));
    },
  };
}

function requireNone(list: Digest, fault: string | undefined): void {
  if (fault !== undefined)
    throw new CustodyError('ROW_MALFORMED', `${list}: ${fault}`, {
      path: list,
      hint: 'It was not written by custody.',
    });
}
