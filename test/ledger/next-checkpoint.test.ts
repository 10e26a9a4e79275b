import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { findLogKey } from '../../src/ledger/log-key.ts';
import { openCheckpoint, signCheckpoint, type SignedCheckpoint } from '../../src/log/checkpoint.ts';
import { COSIGNATURE, generateKey } from '../../src/log/note-key.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { decodeKind, type ObjectOf } from '../../src/objects/kinds.ts';
import { nodeLink } from '../../src/objects/link.ts';
import { putObject } from '../../src/objects/sink.ts';
import { readHead, swapHead } from '../../src/store/heads.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { refuses } from '../support/refusals.ts';
import { codes } from '../cli/desk.ts';
import { commitText } from './commit-text.ts';
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

async function last(): Promise<ObjectOf<'checkpoint'> & { opened: SignedCheckpoint }> {
  const { digest } = (await ledger.head()).checkpoint!;
  const checkpoint = decodeKind('checkpoint', await ledger.get(digest));
  return { ...checkpoint, opened: openCheckpoint(checkpoint.note, ledger.config.verifierKey) };
}
const at = (now: number): { now: () => number } => ({ now: () => now });

describe('a signed checkpoint', () => {
  it('says when, and links the one before it', async () => {
    const before = (await ledger.head()).checkpoint;
    expect((await last()).previous).toBeNull();
    expect(await commitText(ledger, 'a', at(LATER))).toMatchObject({ unsigned: null });
    expect(await last()).toMatchObject({ previous: before, opened: { size: 2, time: LATER / 1000 } });
    await commitText(ledger, 'b', at(LATER + 999));
    expect(await last()).toMatchObject({ opened: { size: 3, time: LATER / 1000 } });
  });

  it('is not made by a clock that is behind; the next one covers what was appended', async () => {
    await commitText(ledger, 'a', at(LATER));
    const { checkpoint } = await ledger.head();
    const behind = await commitText(ledger, 'b', at(LATER - 1));
    expect(behind).toMatchObject({ index: 2, unsigned: 'CLOCK_BEHIND' });
    expect((await ledger.head()).checkpoint).toEqual(checkpoint);
    await commitText(ledger, 'c', at(LATER + 1));
    expect(await last()).toMatchObject({ previous: checkpoint, opened: { size: 4 } });
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

describe('nothing is signed on top of a last checkpoint that', () => {
  /** A head that links this one, as who can write to the folder may make it. */
  async function linked(change: Partial<ObjectOf<'checkpoint'>> | null): Promise<void> {
    await using writer = await ledger.store.writer();
    const { kind, v, note, previous } = await last();
    const gone = nodeLink(digestOf(Buffer.from('gone')));
    const checkpoint = change ? putObject(writer, { kind, v, note, previous, ...change }) : gone;
    await writer.finish();
    await using lock = await ledger.store.backend.lock();
    const stored = (await readHead(ledger.store.backend))!;
    await swapHead(ledger.store.backend, lock, stored, { ...stored.head, checkpoint });
  }
  const root = new Uint8Array(32);
  const signed = async (size: number): Promise<{ note: string }> => {
    const skey = (await findLogKey(ledger.config.verifierKey, place.keys))!;
    return { note: signCheckpoint({ origin: ledger.config.origin, size, root, time: 1 }, skey) };
  };
  const other = generateKey('test.example/log', new Uint8Array(32).fill(1), COSIGNATURE).skey;

  type Change = () => Promise<Partial<ObjectOf<'checkpoint'>> | null>;
  it.each<[string, Change, ErrorCode]>([
    ['is not there', async () => null, 'OBJECT_MISSING'],
    ['is no note', async () => ({ note: '' }), 'CHECKPOINT_MALFORMED'],
    ['covers more than there is', async () => signed(3), 'LOG_CORRUPT'],
    ['has another root for as many records', async () => signed(2), 'LOG_CORRUPT'],
    [
      'another key signed',
      async () => ({ note: signCheckpoint({ origin: 'test.example/log', size: 1, root, time: 1 }, other) }),
      'SIGNATURE_INVALID',
    ],
  ])('%s', async (_, change, code) => {
    await linked(await change());
    await refuses(commitText(ledger, 'x'), code);
    expect((await ledger.head()).size).toBe(1);
    // Who does not sign does not look at it.
    await using lane = await Ledger.open(place.dir, { keys: join(place.dir, 'none') });
    expect(await commitText(lane, 'x')).toMatchObject({ index: 1, unsigned: 'KEY_ABSENT' });
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
