import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { cacheFolder } from './measure.ts';

/**
 * A table of `rows` rows in seven columns (an integer key, three texts, a real, an integer, a blob), about 87 bytes each;
 * the same bytes every time. Made once and kept.
 */
export function bigDatabase(rows: number): string {
  const path = join(cacheFolder(), `rows-${rows}.sqlite`);
  if (existsSync(path)) return path;
  const making = `${path}.${process.pid}`;
  {
    using db = new DatabaseSync(making);
    db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA user_version = 1;
      CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT, note TEXT, price REAL, amount INTEGER, data BLOB);
      BEGIN`);
    const insert = db.prepare('INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)');
    const kinds = ['draft', 'approved', 'archived', 'published'];
    const data = Buffer.alloc(16);
    let state = 42;
    const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
    for (let i = 1; i <= rows; i++) {
      const n = next();
      data.writeUInt32LE(n, 0);
      data.writeUInt32LE(next(), 8);
      const note = n % 5 === 0 ? null : `note ${n.toString(36)} of item ${i}`;
      insert.run(i, `item ${i} ${n.toString(16)}`, kinds[n & 3]!, note, n / 97, n % 100_000, data);
    }
    db.exec('COMMIT');
  }
  renameSync(making, path);
  return path;
}

/** Changes three rows far from each other: an update, a deletion, an insertion. */
export function changeThree(path: string, rows: number): void {
  using db = new DatabaseSync(path);
  db.exec(`UPDATE items SET note = 'changed' WHERE id = ${Math.floor(rows / 3)};
    DELETE FROM items WHERE id = ${Math.floor(rows / 2)};
    INSERT INTO items VALUES (${rows + 1}, 'new', NULL, NULL, 1.5, 7, x'00')`);
}
