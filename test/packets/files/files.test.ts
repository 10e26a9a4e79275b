import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RehearseResult } from '../../../src/workflows/rehearse.ts';
import { PACKET_SCHEMAS, schemaFaults } from '../../cli/schemas.ts';
import { Made } from '../../workflows/rerun/made.ts';
import { STUB } from '../../workflows/rerun/stub-validator.ts';

describe('the packet of a rehearsal', () => {
  let made: Made;
  let result: RehearseResult;
  beforeAll(async () => {
    made = await Made.begin();
    result = await made.rehearse(made.plan('plan'), 'packet');
  }, 300_000);
  afterAll(() => made[Symbol.asyncDispose]());

  const at = (...names: string[]): string => made.path('packet', ...names);
  const text = (name: string): string => readFileSync(at(name), 'utf8');
  const json = (name: string): unknown => JSON.parse(text(name));
  const files = (): string[] =>
    readdirSync(at(), { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(at(name)).isFile())
      .sort();

  it('holds what a rehearsal without a profile gives, and nothing else', () => {
    expect(result.accepted).toBe(true);
    expect(files()).toEqual([
      'HASH_MANIFEST.txt',
      'README.md',
      'RERUN.sh',
      'clone-rollback-evidence.json',
      'commands.sh',
      'executor.sql',
      'hardened-validator-result.json',
      'packet_tree.sha256',
      'plan.json',
      'plan.yaml',
      'rehearsal-execution-evidence.json',
      'rehearsal-target-lock.json',
      'rehearsal.json',
      'rollback-recovery-proof.json',
      'rollback.sql',
      'row-changes.json',
      'scripts/plan-sql/change.sql',
      'scripts/plan-sql/insert.sql',
      'source/source',
      'templates/README.md',
      'templates/RERUN.sh',
      'templates/commands.sh',
      'validator.mjs',
      'verdict.json',
    ]);
    expect(execFileSync('sha256sum', ['-c', 'HASH_MANIFEST.txt'], { cwd: at() }).toString()).not.toContain(
      'FAILED',
    );
  });

  it('holds the bytes of plan, scripts, source and validator as they were', () => {
    const same: [string, string][] = [
      ['plan.yaml', 'plan.yaml'],
      ['source/source', 'app.sqlite'],
      ['scripts/plan-sql/change.sql', 'plan-sql/change.sql'],
      ['scripts/plan-sql/insert.sql', 'plan-sql/insert.sql'],
      ['rollback.sql', 'plan-sql/back.sql'],
    ];
    for (const [inside, outside] of same)
      expect(readFileSync(at(inside)).equals(readFileSync(made.path(outside))), inside).toBe(true);
    expect(text('validator.mjs')).toBe(STUB);
    expect(text('executor.sql')).toBe(`-- the change\n${text('scripts/plan-sql/insert.sql')}`);
  });

  it('has JSON files that their schemas admit, strictly', () => {
    const found = files().filter((name) => name.endsWith('.json'));
    expect(found).toHaveLength(9);
    for (const name of found) {
      const schema = name.replace(/(-\d+)?\.json$/, '');
      expect(schemaFaults(schema, json(name), PACKET_SCHEMAS), name).toEqual([]);
      const more = { ...(json(name) as object), more: 1 };
      expect(schemaFaults(schema, more, PACKET_SCHEMAS), `${name} with one key more`).not.toEqual([]);
      // What people write may leave keys out.
      if (name === 'plan.json') continue;
      for (const key of Object.keys(more).filter((one) => one !== 'more')) {
        const less = Object.fromEntries(Object.entries(json(name) as object).filter(([one]) => one !== key));
        expect(schemaFaults(schema, less, PACKET_SCHEMAS), `${name} without ${key}`).not.toEqual([]);
      }
    }
  });

  it('says what was proven', () => {
    expect(json('rollback-recovery-proof.json')).toMatchObject({
      accepted: true,
      entries: ['T', 'R', 'S'].map((leg) => ({ leg, real_change: true, restored_match: true })),
      executor: { unchanged: true },
      rollback: { unchanged: true },
      postconditions: [
        {
          unchanged: true,
          before: '2',
          legs: ['T', 'R', 'S'].map((leg) => ({ leg, actual: '2', ok: true })),
        },
        { expect: '== 3', legs: ['T', 'R', 'S'].map((leg) => ({ leg, actual: '3', ok: true })) },
      ],
    });
    expect(json('clone-rollback-evidence.json')).toMatchObject({
      entry_equals_exit: true,
      trigger: null,
      legs: ['T', 'R', 'S'].map((leg) => ({ leg, start_equals_entry: true, back_equals_entry: true })),
    });
    expect(json('rehearsal-target-lock.json')).toMatchObject({
      source: { kind: 'fixture', marker: 'A_FIXTURE', pinned: false },
      image: { verified: true },
    });
    expect(json('hardened-validator-result.json')).toMatchObject({
      accepted: true,
      validators: [{ name: 'stub', file: 'validator.mjs', accepted: true, findings: [] }],
    });
  });

  it('names neither this machine nor the time', () => {
    for (const name of files()) {
      expect(text(name), name).not.toContain(made.dir);
      expect(text(name), name).not.toContain(new Date().toISOString().slice(0, 10));
    }
  });

  it('has a README that tells the story', () => {
    const readme = text('README.md');
    for (const words of [
      '# Rehearsal accepted: one more post',
      '| S | apply, COMMIT, rollback script | committed | exact |',
      '| it is there | == 3 | while applied | 2 | 3 | 3 | 3 |',
      'Approval: none is pinned',
      '| T | BEGIN, apply, ROLLBACK | rolled-back | exact |',
      'Macro: TEST\\_MACRO',
      'sh RERUN.sh',
    ])
      expect(readme).toContain(words);
  });
});
