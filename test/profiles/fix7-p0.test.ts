import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readPlan } from '../../src/rehearsal/plan/plan.ts';
import { readScript } from '../../src/rehearsal/plan/read-script.ts';
import { guardFiles } from '../../src/rehearsal/plan/guarded-plan.ts';
import { openProfile } from '../../src/rehearsal/plan/profile-folder.ts';
import { profileFolder, readSurrogate } from '../../src/workflows/surrogate.ts';

const FOLDER = profileFolder('fix7-p0');
const profile = await openProfile(FOLDER);

/** Seed 001: the blockers, all seven still open. */
const BLOCKERS = [
  'FIX7-P0-PROD-BIRTH-SURFACE-1',
  'FIX7-P0-PROD-CI-SCOPE-1',
  'FIX7-P0-DRYRUN-PROD-ROLLBACK-1',
  'FIX7-P0-PLAN-REALRUN-1',
  'FIX7-P0-PLAN-SEPARATE-AUTH-1',
  'FIX7-P0-PROD-OPT4-1',
  'FIX7-P0-OPERATOR-INPUT-1',
];

describe('profiles/fix7-p0', () => {
  it('names thirteen forbidden surfaces', () => {
    expect(profile.surfaces.map(({ title }) => title)).toEqual([
      'production mutation',
      'production PostgreSQL contact',
      'Directus contact',
      'registry or system_issues write',
      'VPS or network contact',
      'REAL_RUN',
      'QT001/apply',
      'permit',
      'activation',
      'repoint',
      'cutover',
      'production CI/deploy trigger',
      'secrets change',
    ]);
  });

  it('probes the ten bad inputs of seed 002', () => {
    expect(profile.probes?.cases.map(({ id, command, expected }) => [id, command, expected])).toEqual([
      ['B1', 'rehearse', 'TARGET_PRODUCTION'],
      ['B2', 'rehearse', 'SURFACE_FORBIDDEN'],
      ['B3', 'rehearse', 'SURFACE_FORBIDDEN'],
      ['B4', 'rehearse', 'SURFACE_FORBIDDEN'],
      ['B5', 'rehearse', 'SURFACE_FORBIDDEN'],
      ['B6', 'rehearse', 'SURFACE_FORBIDDEN'],
      ['B7', 'verify', 'LEG_MISSING'],
      ['B8', 'verify', 'NO_REAL_CHANGE'],
      ['B9', 'verify', 'ISOLATION_UNPROVEN'],
      ['B10', 'rehearse', 'CLAIM_FORBIDDEN'],
    ]);
  });

  it('carries the seven blockers of seed 001, the CI question and the expected validator', () => {
    expect(profile.blockers?.map(({ id }) => id)).toEqual(BLOCKERS);
    expect(profile.blockers?.filter(({ status }) => !status.startsWith('OPEN'))).toEqual([]);
    expect(profile.ci?.id).toBe('FIX7-P0-PROD-CI-SCOPE-1');
    expect(profile.validator?.expected).toBe('e6547e69…956c47');
  });

  it('pins everything: node scripts/pin-profile.ts profiles/fix7-p0 writes the digests', async () => {
    const plan = await readPlan(join(FOLDER, 'plan.yaml'));
    expect(plan.profile?.sha256).toBe(profile.digest);
    expect(plan.source.sha256).toBe(profile.surrogate?.sha256);
    expect(plan.source).toMatchObject({ path: 'surrogate.sqlite' });
    const executor = await readScript(plan.executor);
    const rollback = await readScript(plan.rollback!);
    const { approval, legs } = plan.form;
    expect(legs).toEqual(['T', 'R', 'S']);
    expect(Buffer.from(approval!.executor).toString('hex')).toBe(executor.digest);
    expect(Buffer.from(approval!.rollback!).toString('hex')).toBe(rollback.digest);
    await expect(readSurrogate(profile)).resolves.toMatchObject({ sha256: profile.surrogate?.sha256 });
  });

  it('passes its own guard', async () => {
    const guarded = await guardFiles(await readPlan(join(FOLDER, 'plan.yaml')));
    expect(guarded.profile?.digest).toBe(profile.digest);
  });

  it('asks Tier-0, and that nothing is done or permitted', async () => {
    const { form } = await readPlan(join(FOLDER, 'plan.yaml'));
    const gates = profile.preflight!.map(({ name }) => name);
    expect(gates).toEqual(['Tier-0 db_target = directus', 'Tier-0 approvals >= 1']);
    expect(form.preflight.map(({ name }) => name)).toEqual(expect.arrayContaining(gates));
    expect(form.postconditions.filter(({ at }) => at === 'back').map(({ name }) => name)).toEqual([
      'done == 0',
      'permits empty',
      'ledger empty',
      'birth count before == after',
    ]);
  });

  it('describes its surrogate as seed 003 does', () => {
    const { spec, marker } = profile.surrogate!;
    expect(marker).toBe('GENERATED_SURROGATE_NOT_REAL_PRODUCTION_DUMP');
    expect(spec).toMatchObject({
      doc: 'fix7-p0-production-shaped-surrogate-spec',
      no_pii: true,
      no_secrets: true,
      production_contact: false,
    });
    const table = spec['table_C_surrogate'] as Record<string, unknown>[];
    expect(table.map(({ surface }) => surface)).toEqual(
      expect.arrayContaining([
        'birth_registry shape',
        'registry row expectations',
        'approval fields',
        'Directus-related expected fields',
        'system_issues-related expected fields',
        'required IDs / hashes / timestamps',
        'rollback fields / snapshot anchor',
      ]),
    );
    for (const row of table)
      expect(Object.keys(row).sort()).toEqual([
        'generated',
        'limitation',
        'modeled_as',
        'real_dump_needed',
        'safe_surrogate_possible',
        'surface',
      ]);
    expect(profile.surrogate?.expected).toEqual({
      deterministic_db_sha256: '5a6ad4634d3db3c8899cc66cd279880a9c2a7841e3e714a4d7fb7008dfbcf598',
      generator_sha256: 'fce4de7f97652c681de08c25c63636c32c4b7640fee9b8b4da3baebe504aa3f7',
    });
  });

  it('is YAML that any parser reads alike: every digest is text', () => {
    const { profile: pinned } = parse(readFileSync(join(FOLDER, 'plan.yaml'), 'utf8')) as {
      profile: { sha256: unknown };
    };
    expect(typeof pinned.sha256).toBe('string');
  });
});
