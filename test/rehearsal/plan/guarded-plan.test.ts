import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/objects/digest.ts';

import { readPlan } from '../../../src/rehearsal/plan/plan.ts';
import { guardFiles } from '../../../src/rehearsal/plan/guarded-plan.ts';
import { makeTestFolder } from '../../support/folder.ts';

describe('what a plan names, opened under guard', () => {
  let folder: string;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const profile = (paths: string): string =>
    `custody: profile/2\nname: t\nproduction: { hosts: [], urls: [], paths: [${paths}], databases: [] }\n` +
    'surfaces: [{ id: van, title: van, how: { words: [van] }, explanation: e }]\nclaims: { subjects: [], verdicts: [] }\n';
  const pin = (paths: string): string =>
    `profile: { file: profile.yaml, sha256: '${digestOf(Buffer.from(profile(paths)))}' }`;
  const write = (paths = '/srv/none'): void => {
    file('profile.yaml', profile(paths));
    file('plan.yaml', plan(pin(paths)));
  };
  const plan = (...more: string[]): string =>
    [
      'custody: plan/2',
      'name: n',
      'engine: sqlite',
      'source: { file: a.sqlite, kind: fixture }',
      'executor: { file: a.sql }',
      'delta: { t: { inserted: 1 } }',
      ...more,
      '',
    ].join('\n');
  const open = async (): Promise<{ codes: string[]; opened: boolean }> => {
    const codes: string[] = [];
    const planned = await readPlan(join(folder, 'plan.yaml'));
    const { scripts } = await guardFiles(planned, ({ code }) => void codes.push(code));
    // Who collects nothing is stopped by the first.
    if (codes.length > 0) await expect(guardFiles(planned)).rejects.toMatchObject({ code: codes[0] });
    return { codes, opened: scripts !== undefined };
  };
  beforeEach(() => {
    folder = makeTestFolder('guarded');
    file('a.sql', 'INSERT INTO t VALUES (1);');
  });

  it('gives profile and scripts, and does not look at the source', async () => {
    write();
    const { profile: rules, scripts } = await guardFiles(await readPlan(join(folder, 'plan.yaml')));
    expect(rules?.name).toBe('t');
    expect(scripts.executor.digest).toBe(digestOf(Buffer.from('INSERT INTO t VALUES (1);')));
    expect(scripts.rollback).toBeUndefined();
  });

  it('needs no profile', async () => {
    file('plan.yaml', plan());
    expect(await open()).toEqual({ codes: [], opened: true });
    file('plan.yaml', plan().replace('a.sqlite', 'postgres://h/d'));
    expect(await open()).toEqual({ codes: ['TARGET_PRODUCTION'], opened: false });
  });

  it('fetches no profile from anywhere', async () => {
    file('plan.yaml', plan(`profile: { file: 'https://x.invalid/p', sha256: '${'0'.repeat(64)}' }`));
    expect(await open()).toEqual({ codes: ['TARGET_PRODUCTION'], opened: false });
  });

  it('follows symlinks before it opens anything', async () => {
    mkdirSync(join(folder, 'live'));
    file('live/real.sqlite', '');
    symlinkSync(join(folder, 'live/real.sqlite'), join(folder, 'a.sqlite'));
    write(join(folder, 'live'));
    expect(await open()).toEqual({ codes: ['TARGET_PRODUCTION'], opened: false });
  });

  it('says where the source is: the engine opens nothing else', async () => {
    write();
    mkdirSync(join(folder, 'copies'));
    const real = realpathSync(file('copies/real.sqlite', ''));
    const { source: missing } = await guardFiles(await readPlan(join(folder, 'plan.yaml')));
    expect(missing).toBe(join(folder, 'a.sqlite'));
    symlinkSync(real, join(folder, 'a.sqlite'));
    const { source } = await guardFiles(await readPlan(join(folder, 'plan.yaml')));
    expect(source).toBe(real);
  });

  it('refuses what cannot be followed: it might lead anywhere', async () => {
    write();
    symlinkSync('a.sqlite', join(folder, 'a.sqlite'));
    await expect(open()).rejects.toMatchObject({ code: 'IO_FAILED' });
  });

  it('reads no script where the target was refused', async () => {
    write(folder);
    rmSync(join(folder, 'a.sql'));
    const { codes, opened } = await open();
    expect(new Set(codes)).toEqual(new Set(['TARGET_PRODUCTION']));
    expect(opened).toBe(false);
  });

  it('reads every script, includes too', async () => {
    write();
    file('a.sql', '\\i b.sql\n');
    const b = 'SELECT van;\n';
    file('b.sql', b);
    const text = plan(pin('/srv/none')).replace(
      'a.sql }',
      `a.sql, includes: [{ file: b.sql, sha256: '${digestOf(Buffer.from(b))}' }] }`,
    );
    file('plan.yaml', text);
    expect(await open()).toEqual({ codes: ['SURFACE_FORBIDDEN'], opened: true });
  });

  it('reads what runs, too: a string opens in one file and closes in the next', async () => {
    write();
    file('a.sql', "\\i b.sql\n-- ' van\n");
    const b = "SELECT '\n";
    file('b.sql', b);
    const pinned = `a.sql, includes: [{ file: b.sql, sha256: '${digestOf(Buffer.from(b))}' }] }`;
    file('plan.yaml', plan(pin('/srv/none')).replace('a.sql }', pinned));
    expect(await open()).toEqual({ codes: ['SURFACE_FORBIDDEN'], opened: true });
  });
});
