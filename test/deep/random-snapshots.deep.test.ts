import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { captureDatabase } from '../../src/engines/sqlite/capture/capture.ts';
import type { ObjectSink } from '../../src/objects/sink.ts';
import { useFolder } from './ledgers.ts';
import {
  buildRandom,
  describeState,
  Dice,
  insertOf,
  literal,
  randomDatabase,
  type RandomDatabase,
} from './random-database.ts';

const folder = useFolder();
const NOWHERE: ObjectSink = { put: () => undefined };
const SEEDS = Array.from({ length: 12 }, (_, i) => i * 1000 + 1);
const PER_SEED = 12;

async function snapshotOf(path: string): Promise<string> {
  return (await captureDatabase(path, NOWHERE)).snapshot.digest;
}

/** Snapshot to state, over all databases of this file: two states never share a snapshot, one state never has two. */
const stateOf = new Map<string, string>();
const snapshotOfState = new Map<string, string>();

async function check(path: string, database: RandomDatabase, where: string): Promise<string> {
  const snapshot = await snapshotOf(path);
  const state = describeState(path, database);
  expect(stateOf.get(snapshot) ?? state, `${where}: two states, one snapshot`).toBe(state);
  expect(snapshotOfState.get(state) ?? snapshot, `${where}: one state, two snapshots`).toBe(snapshot);
  stateOf.set(snapshot, state);
  snapshotOfState.set(state, snapshot);
  return snapshot;
}

describe.each(SEEDS)('random databases from seed %i', (first) => {
  it('the same rows in another order, after deletes, VACUUM, other pages: the same snapshot', async () => {
    for (let seed = first; seed < first + PER_SEED; seed++) {
      const database = randomDatabase(new Dice(seed));
      const dice = new Dice(seed + 500_000);
      // VACUUM gives hidden rowids new numbers (https://www.sqlite.org/lang_vacuum.html): they are state.
      const vacuum = database.tables.every(({ key }) => key !== 'hidden');
      const histories = [
        { order: 'as-is' },
        { order: 'shuffled' },
        { order: 'shuffled', pageSize: 512, churn: true },
        { order: 'as-is', pageSize: 65_536, vacuum, autoVacuum: 1 },
        { order: 'shuffled', journal: 'wal', churn: true, vacuum },
      ] as const;
      const snapshots = new Set<string>();
      for (const history of histories) {
        const path = buildRandom(folder.file(`${seed}.sqlite`), database, dice, history);
        snapshots.add(await check(path, database, `seed ${seed}, ${JSON.stringify(history)}`));
        rmSync(path);
      }
      expect(snapshots.size, `seed ${seed}`).toBe(1);
    }
  });

  it('any small change gives another snapshot', async () => {
    for (let seed = first; seed < first + PER_SEED; seed++) {
      const dice = new Dice(seed + 900_000);
      const database = randomDatabase(new Dice(seed));
      const path = buildRandom(folder.file(`${seed}.sqlite`), database, dice, { order: 'as-is' });
      const seen = [await check(path, database, `seed ${seed}`)];
      for (const change of changes(dice, database)) {
        if (!applied(path, change)) continue;
        // `check` compares it with every state seen so far; a change that changes nothing gives the same state.
        seen.push(await check(path, database, `seed ${seed}, ${change}`));
      }
      expect(new Set(seen).size, `seed ${seed}`).toBeGreaterThan(1);
      rmSync(path);
    }
  });
});

function changes(dice: Dice, { tables }: RandomDatabase): string[] {
  const statements = tables.flatMap((table) => {
    const row = table.rows[dice.roll(table.rows.length || 1)];
    const column = table.columns.at(-1)!;
    return [
      ...Array.from({ length: 4 }, () => `UPDATE ${table.name} SET ${column} = ${literal(dice)}`),
      ...(table.columns.length > table.keyColumns ? [`UPDATE ${table.name} SET ${column} = NULL`] : []),
      ...(row ? [`DELETE FROM ${table.name}`, insertOf(table, row)] : []),
      `ALTER TABLE ${table.name} ADD COLUMN added${dice.roll(3)} DEFAULT 5`,
    ];
  });
  return [
    ...statements,
    'PRAGMA user_version = 77777',
    'PRAGMA application_id = 5',
    'CREATE INDEX late ON sqlite_master (name)',
  ];
}

function applied(path: string, change: string): boolean {
  using db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  try {
    db.exec(change);
    return true;
  } catch {
    return false;
  }
}
