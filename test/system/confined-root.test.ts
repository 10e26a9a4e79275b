import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lacking } from '../support/lacking.ts';
import { makeTestFolder } from '../support/folder.ts';

const CHILD = join(import.meta.dirname, 'children/in-root.ts');
/** Without a mount namespace of our own there is no root folder to look at, and the isolation record says so. */
const lack = lacking('a mount namespace');

describe.skipIf(lack)(`a root folder of its own${lack}`, () => {
  it('shows what is mounted below a folder, and it cannot be written either', () => {
    const folder = makeTestFolder('an inner');
    try {
      mkdirSync(join(folder, 'inner'));
      // The mount is seen by this child alone.
      const mount = 'mount -t tmpfs inner "$1/inner"; echo there > "$1/inner/file"; exec "$2" "$3" "$1" "$4"';
      const look = 'cat inner/file; for place in . inner /; do echo x > $place/x || echo refused; done 2>&-';
      const given = [folder, process.execPath, CHILD, look];
      const { stdout } = spawnSync('unshare', ['-m', 'sh', '-ec', mount, 'sh', ...given], {
        encoding: 'utf8',
      });
      const ran = JSON.parse(stdout) as { status: number; stdout: string; mounts: string[] };
      expect(ran).toMatchObject({ status: 0, stdout: 'there\nrefused\nrefused\nrefused\n' });
      expect(ran.mounts).toContain(join(folder, 'inner'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
