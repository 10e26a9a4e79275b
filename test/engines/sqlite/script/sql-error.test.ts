import { expect, it } from 'vitest';
import { sqlError } from '../../../../src/engines/sqlite/script/sql-error.ts';

it.each([
  ['SQLITE_TOOBIG', 'DATABASE_UNSUPPORTED'],
  ['SQLITE_CORRUPT_VTAB', 'DATABASE_CORRUPT'],
  ['SQLITE_FULL', 'DISK_FULL'],
  ['SQLITE_CONSTRAINT_CHECK', 'SQL_FAILED'],
])('%s of better-sqlite3 is %s', (code, ours) => {
  const error = sqlError(Object.assign(new Error('x'), { code }), 'SQL_FAILED');
  expect(error.code).toBe(ours);
});
