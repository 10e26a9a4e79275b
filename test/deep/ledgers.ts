import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { appendRecord } from '../../src/ledger/log-state.ts';
import type { ObjectOf } from '../../src/objects/kinds.ts';
import { putObject } from '../../src/objects/sink.ts';
import { readHead, swapHead } from '../../src/store/heads.ts';
import { putTextPacket } from '../ledger/commit-text.ts';
import { makeTestFolder } from '../support/folder.ts';

export { filesBelow, sealedFolder } from './ledger-files.ts';

/** A folder of the test file's own, in which log keys and temporary files lie too; gone afterwards. */
export function useFolder(): { path: string; file: (...names: string[]) => string } {
  const was = { TMPDIR: process.env['TMPDIR'], CUSTODY_CONFIG_DIR: process.env['CUSTODY_CONFIG_DIR'] };
  const folder = { path: '', file: (...names: string[]) => join(folder.path, ...names) };
  beforeAll(() => {
    folder.path = makeTestFolder('deep');
    process.env['CUSTODY_CONFIG_DIR'] = join(folder.path, 'config');
    process.env['TMPDIR'] = join(folder.path, 'tmp');
    mkdirSync(process.env['TMPDIR']);
  });
  afterAll(() => {
    rmSync(folder.path, { recursive: true, force: true });
    for (const [name, value] of Object.entries(was)) {
      // Assigning undefined to an environment variable would make the text "undefined".
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  });
  return folder;
}

export const WHO = { author: 'tester', lane: 'deep' } as const;

const EMPTY_POLICY: ObjectOf<'policy'> = {
  kind: 'policy',
  v: 2,
  previous: null,
  validators: [],
  expected: [],
  isolation: [],
  roles: [],
  required: [],
};

/** A ledger whose policy pins nothing: small, for tests that read every byte of it. */
export async function smallLedger(dir: string): Promise<Ledger> {
  const { ledger } = await Ledger.init(dir, {
    origin: 'deep.example/ledger',
    author: WHO.author,
    now: () => 1_700_000_000_000,
    fill: async () => EMPTY_POLICY,
  });
  return ledger;
}

/**
 * Appends many records of one entry with one pack and one move of the head, through the same pure code as
 * `Ledger.append`: bundles and tiles, and still few bytes.
 */
export async function appendMany(ledger: Ledger, count: number): Promise<void> {
  const head = await ledger.head();
  const time = 1_700_000_000_000;
  await using writer = await ledger.store.writer();
  await using lock = await ledger.store.backend.lock();
  const stored = await readHead(ledger.store.backend);
  const entry = putObject(writer, {
    kind: 'entry',
    v: 2,
    type: 'packet',
    packet: putTextPacket(writer, ''),
    ...WHO,
    message: 'many times',
    time,
  });
  let next = head;
  for (let i = 0; i < count; i++) {
    const appended = appendRecord(next, entry, time + i);
    for (const { link, bytes } of appended.objects) writer.put(link.codec, link.digest, bytes);
    next = appended.head;
  }
  await writer.finish();
  await swapHead(ledger.store.backend, lock, stored, next);
}
