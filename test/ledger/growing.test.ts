import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { lastCheckpoint } from '../../src/ledger/log-state.ts';
import { decodeKind, decodeObject, isObject, KINDS } from '../../src/objects/kinds.ts';
import { ENTRY_TYPES } from '../../src/objects/shapes/log.ts';
import { Desk } from '../cli/desk.ts';
import { FROZEN_KINDS } from './frozen.ts';
import { makeGrowing } from './growing.ts';

/**
 * The kinds and types of entries that still grow. Where one has another `v` this is red: `npm run fixtures` makes the ledger anew
 * (CONTRIBUTING.md, "Fixtures").
 */
const FOLDER = join(import.meta.dirname, '../vectors/ledgers/growing');

describe('the ledger of what grows', () => {
  let ledger: Ledger;
  let desk: Desk;
  beforeAll(async () => {
    if (process.env['CUSTODY_FIXTURES'] === '1') await makeGrowing(FOLDER);
    ledger = await Ledger.open(FOLDER);
    desk = new Desk();
  });
  afterAll(async () => {
    desk[Symbol.dispose]();
    await ledger[Symbol.asyncDispose]();
  });

  it('has every type of entry', async () => {
    const types: string[] = [];
    for await (const { record } of ledger.records(await ledger.head()))
      types.push(decodeKind('entry', await ledger.get(record.entry.digest)).type);
    expect([...new Set(types)].sort()).toEqual([...ENTRY_TYPES].sort());
  });

  it('has every kind that grows, with the ids that are written down', async () => {
    const ids: Record<string, string[]> = {};
    for await (const { digest } of ledger.store.list()) {
      const bytes = await ledger.get(digest);
      if (isObject(bytes)) (ids[decodeObject(bytes).kind] ??= []).push(digest);
    }
    const grows = KINDS.filter((kind) => !FROZEN_KINDS.includes(kind)).sort();
    expect(Object.keys(ids).sort()).toEqual(expect.arrayContaining(grows));
    const head = await ledger.head();
    const written = {
      'last record': head.last!.digest,
      'last checkpoint': lastCheckpoint(head)!.link.digest,
      ...Object.fromEntries(grows.map((kind) => [kind, ids[kind]])),
    };
    await expect(`${JSON.stringify(written, null, 2)}\n`).toMatchFileSnapshot(`${FOLDER}.json`);
  });

  it('is sound', async () => {
    expect(await desk.json(['fsck', '--ledger', FOLDER])).toMatchObject({
      ok: true,
      signed: { covered: 6, size: 6 },
    });
  });

  it.each([
    ['@0', []],
    ['@1', ['seal']],
    ['@2', []],
    ['@3', []],
    ['@4', ['seal', 'semantics']],
    ['@5', []],
  ])('%s is verified', async (record, levels) => {
    const argv = ['verify', record, '--ledger', FOLDER, '--require', 'signatures'];
    const report = await desk.json(argv);
    const done = ['objects', 'chain', 'signatures', ...levels].map((level) => [level, 'done']);
    expect(report).toMatchObject({ ok: true, levels: Object.fromEntries(done) as object });
  });
});
