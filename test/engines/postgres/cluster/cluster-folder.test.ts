import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../../../src/engines/postgres/cluster/cluster-folder.ts';
import { OWNER_FILE } from '../../../../src/system/temporary-folder.ts';
import { ENDED } from '../../../support/killed.ts';
import { filesFolder, useTemporaryFolder } from '../support.ts';
import { lacking } from '../../../support/lacking.ts';

const lack = lacking('Linux');

describe.skipIf(lack)(`a folder for a cluster${lack}`, () => {
  const files = filesFolder();
  useTemporaryFolder(files.path);

  /** A folder that a process left which has ended. */
  function left(name: string): string {
    const folder = join(files.path, `custody-pg-${name}`);
    mkdirSync(join(folder, 'data'), { recursive: true });
    const { world, pid, start } = ENDED;
    writeFileSync(join(folder, OWNER_FILE), [world, pid, start, 'data/postmaster.pid', ''].join('\n'));
    return folder;
  }

  it.each([OWNER_FILE, 'data/postmaster.pid'])('is made beside one whose %s is a FIFO', async (file) => {
    const [swept, kept] = [left('sweptX'), left(`fifo${file.length > 9 ? 'X' : 'Y'}Z`)];
    rmSync(join(kept, file), { force: true });
    expect(spawnSync('mkfifo', [join(kept, file)]).status).toBe(0);
    // Reading a FIFO waits for a writer: where it is read, this test does not end.
    expect(existsSync(await makeFolder(undefined))).toBe(true);
    expect([swept, kept].map((folder) => existsSync(folder))).toEqual([false, true]);
  });
});
