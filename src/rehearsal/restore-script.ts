import { boundKey, encodeKey } from '../objects/rows/key.ts';
import type { Digest } from '../objects/digest.ts';
import type { Link } from '../objects/link.ts';
import { findRow, type Row } from '../objects/map-walk.ts';
import { definitionText, rowBytes } from '../objects/snapshots/diff.ts';
import { collect, type Walk } from '../objects/walk.ts';
import { collectChanges, columnOf, type Collected } from './restore/collect.ts';
import { Temporaries } from './restore/detour.ts';
import { header } from './restore/header.ts';
import {
  RESTORE_IMAGE_HINT,
  unsupported,
  type Dialect,
  type SequenceChange,
  type Step,
  type TableInfo,
} from './restore/model.ts';
import { orderSteps } from './restore/order.ts';
import { postgresDialect } from '../engines/postgres/restore/statements.ts';
import { sqliteDialect } from '../engines/sqlite/restore/statements.ts';
import type { TextEncoding } from '../engines/sqlite/restore/literal.ts';

export interface RestoreScript {
  readonly before: Digest;
  readonly after: Digest;
  readonly engine: 'sqlite' | 'postgres';
  /** UTF-8, from a header of comments to `COMMIT;`. */
  readonly script: string;
  /** What the script does, BEGIN and COMMIT not counted. Rows; a step that is a delete and an insert counts as both. */
  readonly statements: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly sequences: number;
}

/** Characters of a script: what a plan can name as one must stay below 64 MiB. */
const MAX_SCRIPT = 64 * 1_048_576;

/**
 * A script that, run on B, brings the rows and counters that differ back to A (SPEC.md, "Restore scripts"). Pure: the same
 * two snapshots give the same bytes. Nothing has run it yet: it counts only after a rehearsal with it as leg S.
 *
 * A walk over the objects of both snapshots that yields no items: drive it with `resultOf` or `resultOfAsync`.
 * @throws CustodyError RESTORE_UNSUPPORTED, KIND_NOT_COMPARABLE, and what reading snapshots throws.
 */
export function* restoreScript<T = never>(before: Link, after: Link): Walk<T, RestoreScript> {
  const changes = yield* collectChanges<T>(before, after);
  const { engine } = changes.snapshot;
  const dialect = engine === 'sqlite' ? sqliteDialect(encodingOf(changes)) : postgresDialect;
  const infos = dialect.describe(changes.schema, changes.tables);
  const temporaries = new Temporaries(changes.tables, changes.rows, dialect);
  const { steps, circles } = yield* orderSteps<T>(changes.rows, infos, temporaries);
  const sequences = [...changes.sequences, ...(yield* movedCounters<T>(changes, steps, infos))];
  const body = [...rowStatements(steps, infos, dialect), ...sequences.flatMap((s) => dialect.sequence(s))];
  const count = (kind: Step['kind']): number =>
    steps.reduce((sum, step) => sum + (step.kind === kind ? step.change.copies : 0), 0);
  const counts = {
    statements: body.length,
    inserted: count('insert'),
    updated: count('update'),
    deleted: count('delete'),
    sequences: sequences.length,
  };
  const fires = [...new Set(steps.flatMap(({ change }) => infos.get(change.table.name)?.fires ?? []))].sort();
  const parked = steps.flatMap(({ kind, change }) => (kind === 'park' ? [change.table.name] : []));
  const detours = [...new Set(parked)].sort();
  const lines = header({
    before: before.digest,
    after: after.digest,
    engine,
    ...counts,
    detours,
    circles,
    fires,
  });
  const script = joined([...lines, 'BEGIN', ...body, 'COMMIT'], lines.length);
  return { before: before.digest, after: after.digest, engine, script, ...counts };
}

function rowStatements(
  steps: readonly Step[],
  infos: ReadonlyMap<string, TableInfo>,
  dialect: Dialect,
): string[] {
  const statements: string[] = [];
  for (const step of steps) {
    const { name } = step.change.table;
    const info = infos.get(name);
    if (!info)
      throw unsupported(
        `table ${name}`,
        `the rows of ${name} are kept by the database itself (a view's, an index's, a large object's)`,
        RESTORE_IMAGE_HINT,
      );
    for (const statement of dialect.rows(step, info)) statements.push(statement);
  }
  return statements;
}

/**
 * SQLite: a counter may be the same in A and B and yet be moved by an INSERT of the script, of a row beyond it: then it is
 * put back as well.
 */
function* movedCounters<T>(
  { snapshot, sequences }: Collected,
  steps: readonly Step[],
  infos: ReadonlyMap<string, TableInfo>,
): Walk<T, SequenceChange[]> {
  const highest = new Map<string, bigint>();
  for (const { kind, change } of steps) {
    const { table, wanted } = change;
    if (kind !== 'insert' || infos.get(table.name)?.counted !== true) continue;
    // AUTOINCREMENT stands on an INTEGER PRIMARY KEY alone.
    const rowid = wanted?.[columnOf(table, table.key.columns[0] ?? '')];
    if (typeof rowid === 'bigint' && rowid > (highest.get(table.name) ?? 0n)) highest.set(table.name, rowid);
  }
  const moved: SequenceChange[] = [];
  for (const [name, rowid] of highest) {
    if (sequences.some((change) => change.name === name)) continue;
    const [row] = yield* collect<Row, T>(findRow(snapshot.sequences, boundKey(encodeKey([name]))));
    const wanted = row && definitionText(yield* rowBytes<T>(row));
    const seq = /^seq: (-?\d+)$/.exec(wanted ?? '')?.[1];
    if (seq === undefined || rowid > BigInt(seq)) moved.push({ name, wanted, found: wanted });
  }
  return moved;
}

function encodingOf({ snapshot }: Collected): TextEncoding {
  const encoding = snapshot.facts.find(([name]) => name === 'encoding')?.[1];
  return encoding === 'UTF-16le' || encoding === 'UTF-16be' ? encoding : 'UTF-8';
}

/** Comment lines as they are, every statement with its semicolon. @throws RESTORE_UNSUPPORTED above 64 MiB */
function joined(lines: readonly string[], comments: number): string {
  const size = lines.reduce((sum, line) => sum + line.length + 2, 0);
  if (size <= MAX_SCRIPT) {
    const text = lines.map((line, i) => (i < comments ? `${line}\n` : `${line};\n`)).join('');
    if (Buffer.byteLength(text) <= MAX_SCRIPT) return text;
  }
  throw unsupported('script', 'the script would be larger than 64 MiB', RESTORE_IMAGE_HINT);
}
