import type { Engine } from '../engines/engine.ts';
import { dialectOf } from '../engines/restore/dialects.ts';
import type { Digest } from '../objects/digest.ts';
import type { Link } from '../objects/link.ts';
import type { Walk } from '../objects/walk.ts';
import { collectChanges } from './restore/collect.ts';
import { Temporaries } from './restore/detour.ts';
import { header } from './restore/header.ts';
import {
  RESTORE_IMAGE_HINT,
  unsupported,
  type Dialect,
  type RestoreStep,
  type TableInfo,
} from '../engines/restore/model.ts';
import { orderSteps } from './restore/order.ts';

export interface RestoreScript {
  readonly before: Digest;
  readonly after: Digest;
  readonly engine: Engine['name'];
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
 * A script that, run on B, brings the rows and counters that differ back to A (spec/REHEARSAL.md, "Restore scripts"). Pure: the same
 * two snapshots give the same bytes. Nothing has run it yet: it counts only after a rehearsal with it as leg S.
 *
 * A walk over the objects of both snapshots that yields no items: drive it with `resultOf` or `resultOfAsync`.
 * @throws CustodyError RESTORE_UNSUPPORTED, KIND_NOT_COMPARABLE, and what reading snapshots throws.
 */
export function* restoreScript<T = never>(before: Link, after: Link): Walk<T, RestoreScript> {
  const changes = yield* collectChanges<T>(before, after);
  const { engine } = changes.snapshot;
  const dialect = yield* dialectOf<T>(changes.snapshot);
  const infos = dialect.describe(changes.schema, changes.tables);
  const temporaries = new Temporaries(changes.tables, changes.rows, dialect);
  const { steps, circles } = yield* orderSteps<T>(changes.rows, infos, temporaries);
  const sequences = [...changes.sequences, ...(yield* dialect.moved<T>(changes, steps, infos))];
  const body = [...rowStatements(steps, infos, dialect), ...sequences.flatMap((s) => dialect.sequence(s))];
  const count = (kind: RestoreStep['kind']): number =>
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
    note: dialect.note,
    deferral: dialect.deferral,
    ...counts,
    detours,
    circles,
    fires,
  });
  const script = joined([...lines, 'BEGIN', ...body, 'COMMIT'], lines.length);
  return { before: before.digest, after: after.digest, engine, script, ...counts };
}

function rowStatements(
  steps: readonly RestoreStep[],
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

/** Comment lines as they are, every statement with its semicolon. @throws RESTORE_UNSUPPORTED above 64 MiB */
function joined(lines: readonly string[], comments: number): string {
  const size = lines.reduce((sum, line) => sum + line.length + 2, 0);
  if (size <= MAX_SCRIPT) {
    const text = lines.map((line, i) => (i < comments ? `${line}\n` : `${line};\n`)).join('');
    if (Buffer.byteLength(text) <= MAX_SCRIPT) return text;
  }
  throw unsupported('script', 'the script would be larger than 64 MiB', RESTORE_IMAGE_HINT);
}
