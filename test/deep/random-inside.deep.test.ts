import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { SqliteConnection } from '../../src/engines/sqlite/process/connection.ts';
import { byFile, byImage, byParts } from '../engines/sqlite/inside.ts';
import { useFolder } from './ledgers.ts';
import {
  buildRandom,
  Dice,
  literal,
  moreInserts,
  randomDatabase,
  type RandomDatabase,
} from './random-database.ts';

const folder = useFolder();
const SEEDS = Array.from({ length: 8 }, (_, i) => i * 1000 + 7);
const PER_SEED = 25;

/** Changes of every sort; some fail, and leave the transaction with what came before them. */
function changes(dice: Dice, database: RandomDatabase): string[] {
  const { tables } = database;
  return dice.shuffle([
    ...moreInserts(dice, database),
    ...tables.flatMap(({ name, columns }) => [
      `UPDATE OR IGNORE ${name} SET ${columns.at(-1)!} = ${literal(dice)} WHERE length(quote(${columns[0]!})) % 2`,
      `DELETE FROM ${name} WHERE length(quote(${dice.pick(columns)})) % ${2 + dice.roll(4)} = 0`,
    ]),
  ]);
}

describe.each(SEEDS)('random databases from seed %i', (first) => {
  it('inside a transaction, by parts and by image, and committed: the same snapshot', async () => {
    for (let seed = first; seed < first + PER_SEED; seed++) {
      const dice = new Dice(seed + 300_000);
      const database = randomDatabase(new Dice(seed), { maxRows: dice.chance(20) ? 900 : 60 });
      const history = {
        order: 'shuffled',
        pageSize: dice.pick([512, 4096]),
        journal: dice.pick(['delete', 'wal']),
      } as const;
      const path = buildRandom(folder.file(`${seed}.sqlite`), database, dice, history);
      const connection = new SqliteConnection(path, [['cache_size', dice.pick(['10', '-2000'])]]);
      connection.begin();
      const names = [...database.tables.map(({ plainName }) => plainName), 'log0', 'log1', 'log2', 'log3'];
      const boundary = { insert: names, update: names, delete: names, counters: false };
      let applied = 0;
      for (const change of changes(dice, database)) {
        try {
          connection.apply(change, boundary);
          applied++;
        } catch (error) {
          if (!(error instanceof CustodyError) || error.code !== 'SQL_FAILED') throw error;
        }
      }
      expect(applied, `seed ${seed}`).toBeGreaterThan(0);
      const inside = await byParts(connection);
      expect(await byImage(connection, folder.file('image.sqlite')), `seed ${seed}`).toBe(inside);
      expect(await byParts(connection), `seed ${seed}, once more`).toBe(inside);
      connection.commit();
      connection.close();
      expect(await byFile(path), `seed ${seed}, committed`).toBe(inside);
      rmSync(path);
    }
  });
});
