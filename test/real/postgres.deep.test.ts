import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { captureDump } from '../../src/engines/postgres/index.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { counted, expectProven, expectRefused, digestOfData, rehearseReal, useLedger } from './support.ts';
import { data, lackingData } from '../support/lacking.ts';

const APPROVAL = 'a0000000-0000-4000-8000-000000000001';
const OBJECT = 'posts:2026-02-birth-0006';
const PREFLIGHT = `preflight:
  - name: Tier-0 approval
    sql: SELECT count(*) FROM public.os_proposal_approvals WHERE id = '${APPROVAL}' AND status = 'approved'
    expect: '>= 1'
  - name: not born yet
    sql: SELECT count(*) FROM public.birth_registry WHERE object_id = '${OBJECT}'
    expect: '== 0'
`;

const planOf = (source: string, preflight: string): string => `custody: plan/2
name: one gated birth
engine: postgres
source: { file: ${JSON.stringify(source)}, kind: fixture }
executor: { file: birth.sql }
session: { lock_timeout: 5s }
${preflight}delta:
  public.birth_registry: { inserted: 1 }
  public.directus_objects: { inserted: 1 }
  public.system_issues: { inserted: 1 }
clock:
  - { table: public.birth_registry, column: created_at, reason: the function writes now() }
  - { table: public.birth_registry, column: updated_at, reason: the function writes now() }
  - { table: public.directus_objects, column: created_at, reason: the function writes now() }
  - { table: public.system_issues, column: opened_at, reason: the function writes now() }
timeLimit: 60
`;

const lackBirth = lackingData('agencyos.sql.gz', 'agencyos-counts.txt', 'birth.sql', 'birth-psql-script.sql');
const lackDump = lackingData('agencyos.sql.gz');

describe.skipIf(lackBirth)(`the birth of birth.sql on agencyos.sql.gz${lackBirth}`, () => {
  const use = useLedger();
  const source = data('agencyos.sql.gz');
  const read = (name: string): Uint8Array => readFileSync(data(name));

  /** The dump as it would be, had the owner not approved; everything else is byte for byte the same. */
  const unapproved = (): string => {
    const dump = gunzipSync(read('agencyos.sql.gz')).toString('utf8');
    const changed = dump.replace(`\n${APPROVAL}\tapproved\t`, `\n${APPROVAL}\tdraft\t`);
    expect(changed.length).toBe(dump.length - 3);
    return changed;
  };

  it('has the rows that its maker counted', async () => {
    const { tables } = await captureDump(source, new MemoryObjects());
    const rows = Object.entries(tables).map(([name, table]) => [name.replace(/^public\./, ''), table.rows]);
    expect(Object.fromEntries(rows)).toEqual(counted('PostgreSQL'));
  });

  it('accepted, both ways back exact, twice the same rehearsal and seal, the dump untouched', async () => {
    const digest = digestOfData('agencyos.sql.gz');
    const files = { 'plan.yaml': planOf(source, PREFLIGHT), 'birth.sql': read('birth.sql') };
    const first = await rehearseReal(use.ledger, use.plan('once', files));
    await expectProven(use.ledger, first);
    expect(first.delta).toEqual(
      ['birth_registry', 'directus_objects', 'system_issues'].map((table) => ({
        table: `public.${table}`,
        inserted: 1,
        updated: 0,
        deleted: 0,
      })),
    );
    const second = await rehearseReal(use.ledger, use.plan('twice', files));
    expect([second.rehearsal, second.seal]).toEqual([first.rehearsal, first.seal]);
    expect(second.run).not.toBe(first.run);
    expect(digestOfData('agencyos.sql.gz')).toBe(digest);
  });

  it('without an approved row, the preflight refuses it: no leg is run, and that is recorded', async () => {
    const plan = use.plan('refused', {
      'plan.yaml': planOf('unapproved.sql', PREFLIGHT),
      'unapproved.sql': unapproved(),
      'birth.sql': read('birth.sql'),
    });
    const { size } = await use.ledger.head();
    const result = await rehearseReal(use.ledger, plan);
    expect(result).toMatchObject({ accepted: false, trigger: 'preflight-failed', legs: [], record: size });
    expect(result.findings.find(({ code }) => code === 'PREFLIGHT_FAILED')?.detail).toContain(
      'Tier-0 approval',
    );
  });

  it('without an approved row and without a preflight, the database refuses it: rejected, recorded', async () => {
    const plan = use.plan('rejected', {
      'plan.yaml': planOf('unapproved.sql', ''),
      'unapproved.sql': unapproved(),
      'birth.sql': read('birth.sql'),
    });
    const { size } = await use.ledger.head();
    const result = await rehearseReal(use.ledger, plan);
    expect(result.accepted).toBe(false);
    expect(result.findings.map(({ code }) => code)).toContain('SQL_FAILED');
    expect(result.findings.find(({ code }) => code === 'SQL_FAILED')?.detail).toContain(
      'no approved approval row',
    );
    expect(result.record).toBe(size);
    expect((await use.ledger.head()).size).toBe(size + 1);
  });

  it('the psql script is refused by the name of its command, and nothing is recorded', async () => {
    const files = { 'plan.yaml': planOf(source, PREFLIGHT), 'birth.sql': read('birth-psql-script.sql') };
    expect(await expectRefused(use.ledger, use.plan('psql', files), 'SQL_SYNTAX')).toMatch(/\\(set|if)/);
  });
});

describe.skipIf(lackDump)(`an insert that moves a sequence${lackDump}`, () => {
  const use = useLedger();
  const script = `INSERT INTO public.directus_presets (bookmark, collection) VALUES ('custody', 'posts');\n`;
  const plan = (more: string): string => `custody: plan/2
name: one preset
engine: postgres
source: { file: ${JSON.stringify(data('agencyos.sql.gz'))}, kind: fixture }
executor: { file: birth.sql }
delta: { public.directus_presets: { inserted: 1 } }
${more}`;

  it('ROLLBACK does not undo nextval: rejected, unless the plan says that it may', async () => {
    const rejected = await rehearseReal(
      use.ledger,
      use.plan('no', { 'plan.yaml': plan(''), 'birth.sql': script }),
    );
    expect(rejected.accepted).toBe(false);
    expect(rejected.findings.map(({ code, path }) => [code, path.split('/').slice(0, 2).join('/')])).toEqual([
      ['ROLLBACK_NOT_EXACT', 'legs/T'],
    ]);
    const bounded =
      'bounded: [{ effect: sequence, name: public.directus_presets_id_seq, reason: nextval is never rolled back }]\n';
    const accepted = await rehearseReal(
      use.ledger,
      use.plan('yes', { 'plan.yaml': plan(bounded), 'birth.sql': script }),
    );
    expect(accepted.findings).toEqual([]);
    expect(accepted.accepted).toBe(true);
    expect(accepted.legs.find(({ leg }) => leg === 'R')?.exact).toBe(true);
  });
});
