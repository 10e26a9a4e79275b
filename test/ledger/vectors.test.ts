import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatConfig } from '../../src/ledger/config.ts';
import { encodeHead } from '../../src/store/heads.ts';
import { hex } from '../objects/support.ts';
import { HEAD_FILES } from './broken-heads.ts';
import { BROKEN_LEDGERS } from './broken-ledgers.ts';
import { faultsOf, headCode } from './vectors.ts';

/**
 * Vectors of heads and ledgers, one fault each, as files for who reads the format with other code. `-u` writes them anew, with
 * what is found now: look at what changed.
 */
const FOLDER = new URL('../vectors/', import.meta.url);
const same = (path: string, vector: object): Promise<void> =>
  expect(`${JSON.stringify(vector, null, 2)}\n`).toMatchFileSnapshot(
    fileURLToPath(new URL(`${path}.json`, FOLDER)),
  );
const filesIn = (folder: string): string[] =>
  readdirSync(new URL(folder, FOLDER)).map((name) => name.replace(/\.json$/, ''));

describe('vectors of heads', () => {
  it.each(Object.entries(HEAD_FILES))('%s', async (name, { description, bytes }) => {
    const code = headCode(bytes);
    const unknown = name.startsWith('version') ? 'OBJECT_VERSION_UNKNOWN' : 'HEAD_CORRUPT';
    expect(code).toBe(name.startsWith('sound') ? null : unknown);
    await same(`head/${name}`, { description, code, head: hex(bytes) });
  });

  it('are all', () => expect(filesIn('head/').sort()).toEqual(Object.keys(HEAD_FILES).sort()));
});

describe('vectors of ledgers', () => {
  it.each(Object.entries(BROKEN_LEDGERS))('%s', async (name, make) => {
    const { description, log, without = [] } = make();
    const stored = [...log.objects.entries()].filter(([id]) => !without.includes(id));
    const ledger = {
      config: formatConfig(log.config),
      head: hex(encodeHead(log.head).bytes),
      objects: stored.map(([, { codec, bytes }]): [string, string] => [codec, hex(bytes)]),
    };
    const faults = await faultsOf(ledger);
    const sound = name.startsWith('sound');
    expect([faults.verify.length === 0, faults.fsck.length === 0]).toEqual([sound, sound]);
    await same(`ledger/${name}`, { description, ...faults, ...ledger });
  });

  it('are all', () => expect(filesIn('ledger/').sort()).toEqual(Object.keys(BROKEN_LEDGERS).sort()));
});
