import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scrub } from '../../src/store/scrub.ts';
import { refusedWith } from '../support/refusals.ts';
import { LedgerPlace } from './support.ts';

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
