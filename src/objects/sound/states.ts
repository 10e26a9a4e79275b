import { CustodyError } from '../../errors.ts';
import { equalBytes } from '../codec.ts';
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

/** A row whose content is a `file`: what that claims is added up before any of it is read. */
export interface LongRow {
  readonly content: Link;
  /** Reads it and checks the row. @throws CustodyError as {@link StatesCheck.table} does. */
  readonly check: () => Walk<never>;
}

interface Known {
  readonly lists: DigestTable;
  readonly content: Map<Digest, readonly Uint8Array[]>;
}

/**
 * Whole snapshots and tables: every list of their Merkle maps, every entry (spec/FORMAT.md, "Checks of a reader"). One
 * object for all that one command looks at: what was found sound by the same rules is not looked at again, so states
 * that share lists cost what differs.
 */
export class StatesCheck {
  /** By the name of the rules: lists below which all is sound, and content with keys that it stood under. */
  readonly #known = new Map<string, Known>();
  /** Met and not checked yet: whoever takes them out checks them. */
  readonly longRows: LongRow[] = [];

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
    const known: Known = this.#known.get(rules.name) ?? { lists: new DigestTable(), content: new Map() };
    this.#known.set(rules.name, known);
    const { longRows } = this;
    const check = (list: Digest, key: Uint8Array, row: Uint8Array, before: KeyBefore): void => {
      const fault = rules.fault(key, row, before);
      if (fault !== undefined)
        throw new CustodyError('ROW_MALFORMED', `${list}: ${fault}`, {
          path: list,
          hint: 'It was not written by custody.',
        });
    };
    yield* this.#entries(root, count, known.lists, function* (list, key, row, before) {
      if (row instanceof Uint8Array) {
        check(list, key, row, before);
        return;
      }
      const [met, other] = known.content.get(row.digest) ?? [];
      const alike = met !== undefined && rules.alike(met, key);
      // Under one key it may stand because that is its own; under two that are alike, it may under any such.
      if (alike && (other !== undefined || equalBytes(met, key))) return;
      if (row.codec === 'raw') {
        const content = yield* need<never>(row.digest);
        if (content.length <= MAX_INLINE_ROW) malformedList(list, 'a short row that is stored out of line');
        check(list, key, content, before);
      } else {
        longRows.push({
          content: row,
          check: function* () {
            const [content] = yield* collect<Uint8Array, never>(readWhole(row));
            check(list, key, content!, before);
          },
        });
      }
      known.content.set(row.digest, alike ? [met, key] : [key]);
    });
  }

  *#entries(
    root: Link,
    count: number | undefined,
    known: DigestTable | undefined,
    check: (list: Digest, key: Uint8Array, row: Row, before: KeyBefore) => Walk<never>,
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
            yield* check(id, key, row, last);
            // What stands before its first row may be another one now.
            if (again) return;
            last = key;
          }
        },
      },
    );
  }
}
