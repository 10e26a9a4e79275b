import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { findLogKey } from '../../src/ledger/log-key.ts';
import { openCheckpoint, signCheckpoint, type SignedCheckpoint } from '../../src/log/checkpoint.ts';
import { COSIGNATURE, generateKey } from '../../src/log/note-key.ts';
import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { decodeKind, encodeObject, type ObjectOf } from '../../src/objects/kinds.ts';
import { nodeLink } from '../../src/objects/link.ts';
import { readHead, swapHead } from '../../src/store/heads.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { refuses } from '../support/refusals.ts';
import { codes, Desk } from '../cli/desk.ts';
import { commitText, overtaken } from './commit-text.ts';
import { LedgerPlace } from './support.ts';

/** After `init`, whose clock is the true one. Milliseconds. */
const LATER = 4_000_000_000_000;

let place: LedgerPlace;
let ledger: Ledger;
beforeEach(async () => {
  place = new LedgerPlace();
  ledger = await place.init();
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

async function last(): Promise<ObjectOf<'checkpoint'> & { id: Digest; opened: SignedCheckpoint }> {
  const bytes = (await ledger.head()).checkpoint!;
  const checkpoint = decodeKind('checkpoint', bytes);
  const opened = openCheckpoint(checkpoint.note, ledger.config.verifierKey);
  return { ...checkpoint, id: digestOf(bytes), opened };
}
const at = (now: number): { now: () => number } => ({ now: () => now });

describe('a signed checkpoint', () => {
  it('says when, and links the one before it', async () => {
    const before = nodeLink((await last()).id);
    expect((await last()).previous).toBeNull();
    expect(await commitText(ledger, 'a', at(LATER))).toMatchObject({ unsigned: null });
    expect(await last()).toMatchObject({ previous: before, opened: { size: 2, time: LATER / 1000 } });
    await commitText(ledger, 'b', at(LATER + 999));
    expect(await last()).toMatchObject({ opened: { size: 3, time: LATER / 1000 } });
  });

  it('is not made by a clock that is behind; the next one covers what was appended', async () => {
    await commitText(ledger, 'a', at(LATER));
    const { checkpoint } = await ledger.head();
    const { id } = await last();
    const behind = await commitText(ledger, 'b', at(LATER - 1));
    expect(behind).toMatchObject({ index: 2, unsigned: 'CLOCK_BEHIND' });
    expect((await ledger.head()).checkpoint).toEqual(checkpoint);
    await commitText(ledger, 'c', at(LATER + 1));
    expect(await last()).toMatchObject({ previous: nodeLink(id), opened: { size: 4 } });
    expect(await verifyRevision(ledger, '@2')).toMatchObject({
      ok: true,
      signed: { covered: 4, size: 4, time: LATER / 1000 },
    });
  });

  it('covers a record from the first one on that is larger', async () => {
    for (const seconds of [1, 2, 3]) await commitText(ledger, 'x', at(LATER + 1000 * seconds));
    const signed = (await verifyRevision(ledger, '@2')).signed;
    expect(signed).toEqual({ covered: 4, size: 4, time: LATER / 1000 + 2 });
  });
});

describe('the checkpoint that is linked', () => {
  const packs = (): number => readdirSync(join(ledger.folder, 'packs')).length;

  it('lies in the pack of the append that links it, and the one that links it in the head alone', async () => {
    const before = packs();
    const { id } = await last();
    await refuses(ledger.store.get(id), 'OBJECT_MISSING');
    await commitText(ledger, 'a');
    expect(decodeKind('checkpoint', await ledger.store.get(id)).previous).toBeNull();
    await refuses(ledger.store.get((await last()).id), 'OBJECT_MISSING');
    await commitText(ledger, 'b');
    expect(packs()).toBe(before + 2);
  });

  it('is that of another writer who was faster, and is durable all the same', async () => {
    await using other = await place.open();
    await overtaken(ledger, other);
    const { id, opened, previous } = await last();
    expect(opened.size).toBe(3);
    expect(decodeKind('checkpoint', await ledger.store.get(previous!.digest)).previous).not.toBeNull();
    await refuses(ledger.store.get(id), 'OBJECT_MISSING');
    expect(await fsckLedger(ledger)).toMatchObject({ ok: true, signed: { covered: 3, size: 3 } });
  });
});

describe('nothing is signed on top of a last checkpoint that', () => {
  const root = new Uint8Array(32);
  const signed = async (size: number): Promise<{ note: string }> => {
    const skey = (await findLogKey(ledger.config.verifierKey, place.keys))!;
    return { note: signCheckpoint({ origin: ledger.config.origin, size, root, time: 1 }, skey) };
  };
  const other = generateKey('test.example/log', new Uint8Array(32).fill(1), COSIGNATURE).skey;
  const made = async (change: Partial<ObjectOf<'checkpoint'>>): Promise<Uint8Array> => {
    const { kind, v, note, previous } = await last();
    return encodeObject({ kind, v, note, previous, ...change }).bytes;
  };

  it.each<[string, () => Promise<Uint8Array>]>([
    ['has no bytes', async () => new Uint8Array()],
    ['is another object', async () => (await ledger.head()).tail[0]!],
    ['is no note', () => made({ note: '' })],
    ['covers more than there is', async () => made(await signed(3))],
    ['has another root for as many records', async () => made(await signed(2))],
    [
      'another key signed',
      () => made({ note: signCheckpoint({ origin: 'test.example/log', size: 1, root, time: 1 }, other) }),
    ],
  ])('%s; the record is appended', async (_, make) => {
    const checkpoint = await make();
    {
      // As who can write to the folder may make it.
      await using lock = await ledger.store.backend.lock();
      const stored = (await readHead(ledger.store.backend))!;
      await swapHead(ledger.store.backend, lock, stored, { ...stored.head, checkpoint });
    }
    expect(await commitText(ledger, 'x')).toMatchObject({ index: 1, unsigned: 'CHECKPOINT_INVALID' });
    expect(Buffer.from((await ledger.head()).checkpoint!)).toEqual(Buffer.from(checkpoint));
    expect((await verifyRevision(ledger, 'HEAD')).findings).not.toEqual([]);
    // Who does not sign does not look at it.
    await using lane = await Ledger.open(place.dir, { keys: join(place.dir, 'none') });
    expect(await commitText(lane, 'x')).toMatchObject({ index: 2, unsigned: 'KEY_ABSENT' });
  });
});

it('a record whose time is odd has a note, and changes no answer', async () => {
  await commitText(ledger, 'in the future', at(LATER));
  await commitText(ledger, 'back again');
  const note = (index: number): [string, string] => ['RECORD_TIME_ODD', `records/${index}`];
  for (const [index, notes] of [[], [note(1)], [note(2)]].entries()) {
    const report = await verifyRevision(ledger, `@${index}`);
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect(codes(report.notes)).toEqual(notes);
  }
  const report = await fsckLedger(ledger);
  expect(report).toMatchObject({ ok: true, findings: [] });
  expect(codes(report.notes)).toEqual([note(1), note(2)]);
});

it('the last checkpoint, in the head alone or linked, is named by its id and read like any object', async () => {
  using desk = new Desk(place.dir, { keep: true });
  const { id } = await last();
  for (const stored of [false, true]) {
    expect(await ledger.store.has(id)).toBe(stored);
    for (const name of [id, id.slice(0, 8)])
      expect(await desk.json(['show', name])).toMatchObject({ id, kind: 'checkpoint' });
    expect(await desk.json(['cat', id])).toMatchObject({ sha256: id });
    expect(await desk.json(['verify', id])).toMatchObject({ ok: true, levels: { objects: 'done' } });
    await commitText(ledger, 'a');
  }
});
