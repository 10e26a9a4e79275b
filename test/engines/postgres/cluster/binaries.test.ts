import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serverAccount } from '../../../../src/engines/postgres/cluster/account.ts';
import { findBinaries } from '../../../../src/engines/postgres/cluster/binaries.ts';
import { INSTALLATIONS, filesFolder } from '../support.ts';
import { refuses } from '../../../support/refusals.ts';

describe('finding the server', () => {
  const folder = filesFolder();
  const nowhere = { folders: () => [], packaged: () => undefined };
  const [installed] = INSTALLATIONS;

  /** A folder with programs that print this version, or end with an error. */
  function fake(name: string, initdb: string, postgres: string): string {
    mkdirSync(join(folder.path, name));
    for (const [program, version] of [
      ['initdb', initdb],
      ['postgres', postgres],
    ] as const) {
      const says = version === '' ? 'exit 1' : `echo "${program} (PostgreSQL) ${version}"`;
      const line = version === 'never' ? 'exec sleep 60' : says;
      chmodSync(folder.file(join(name, program), `#!/bin/sh\n${line}\n`), 0o755);
    }
    return join(folder.path, name);
  }

  it('finds none', async () => {
    await refuses(findBinaries({ env: {}, ...nowhere }), 'POSTGRES_NOT_FOUND');
  });

  it('does not look elsewhere when PGBIN holds none', async () => {
    const packaged = (): string => installed?.folder ?? '';
    await refuses(findBinaries({ env: { PGBIN: folder.path }, ...nowhere, packaged }), 'POSTGRES_NOT_FOUND');
  });

  it('looks in PGBIN, the PATH, the usual folders, the package, in this order', async () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name, i) => fake(name, `${20 + i}.1`, `${20 + i}.1`)) as [
      string,
      string,
      string,
      string,
    ];
    const all = { env: { PGBIN: a, PATH: `/nowhere:${b}` }, folders: () => [c], packaged: () => d };
    expect(await findBinaries(all)).toEqual({ folder: a, version: '20.1', major: 20 });
    expect((await findBinaries({ ...all, env: { PATH: b } })).folder).toBe(b);
    expect((await findBinaries({ ...all, env: {} })).folder).toBe(c);
    expect((await findBinaries({ ...nowhere, packaged: () => d, env: {} })).folder).toBe(d);
  });

  it.each([
    ['a wrapper that does not work', '', ''],
    ['two versions in one folder', '16.1', '17.1'],
    ['a version that is too old', '14.9', '14.9'],
  ])('passes over %s', async (name, initdb, postgres) => {
    const bad = fake(name, initdb, postgres);
    const good = fake(`${name} good`, '18.1', '18.1');
    expect((await findBinaries({ env: { PATH: `${bad}:${good}` }, ...nowhere })).folder).toBe(good);
  });

  it.each([
    ['never', '18.1'],
    ['18.1', 'never'],
  ])('tells one that does not answer (%s, %s) from none', async (initdb, postgres) => {
    const slow = fake(`slow ${initdb}`, initdb, postgres);
    const search = { ...nowhere, patience: 500 };
    await refuses(findBinaries({ ...search, env: { PGBIN: slow } }), 'POSTGRES_FAILED');
    await refuses(findBinaries({ ...search, env: { PATH: slow } }), 'POSTGRES_FAILED');
    const good = fake(`good beside ${initdb}`, '18.1', '18.1');
    const found = await findBinaries({ ...nowhere, patience: 2_000, env: { PATH: `${slow}:${good}` } });
    expect(found.folder).toBe(good);
  });

  it('finds what is installed here', async () => {
    expect((await findBinaries()).major).toBeGreaterThanOrEqual(15);
  });
});

describe('the account of the server', () => {
  const folder = filesFolder();

  it('is ours unless we are root', () => {
    expect(serverAccount(1000)).toBeUndefined();
  });

  it('is postgres or nobody for root', () => {
    const passwd = folder.file('passwd', 'root:x:0:0::/:/bin/sh\npostgres:x:101:104:P:/:/bin/sh\n');
    expect(serverAccount(0, passwd)).toEqual({ uid: 101, gid: 104 });
    expect(serverAccount(0, folder.file('none', 'root:x:0:0::/:/bin/sh\n'))).toEqual({
      uid: 65534,
      gid: 65534,
    });
    expect(serverAccount(0, join(folder.path, 'missing'))).toEqual({ uid: 65534, gid: 65534 });
  });
});
