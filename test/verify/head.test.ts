import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { codes } from '../cli/desk.ts';
import { LedgerPlace } from '../ledger/support.ts';
import { refuses } from '../support/refusals.ts';

it.each<[string, (path: string) => void, string]>([
  ['is missing', (path) => rmSync(path), 'HEAD_MISSING'],
  [
    'is a link',
    (path) => {
      renameSync(path, join(path, '../../real'));
      symlinkSync('../real', path);
    },
    'HEAD_DAMAGED',
  ],
  ['is empty', (path) => writeFileSync(path, ''), 'HEAD_DAMAGED'],
])('a head that %s is damage, and both commands call it the same', async (_, damage, code) => {
  using place = new LedgerPlace();
  await using ledger = await place.init();
  damage(join(place.dir, '.custody/heads/main'));
  await refuses(ledger.head(), 'HEAD_CORRUPT');
  const report = await verifyRevision(ledger, 'HEAD');
  expect(codes(report.findings)).toEqual([
    [code, 'heads/main'],
    ['LEVEL_SKIPPED', 'objects'],
  ]);
  expect(report.levels).toMatchObject({ chain: 'failed', objects: 'skipped', signatures: 'skipped' });
  expect(codes((await fsckLedger(ledger)).findings)).toEqual([[code, 'heads/main']]);
});
