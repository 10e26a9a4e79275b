import { describe, expect, it } from 'vitest';
import { captureFile } from '../../src/engines/sqlite/index.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { counted, expectProven, expectRefused, digestOfData, rehearseReal, useLedger } from './support.ts';
import { data, lackingData } from '../support/lacking.ts';

const lackChinook = lackingData('chinook.sqlite');
const lackAgencyos = lackingData('agencyos.sqlite', 'agencyos-counts.txt');

const CHINOOK_SCRIPT = `BEGIN TRANSACTION;
INSERT INTO Artist (ArtistId, Name) VALUES (276, 'The Rehearsals');
INSERT INTO Album (AlbumId, Title, ArtistId) VALUES (348, 'Both Ways Back', 276), (349, 'Exact', 276);
COMMIT;
`;

const chinookPlan = (delta: string): string => `custody: plan/2
name: one artist, two albums
engine: sqlite
source: { file: ${JSON.stringify(data('chinook.sqlite'))}, kind: fixture }
executor: { file: insert.sql }
preflight:
  - { name: artist is new, sql: SELECT count(*) FROM Artist WHERE ArtistId = 276, expect: '== 0' }
delta: ${delta}
`;

describe.skipIf(lackChinook)(`chinook.sqlite${lackChinook}`, () => {
  const use = useLedger();

  it('an insert: accepted, both ways back exact, the same the second time, the source untouched', async () => {
    const digest = digestOfData('chinook.sqlite');
    const files = {
      'plan.yaml': chinookPlan('{ Artist: { inserted: 1 }, Album: { inserted: 2 } }'),
      'insert.sql': CHINOOK_SCRIPT,
    };
    const first = await rehearseReal(use.ledger, use.plan('once', files));
    await expectProven(use.ledger, first);
    expect(first.delta).toEqual([
      { table: 'Album', inserted: 2, updated: 0, deleted: 0 },
      { table: 'Artist', inserted: 1, updated: 0, deleted: 0 },
    ]);
    const second = await rehearseReal(use.ledger, use.plan('twice', files));
    expect([second.rehearsal, second.seal]).toEqual([first.rehearsal, first.seal]);
    expect(second.record).toBe(first.record + 1);
    expect(digestOfData('chinook.sqlite')).toBe(digest);
  });

  it('a delta that is not what happened: rejected, recorded', async () => {
    const plan = use.plan('wrong', {
      'plan.yaml': chinookPlan('{ Artist: { inserted: 1 }, Album: { inserted: 3 } }'),
      'insert.sql': CHINOOK_SCRIPT,
    });
    const { size } = await use.ledger.head();
    const result = await rehearseReal(use.ledger, plan);
    expect(result.accepted).toBe(false);
    // The trigger fires in leg T, and no other leg is run.
    expect(result.legs.map(({ trigger }) => trigger)).toEqual(['delta-differs']);
    expect(new Set(result.findings.map(({ code }) => code))).toEqual(
      new Set(['DELTA_UNEXPECTED', 'LEG_MISSING']),
    );
    expect((await use.ledger.head()).size).toBe(size + 1);
  });
});

describe.skipIf(lackAgencyos)(`agencyos.sqlite${lackAgencyos}`, () => {
  const use = useLedger();
  const script = `INSERT INTO categories (id, slug, title, sort, headline)
    VALUES ('c0000000-0000-4000-8000-000000000001', 'custody', 'Custody – Beweise', 9, NULL);
  INSERT INTO posts (id, title, status, category, date_created)
    VALUES ('d0000000-0000-4000-8000-000000000001', 'Births', 'draft', 'c0000000-0000-4000-8000-000000000001', unixepoch() * 1000 + abs(random() % 1000));`;
  const plan = (more: string): string => `custody: plan/2
name: a category with a post
engine: sqlite
source: { file: ${JSON.stringify(data('agencyos.sqlite'))}, kind: fixture, sha256: ${digestOfData('agencyos.sqlite')} }
executor: { file: insert.sql }
session: { foreign_keys: on }
preflight:
  - { name: an approved proposal, sql: "SELECT count(*) FROM os_proposal_approvals WHERE status = 'approved'", expect: '>= 1' }
delta: { categories: { inserted: 1 }, posts: { inserted: 1 } }
${more}`;
  const CLOCK =
    'clock: [{ table: posts, column: date_created, reason: the script writes the current time }]\n';

  it('has the rows that its maker counted', async () => {
    const { tables } = await captureFile(data('agencyos.sqlite'), new MemoryObjects());
    const rows = Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, table.rows]));
    // The counters of AUTOINCREMENT are sequences of the snapshot and no table.
    const { sqlite_sequence: sequences, ...expected } = counted('SQLite');
    expect(sequences).toBe(8);
    expect(Object.keys(expected).length).toBeGreaterThan(80);
    expect(rows).toEqual(expected);
  });

  it('an insert with a value from the clock, declared: accepted, both ways back exact, twice the same', async () => {
    const files = { 'plan.yaml': plan(CLOCK), 'insert.sql': script };
    const first = await rehearseReal(use.ledger, use.plan('once', files));
    await expectProven(use.ledger, first);
    const second = await rehearseReal(use.ledger, use.plan('twice', files));
    expect([second.rehearsal, second.seal]).toEqual([first.rehearsal, first.seal]);
  });

  it('the same, not declared: rejected, for the after-states of the legs differ', async () => {
    const result = await rehearseReal(
      use.ledger,
      use.plan('undeclared', { 'plan.yaml': plan(''), 'insert.sql': script }),
    );
    expect(result.accepted).toBe(false);
    expect(new Set(result.findings.map(({ code }) => code))).toEqual(new Set(['AFTER_STATES_DIFFER']));
    expect(result.legs.map(({ exact }) => exact)).toEqual([true, true]);
  });

  it('an executor that updates is refused, and nothing is recorded', async () => {
    const files = { 'plan.yaml': plan(''), 'insert.sql': `${script}\nUPDATE categories SET sort = 1;` };
    await expectRefused(use.ledger, use.plan('update', files), 'BOUNDARY_VIOLATED');
  });
});
