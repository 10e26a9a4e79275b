import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { resolveRevision } from '../../src/ledger/revision.ts';
import { generateKey } from '../../src/log/note-key.ts';
import { signRerun } from '../../src/log/rerun-note.ts';
import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { decodeKind, type ObjectOf } from '../../src/objects/kinds.ts';
import { nodeLink, type Link } from '../../src/objects/link.ts';
import { putObject } from '../../src/objects/sink.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { findPacket, linkOf, rerunIn } from '../../src/packets/find-packet.ts';
import { verifyRevision, type VerifyOptions } from '../../src/workflows/verify.ts';
import { makeTestFolder } from '../support/folder.ts';
import { misSigned } from '../support/note.ts';
import { Made } from '../workflows/rerun/made.ts';

const key = (name: string, seed: number): { skey: string; vkey: string } =>
  generateKey(name, new Uint8Array(32).fill(seed));
const alice = key('alice.example', 1);
const bob = key('bob.example', 2);
const elsewhere = nodeLink(digestOf(Buffer.from('another rehearsal')));

type Rerun = ObjectOf<'rerun'>;

describe('level reexecuted', () => {
  /** It holds a rehearsal as @1. */
  let made: Made;
  beforeAll(async () => {
    made = await Made.begin();
    await made.rehearse(made.plan('plan'));
  });
  afterAll(() => made[Symbol.asyncDispose]());

  let dir: string;
  let ledger: Ledger;
  let subject: Link;
  let run: Link;
  beforeEach(async () => {
    dir = makeTestFolder('reruns');
    cpSync(made.path('.custody'), join(dir, '.custody'), { recursive: true });
    ledger = await Ledger.open(dir);
    const record = await resolveRevision(ledger, '@1');
    if (record.type !== 'record' || record.entry.type !== 'rehearsal') throw new Error('it has a record 1');
    ({ run } = record.entry);
    subject = linkOf((await findPacket(ledger, record))!.packet.links, 'rehearsal')!;
  });
  afterEach(async () => {
    await ledger[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Appends a rerun that is in order but for the change. */
  async function claim(change: (rerun: Rerun) => Partial<Rerun> = () => ({})): Promise<void> {
    const good: Rerun = {
      kind: 'rerun',
      v: 1,
      subject,
      again: subject,
      run,
      same: true,
      differences: [],
      note: note(subject, subject, true, alice.skey),
    };
    await using session = await ledger.session();
    const rerun = putObject(session.writer, { ...good, ...change(good) });
    const draft = { type: 'rerun', rerun, author: 'a', lane: 'b', message: '' } as const;
    await session.append(draft);
  }
  const note = (of: Link, again: Link, same: boolean, skey: string): string =>
    signRerun({ subject: of.digest, again: again.digest, same }, skey);

  it('the record of a rerun that differs is in order, and says what it claims', async () => {
    await claim(() => ({
      again: elsewhere,
      same: false,
      differences: ['rehearsal.json/exit: 1 → 2'],
      note: note(subject, elsewhere, false, alice.skey),
    }));
    const { reruns, trust } = await verifyRevision(ledger, 'HEAD');
    expect(reruns).toMatchObject([{ record: 2, same: false, counted: false }]);
    for (const words of ['alice.example+', subject.digest, '@1', 'rehearsal.json/exit'])
      expect(trust).toContain(words);
    // So does the object itself.
    const head = await resolveRevision(ledger, 'HEAD');
    const { digest } = rerunIn(head)!;
    expect((await verifyRevision(ledger, digest)).trust).toContain('alice.example+');
  });

  /** The level, what it rests on, and its findings: semantics is not what is tested here. */
  async function level(options: VerifyOptions = {}): Promise<{
    state: string;
    findings: [string, string][];
    trust: string;
    counted: (string | boolean)[][];
  }> {
    const report = await verifyRevision(ledger, '@1', options);
    return {
      state: report.levels.reexecuted,
      findings: report.findings
        .filter(({ code }) => /^RERUN|^LEVEL|^OBJECT/.test(code))
        .map(({ code, path }) => [code, path]),
      trust: report.trust,
      counted: report.reruns.map(({ signer, counted }) => [signer.split('+')[0]!, counted]),
    };
  }
  const byAlice = { rerunners: [alice.vkey] };

  it('is done where a key that the auditor gave signed that it is the same', async () => {
    await claim();
    expect(await level(byAlice)).toMatchObject({
      state: 'done',
      findings: [],
      counted: [['alice.example', true]],
    });
    expect((await level({ rerunners: [bob.vkey, alice.vkey], require: ['reexecuted'] })).state).toBe('done');
    expect((await level(byAlice)).trust).toContain('alice.example+');
  });

  it('is skipped without a key, and says who claims a rerun', async () => {
    expect(await level()).toMatchObject({ state: 'skipped', findings: [], counted: [] });
    await claim();
    const report = await level();
    expect(report).toMatchObject({ state: 'skipped', findings: [], counted: [['alice.example', false]] });
    expect(report.trust).toContain('alice.example+');
  });

  it('is required where a key is given: no rerun by it is no yes', async () => {
    expect((await level(byAlice)).findings).toEqual([['LEVEL_SKIPPED', 'reexecuted']]);
    await claim(() => ({ note: note(subject, subject, true, bob.skey) }));
    expect(await level(byAlice)).toMatchObject({
      state: 'skipped',
      findings: [['LEVEL_SKIPPED', 'reexecuted']],
      counted: [['bob.example', false]],
    });
  });

  it('fails where a given key signed that it differs, whoever else says the same', async () => {
    await claim();
    await claim(() => ({
      again: elsewhere,
      same: false,
      differences: ['rehearsal.json/legs/0/after (leg T): table posts, row id=p3: no row → body=x'],
      note: note(subject, elsewhere, false, bob.skey),
    }));
    expect(await level({ rerunners: [alice.vkey, bob.vkey] })).toMatchObject({
      state: 'failed',
      findings: [['RERUN_DIFFERS', 'records/3']],
      counted: [
        ['alice.example', true],
        ['bob.example', false],
      ],
    });
    // Whom the auditor does not know says nothing.
    expect((await level(byAlice)).state).toBe('done');
  });

  const unsaid: [string, (rerun: Rerun) => Partial<Rerun>][] = [
    ['of another rehearsal', () => ({ note: note(elsewhere, elsewhere, true, alice.skey) })],
    ['of another answer', () => ({ note: note(subject, subject, false, alice.skey) })],
    ['with a wrong signature', ({ note: text }) => ({ note: misSigned(text) })],
    ['with the run of another rehearsal', () => ({ run: elsewhereRun })],
    ['with a run that is not there', () => ({ run: nodeLink(digestOf(Buffer.from('gone'))) })],
  ];
  let elsewhereRun: Link;
  it.each(unsaid)('counts none %s, and none speaks against an honest one', async (_, change) => {
    await using session = await ledger.session();
    const other = decodeKind('run', await ledger.store.get(run.digest));
    const { entry } = decodeKind('rehearsal', await ledger.store.get(subject.digest));
    elsewhereRun = putObject(session.writer, { ...other, rehearsal: entry });
    await session.writer.finish();
    await claim(change);
    expect(await level(byAlice)).toMatchObject({
      state: 'skipped',
      counted: [['alice.example', false]],
    });
    await claim();
    expect((await level(byAlice)).state).toBe('done');
  });

  it('fails where a given key signed what contradicts itself', async () => {
    await claim(() => ({ again: elsewhere, note: note(subject, elsewhere, true, alice.skey) }));
    await claim(() => ({ same: false, note: note(subject, subject, false, alice.skey) }));
    expect(await level(byAlice)).toMatchObject({
      state: 'failed',
      findings: [
        ['RERUN_INVALID', 'records/2'],
        ['RERUN_INVALID', 'records/3'],
      ],
    });
  });

  it('counts nothing that is no note, and none of another rehearsal', async () => {
    await claim(() => ({ note: 'no note\n' }));
    await claim(() => ({
      subject: elsewhere,
      again: elsewhere,
      note: note(elsewhere, elsewhere, true, alice.skey),
    }));
    expect(await level(byAlice)).toMatchObject({
      state: 'skipped',
      findings: [['LEVEL_SKIPPED', 'reexecuted']],
      counted: [['nobody', false]],
    });
  });

  it("does not take the log's own key, under whatever name", async () => {
    const { verifierKey } = ledger.config;
    await expect(level({ rerunners: [verifierKey] })).rejects.toMatchObject({ code: 'USAGE' });
    const log = key('log', 9);
    const renamed = key('somebody.else', 9);
    await expect(level({ key: log.vkey, rerunners: [renamed.vkey] })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('fsck follows what a rerun links', async () => {
    await claim();
    const before = await fsckLedger(ledger);
    expect(before.findings).toEqual([]);
    const gone: Digest = digestOf(Buffer.from('gone'));
    await claim(() => ({ run: nodeLink(gone) }));
    const after = await fsckLedger(ledger);
    expect(after.findings.map(({ code, path }) => [code, path])).toEqual([['OBJECT_MISSING', gone]]);
  });
});
