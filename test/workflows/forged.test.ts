import { cpSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { codes, Desk } from '../cli/desk.ts';
import { writePlan } from '../cli/plans.ts';
import { commitForged, materialOf, pin, verdictOf, type Material } from './forge.ts';

/** Everything here is committed with our own library, so that seal, objects and chain hold: only semantics can object. */
describe('a rehearsal that was forged', () => {
  const accepted = new Desk();
  let ids:
    undefined | { good: { rehearsal: string; verdict: string }; bad: { rehearsal: string; verdict: string } };
  let desk: Desk;
  let ledger: Ledger;
  let good: Material;
  let bad: Material;

  beforeEach(async () => {
    if (ids === undefined) {
      await accepted.init();
      const plan = writePlan(accepted);
      const first = await accepted.json<Ids>(['rehearse', plan]);
      const rejected = await accepted.json<Ids>(['rehearse', writeRejected(accepted)], 1);
      ids = { good: first, bad: rejected };
    }
    desk = new Desk();
    cpSync(accepted.dir, desk.dir, { recursive: true });
    ledger = await desk.ledger();
    good = await materialOf(ledger, ids.good);
    bad = await materialOf(ledger, ids.bad);
  });
  afterAll(() => accepted[Symbol.dispose]());
  afterEach(async () => {
    await ledger[Symbol.asyncDispose]();
    desk[Symbol.dispose]();
  });

  const verify = async (index: number): Promise<[string, string][]> => {
    const report = await verifyRevision(ledger, `@${index}`);
    expect(report.ok).toBe(report.findings.length === 0);
    if (report.findings.length > 0)
      expect(report.levels).toMatchObject({ objects: 'done', chain: 'done', semantics: 'failed' });
    return codes(report.findings);
  };

  it('is accepted where nothing was: the forger itself works', async () => {
    expect(await verify(await commitForged(desk, ledger, good))).toEqual([]);
  });

  it('text that says something else than the objects', async () => {
    const forged = await commitForged(desk, ledger, good, {
      files: { 'verdict.json': '{"accepted": true}\n' },
    });
    expect(await verify(forged)).toEqual([['TREE_DIFFERS', 'verdict.json']]);
  });

  it('a file too many and a file too few', async () => {
    const forged = await commitForged(desk, ledger, good, {
      files: { 'PERMIT.md': 'granted\n', 'row-changes.json': null },
    });
    expect(await verify(forged)).toEqual([
      ['TREE_DIFFERS', 'PERMIT.md'],
      ['TREE_DIFFERS', 'row-changes.json'],
    ]);
  });

  it('a rejected verdict made an accepted one', async () => {
    const verdict = putObject(bad.objects, { ...verdictOf(bad), accepted: true, findings: [] });
    const found = await verify(await commitForged(desk, ledger, { ...bad, verdict }));
    expect(found.filter(([, path]) => path === 'verdict')).toEqual([
      ['VERDICT_DIFFERS', 'verdict'],
      ['VERDICT_REJECTED', 'verdict'],
    ]);
  });

  it('an accepted verdict made a rejected one', async () => {
    const findings = [{ code: 'NO_REAL_CHANGE', path: 'delta', detail: 'invented' }];
    const verdict = putObject(good.objects, { ...verdictOf(good), accepted: false, findings });
    expect(await verify(await commitForged(desk, ledger, { ...good, verdict }))).toEqual([
      ['VERDICT_DIFFERS', 'verdict'],
    ]);
  });

  it('other findings than the validator gives', async () => {
    const findings = [{ code: 'LEG_MISSING', path: 'legs', detail: 'invented' }];
    const verdict = putObject(bad.objects, { ...verdictOf(bad), findings });
    const found = await verify(await commitForged(desk, ledger, { ...bad, verdict }));
    expect(found.filter(([, path]) => path === 'verdict')).toEqual([
      ['VERDICT_DIFFERS', 'verdict'],
      ['VERDICT_REJECTED', 'verdict'],
    ]);
  });

  it('a validator that nobody pinned is not run', async () => {
    const code = Buffer.from(
      "import { stdin } from 'node:process'; stdin.resume(); stdin.on('end', () => process.exit(0));\n",
    );
    const validator = putObject(good.objects, {
      kind: 'validator',
      v: 1,
      name: 'yes',
      file: putBlob(good.objects, new Uint8Array(code)),
      sha256: digestToBytes(digestOf(code)),
      runner: 'node-permission',
    });
    const evidence = decodeKind('rehearsal', good.objects.get(good.rehearsal.digest));
    const rehearsal = putObject(good.objects, { ...evidence, validator });
    const verdict = putObject(good.objects, { ...verdictOf(good), validator, subject: rehearsal });
    const forged = await commitForged(desk, ledger, {
      ...good,
      rehearsal,
      verdict,
    });
    expect(await verify(forged)).toEqual([['VALIDATOR_NOT_PINNED', 'verdict/validator']]);
  });

  it('a validator that a lane pinned is run only for an auditor who trusts it', async () => {
    const code = Buffer.from(`import { stdin } from 'node:process';
let input = '';
stdin.setEncoding('latin1').on('data', (text) => (input += text)).on('end', () =>
  console.log(JSON.stringify({ subject: input.slice(0, 64), accepted: true, findings: [] })));
`);
    const validator = putObject(bad.objects, {
      kind: 'validator',
      v: 1,
      name: 'yes',
      file: putBlob(bad.objects, new Uint8Array(code)),
      sha256: digestToBytes(digestOf(code)),
      runner: 'node-permission',
    });
    await pin(ledger, validator, new Uint8Array(code));
    const evidence = decodeKind('rehearsal', bad.objects.get(bad.rehearsal.digest));
    const rehearsal = putObject(bad.objects, { ...evidence, validator });
    const accepted = { accepted: true, findings: [], validator, subject: rehearsal };
    const verdict = putObject(bad.objects, { ...verdictOf(bad), ...accepted });
    const lies = { ...bad, rehearsal, verdict };
    const index = await commitForged(desk, ledger, lies);
    expect(await verify(index)).toEqual([['VALIDATOR_NOT_PINNED', 'verdict/validator']]);
    expect((await verifyRevision(ledger, `@${index}`)).validator).toBe(validator.digest);
    // Trusted, it is run, and what it says counts.
    const trusted = await verifyRevision(ledger, `@${index}`, { validators: [validator.digest] });
    expect(trusted).toMatchObject({ ok: true, validator: validator.digest });
    // Another one that is trusted does not help it.
    const other = await verifyRevision(ledger, `@${index}`, { validators: [rehearsal.digest] });
    expect(codes(other.findings)).toEqual([['VALIDATOR_NOT_PINNED', 'verdict/validator']]);
  });

  it('a rehearsal that names another validator than its verdict', async () => {
    const evidence = decodeKind('rehearsal', good.objects.get(good.rehearsal.digest));
    const rehearsal = putObject(good.objects, { ...evidence, validator: evidence.plan });
    const verdict = putObject(good.objects, { ...verdictOf(good), subject: rehearsal });
    expect(await verify(await commitForged(desk, ledger, { ...good, rehearsal, verdict }))).toContainEqual([
      'VALIDATOR_MISMATCH',
      'verdict/validator',
    ]);
  });

  it('a verdict about another rehearsal', async () => {
    const links: [string, typeof good.verdict][] = [
      ['rehearsal', bad.rehearsal],
      ['verdict', good.verdict],
    ];
    for (const [id, { codec, bytes }] of bad.objects.entries()) good.objects.put(codec, id, bytes);
    const found = await verify(await commitForged(desk, ledger, good, { links }));
    expect(found).toContainEqual(['VERDICT_DIFFERS', 'verdict/subject']);
    expect(found).toContainEqual(['VERDICT_REJECTED', 'verdict']);
  });

  it('a rehearsal without a verdict, or without a packet, is never ok', async () => {
    const without = await commitForged(desk, ledger, good, { links: [['rehearsal', good.rehearsal]] });
    expect(await verify(without)).toEqual([['EVIDENCE_MALFORMED', 'packet']]);
    await using session = await ledger.writer();
    const draft = { type: 'rehearsal', links: [], author: 'liar', lane: 'main', message: '' } as const;
    const { index } = await ledger.append(session.writer, draft);
    const report = await verifyRevision(ledger, `@${index}`);
    expect(report.ok).toBe(false);
    expect(codes(report.findings)).toEqual([['LEVEL_SKIPPED', 'semantics']]);
  });

  it.each([
    ['names another seal', { seal: new Uint8Array(32) }, ['SEAL_UNEXPECTED', 'packet_tree.sha256']],
    ['counts other files', { files: 3 }, ['TREE_DIFFERS', 'files']],
  ] as const)('a packet object that %s', async (_what, change, expected) => {
    const forged = await commitForged(desk, ledger, good, { change: (packet) => ({ ...packet, ...change }) });
    const report = await verifyRevision(ledger, `@${forged}`);
    expect(report.levels.seal).toBe('failed');
    expect(codes(report.findings)).toEqual([expected]);
  });
});

interface Ids {
  rehearsal: string;
  verdict: string;
}

function writeRejected(desk: Desk): string {
  desk.write('rejected.yaml', desk.read('plan.yaml').replace('{ inserted: 1 }', '{ inserted: 2 }'));
  return 'rejected.yaml';
}
