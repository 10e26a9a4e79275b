import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, it } from 'vitest';
import { sha256Hex } from '../../src/objects/sha256.ts';
import { packName } from '../../src/store/backend.ts';
import { FsBackend } from '../../src/store/fs.ts';
import { makeTestFolder } from '../support/folder.ts';
import { refuses } from '../support/refusals.ts';
import { gathered } from './harness.ts';

let dir: string;
let backend: FsBackend;
beforeEach(() => {
  dir = makeTestFolder('store');
  backend = FsBackend.create(dir);
});

it('what is no folder of packs, and no head, is damage and no path of the user’s', async () => {
  mkdirSync(join(dir, 'heads/main'));
  await refuses(backend.readHead('main'), 'HEAD_CORRUPT');
  for (const name of ['packs', 'heads']) {
    rmSync(join(dir, name), { recursive: true });
    writeFileSync(join(dir, name), '');
  }
  await refuses(gathered(backend.list('packs/')), 'PACK_CORRUPT');
  await refuses(gathered(backend.list('heads/')), 'HEAD_CORRUPT');
});

it('a temporary file that somebody removed is the machine’s trouble', async () => {
  const bytes = Buffer.from('a pack');
  const staged = backend.stage();
  staged.write(bytes);
  for (const name of readdirSync(join(dir, 'packs'))) rmSync(join(dir, 'packs', name));
  await refuses(backend.put(packName(sha256Hex(bytes)), staged), 'IO_FAILED');
});
