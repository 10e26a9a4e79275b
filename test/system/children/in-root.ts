import { spawnSync } from 'node:child_process';
import { confinedRoot } from '../../../src/system/confined-root.ts';

/** Runs a shell command in a root folder of its own that holds the system's programs and one more folder. */
const [, , folder = '', command = ''] = process.argv;
const root = confinedRoot({
  reads: ['/bin', '/lib', '/lib64', '/usr', folder],
  cwd: folder,
  setpriv: [],
  run: ['/bin/sh', '-c', command],
});
const ran = spawnSync('unshare', ['-m', ...(root?.command ?? [])], { encoding: 'utf8', env: {} });
process.stdout.write(
  JSON.stringify({ status: ran.status, stdout: ran.stdout, mounts: [...(root?.mounts ?? [])] }),
);
