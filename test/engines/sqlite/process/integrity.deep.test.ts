import { describe, expect, it } from 'vitest';
import { captureFile } from '../../../../src/engines/sqlite/index.ts';
import { MemoryObjects } from '../../../../src/objects/memory-objects.ts';
import { capture, children, make, prepare, useTemp } from '../helpers.ts';
import { refuses } from '../../../support/refusals.ts';

/** Milliseconds. */
const SOON = 1_500;

const temp = useTemp();
let made = 0;
/** @param index what is written into the schema in the place of the index that was made. */
function database(index: string, ...more: string[]): string {
  const path = temp.file(`${made++}.db`);
  const edit = `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = '${index.replaceAll("'", "''")}' WHERE name = 'i'`;
  return make(
    path,
    `CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT CHECK (a <> 'never')); CREATE INDEX i ON t(length(a)); INSERT INTO t VALUES (1, '1')`,
    edit,
    ...more,
  );
}

/** What these compute takes hours: https://www.sqlite.org/expridx.html */
const EXPRESSION = 'CREATE INDEX i ON t(instr(hex(zeroblob(5000000)), hex(zeroblob(2500000)) || a))';
const PARTIAL = 'CREATE INDEX i ON t(a) WHERE instr/**/(hex(zeroblob(5000000)), hex(zeroblob(2500000)) || a)';

describe('an integrity check that computes without end', () => {
  it.each<[string, (path: string, signal: AbortSignal) => Promise<unknown>, string?]>([
    [
      'of a capture',
      (path: string, signal: AbortSignal) => captureFile(path, new MemoryObjects(), { signal }),
    ],
    ['of a source', (path: string, signal: AbortSignal) => prepare(path, { signal })],
    ['of a partial index', (path: string, signal: AbortSignal) => prepare(path, { signal }), PARTIAL],
  ])('%s ends with the signal, and its process with it', async (_what, work, index = EXPRESSION) => {
    const controller = new AbortController();
    const before = children();
    const ended = refuses(work(database(index), controller.signal), 'INTERRUPTED');
    setTimeout(() => controller.abort(), SOON);
    await ended;
    expect(children()).toEqual(before);
  });
});

describe('an integrity check in a process of its own', () => {
  it('passes what is sound, and gives the same snapshot', async () => {
    const path = database('CREATE INDEX i ON t(length(a))');
    const { snapshot } = await capture(path);
    expect((await capture(path)).snapshot.equals(snapshot)).toBe(true);
  });

  it.each([
    ['an index of expressions that has another value', 'CREATE INDEX i ON t(length(a) + 1)'],
    ['an index that cannot be read', 'CREATE INDEX i ON t(no_such_function(a))'],
  ])('finds %s', async (_what, index) => {
    await refuses(capture(database(index)), 'DATABASE_CORRUPT');
  });

  it('finds a partial index that lacks a row', async () => {
    const path = make(
      temp.file('partial.db'),
      'CREATE TABLE t(a); CREATE INDEX i ON t(a) WHERE a > 1; INSERT INTO t VALUES (1)',
      "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t(a) WHERE a > 0' WHERE name = 'i'",
    );
    await refuses(capture(path), 'DATABASE_CORRUPT');
  });

  it('does not ask whether a CHECK holds: that is state', async () => {
    const path = database('CREATE INDEX i ON t(length(a))');
    make(path, "PRAGMA ignore_check_constraints = 1; INSERT INTO t VALUES (2, 'never')");
    await capture(path);
  });
});
