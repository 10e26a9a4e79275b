import { nodeLink } from '../../src/objects/link.ts';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { scrub } from '../../src/store/scrub.ts';
import { refusedWith, refuses } from '../support/refusals.ts';
import { fill, LedgerPlace } from './support.ts';

it.each(['new', 'empty'])(
  'two ledgers that are made in one %s folder: one is there, and is whole',
  async (which) => {
    for (let round = 0; round < 10; round++) {
      using place = new LedgerPlace();
      const folder = join(place.dir, '.custody');
      if (which === 'empty') mkdirSync(folder);
      const ended = await Promise.all([refusedWith(place.init()), refusedWith(place.init())]);
      expect(ended.sort()).toEqual(['LEDGER_EXISTS', 'none']);
      expect(readdirSync(folder).sort()).toEqual(['config.yaml', 'heads', 'index', 'lock', 'packs']);
      await using ledger = await place.open();
      expect((await ledger.head()).size).toBe(1);
      expect((await scrub(ledger.store.backend)).findings).toEqual([]);
      expect(readdirSync(place.keys)).toHaveLength(1);
    }
  },
);

it('a name that would fill every checkpoint is none', async () => {
  using place = new LedgerPlace();
  const made = (origin: string): Promise<unknown> =>
    Ledger.init(place.dir, { origin, author: 'test', keys: place.keys, fill });
  await refuses(made('o'.repeat(256)), 'ORIGIN_MALFORMED');
  expect(await refusedWith(made('o'.repeat(255)))).toBe('none');
});

it('nothing is appended to a log whose newest entry is gone', async () => {
  using place = new LedgerPlace();
  await using ledger = await place.init();
  const packs = join(place.dir, '.custody/packs');
  for (const name of readdirSync(packs)) rmSync(join(packs, name), { force: true });
  await using opened = await place.open();
  await using session = await opened.session();
  const policy = nodeLink(ledger.config.policy);
  const draft = { type: 'policy', policy, author: 'a', lane: 'main', message: 'm' } as const;
  await refuses(session.append(draft), 'OBJECT_MISSING');
  expect((await ledger.head()).size).toBe(1);
});
