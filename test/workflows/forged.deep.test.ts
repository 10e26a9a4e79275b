import { describe, expect, it } from 'vitest';
import { storeContent } from '../../src/objects/file.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { compareNames } from '../../src/objects/names.ts';
import { putObject } from '../../src/objects/sink.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { packetFiles } from '../../src/packets/files/packet-files.ts';
import { sealFiles } from '../../src/packets/make-packet.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { codes } from '../cli/desk.ts';
import { forgedVerdict, rechained, rewriteHead } from './forge.ts';
import { ForgeDesk } from './forge-desk.ts';

/** Everything here is committed with our own library, so that seal, objects and chain hold: only semantics can object. */
describe('a rehearsal that was forged', () => {
  const at = new ForgeDesk();

  it('is accepted where nothing was: the forger itself works', async () => {
    expect(await at.verify(await at.commit(at.good))).toEqual([]);
  });

  it('is not judged where the log does not say under which policy', async () => {
    const { tail } = await at.ledger.head();
    rewriteHead(at.desk, () => rechained(tail.slice(1)));
    const report = await verifyRevision(at.ledger, '@0');
    expect(report.levels).toMatchObject({
      objects: 'done',
      seal: 'done',
      chain: 'failed',
      semantics: 'skipped',
    });
    expect(codes(report.findings)).toEqual([
      ['POLICY_MISMATCH', 'records/0'],
      ['LEVEL_SKIPPED', 'semantics'],
    ]);
  });

  it('text that says something else than the objects', async () => {
    const forged = await at.commit(at.good, {
      files: { 'verdict.json': '{"accepted": true}\n' },
    });
    expect(await at.verify(forged)).toEqual([['TREE_DIFFERS', 'verdict.json']]);
  });

  it('a file too many and a file too few', async () => {
    const forged = await at.commit(at.good, {
      files: { 'PERMIT.md': 'granted\n', 'row-changes.json': null },
    });
    expect(await at.verify(forged)).toEqual([
      ['TREE_DIFFERS', 'PERMIT.md'],
      ['TREE_DIFFERS', 'row-changes.json'],
    ]);
  });

  it('a rejected verdict made an accepted one', async () => {
    const verdict = putObject(at.bad.objects, { ...forgedVerdict(at.bad), accepted: true, findings: [] });
    const found = await at.verify(await at.commit({ ...at.bad, verdict }));
    expect(found.filter(([, path]) => path === 'verdict')).toEqual([
      ['VERDICT_DIFFERS', 'verdict'],
      ['VERDICT_REJECTED', 'verdict'],
    ]);
  });

  it('an accepted verdict made a rejected one', async () => {
    const findings = [{ code: 'NO_REAL_CHANGE', path: 'delta', detail: 'invented' }];
    const verdict = putObject(at.good.objects, { ...forgedVerdict(at.good), accepted: false, findings });
    expect(await at.verify(await at.commit({ ...at.good, verdict }))).toEqual([
      ['VERDICT_DIFFERS', 'verdict'],
    ]);
  });

  it('other findings than the validator gives', async () => {
    const findings = [{ code: 'LEG_MISSING', path: 'legs', detail: 'invented' }];
    const verdict = putObject(at.bad.objects, { ...forgedVerdict(at.bad), findings });
    const found = await at.verify(await at.commit({ ...at.bad, verdict }));
    expect(found.filter(([, path]) => path === 'verdict')).toEqual([
      ['VERDICT_DIFFERS', 'verdict'],
      ['VERDICT_REJECTED', 'verdict'],
    ]);
  });

  type Said = ReturnType<typeof forgedVerdict>;
  it.each<['faults' | 'selftest', (said: Said) => Partial<Said>]>([
    ['faults', () => ({ faults: [] })],
    ['faults', () => ({ faults: [{ name: 'no-mutation', rejected: true }] })],
    ['selftest', ({ selftest }) => ({ selftest: { ...selftest!, passed: selftest!.passed - 1 } })],
  ])('a verdict that says more or less of its validator: %s', async (what, change) => {
    const said = forgedVerdict(at.good);
    const verdict = putObject(at.good.objects, { ...said, ...change(said) });
    expect(await at.verify(await at.commit({ ...at.good, verdict }))).toEqual([
      ['VERDICT_DIFFERS', `verdict/${what}`],
    ]);
  });

  it.each([
    ['of other cases', { vectors: new Uint8Array(32), passed: 1000, of: 1000 }, ['SELFTEST_UNKNOWN']],
    ['of none', null, []],
  ])(
    'a verdict with a selftest %s, as another version may know it: a note at most',
    async (_, selftest, noted) => {
      const verdict = putObject(at.good.objects, { ...forgedVerdict(at.good), selftest });
      const report = await verifyRevision(at.ledger, `@${await at.commit({ ...at.good, verdict })}`);
      expect([report.ok, codes(report.notes).map(([code]) => code)]).toEqual([true, noted]);
    },
  );

  it.each([
    ['another plan', (text: string) => text.replace(/^name: .*$/m, 'name: another')],
    ['no YAML', () => 'name: ['],
    ['what JSON cannot say', (text: string) => `${text}session: { x: .inf }\n`],
  ])('a plan whose file says %s than what was judged', async (_, change) => {
    const { objects } = at.good;
    const rehearsal = decodeKind('rehearsal', objects.get(at.good.rehearsal.digest));
    const plan = decodeKind('plan', objects.get(rehearsal.plan.digest));
    const text = Buffer.from(objects.get(plan.written.digest)).toString();
    const written = storeContent(objects, new Uint8Array(Buffer.from(change(text))));
    const subject = putObject(objects, { ...rehearsal, plan: putObject(objects, { ...plan, written }) });
    const verdict = putObject(objects, { ...forgedVerdict(at.good), subject });
    expect(await at.verify(await at.commit({ objects, rehearsal: subject, verdict }))).toEqual([
      ['DOCUMENT_DIFFERS', 'plan.yaml'],
    ]);
  });

  it('a verdict about another rehearsal', async () => {
    const links: [string, typeof at.good.verdict][] = [
      ['rehearsal', at.bad.rehearsal],
      ['verdict', at.good.verdict],
    ];
    for (const [id, { codec, bytes }] of at.bad.objects.entries()) at.good.objects.put(codec, id, bytes);
    const found = await at.verify(await at.commit(at.good, { links }));
    expect(found).toContainEqual(['VERDICT_DIFFERS', 'verdict/subject']);
    expect(found).toContainEqual(['VERDICT_REJECTED', 'verdict']);
  });

  it('a macro that the plan does not name', async () => {
    const forged = await at.commit(at.good, { change: (packet) => ({ ...packet, macro: 'GO' }) });
    expect(await at.verify(forged)).toEqual([['EVIDENCE_MALFORMED', 'packet/macro']]);
  });

  it.each(['rehearsal', 'approval'])('a packet that also links another thing as its %s', async (name) => {
    for (const [id, { codec, bytes }] of at.bad.objects.entries()) at.good.objects.put(codec, id, bytes);
    const links: [string, typeof at.good.verdict][] = [
      ['rehearsal', at.good.rehearsal],
      ['verdict', at.good.verdict],
      [name, at.bad.rehearsal],
    ];
    expect(await at.verify(await at.commit(at.good, { links }))).toEqual([
      ['EVIDENCE_MALFORMED', 'packet/links/2'],
    ]);
  });

  it.each([
    ['a file that is a program', 'plan.json', 'exec', 'TREE_DIFFERS'],
    ['a manifest that is a symlink', 'HASH_MANIFEST.txt', 'symlink', 'SPECIAL_FILE'],
    ['a folder too many', 'APPROVED', 'dir', 'TREE_DIFFERS'],
  ] as const)('a tree with %s', async (_, name, mode, code) => {
    const { objects, rehearsal, verdict } = at.good;
    const { tree } = sealFiles(packetFiles(rehearsal, [verdict], objects), objects);
    const { entries } = decodeKind('tree', objects.get(tree.digest));
    const forged = await at.commit(at.good, {
      change: (packet, sink) => {
        const builder = new TreeBuilder(sink);
        const empty = new TreeBuilder(sink).finish();
        const named = entries.filter((entry) => 'name' in entry);
        const own = named.find((entry) => entry.name === name) ?? { name, link: empty };
        const others = named.filter((entry) => entry.name !== name);
        for (const entry of [...others, { ...own, mode }].sort((a, b) => compareNames(a.name, b.name)))
          builder.add(entry);
        return { ...packet, tree: builder.finish() };
      },
    });
    const { findings } = await verifyRevision(at.ledger, `@${forged}`);
    expect(codes(findings)).toContainEqual([code, name]);
  });

  it('a rehearsal without a verdict is never ok', async () => {
    const without = await at.commit(at.good, { links: [['rehearsal', at.good.rehearsal]] });
    expect(await at.verify(without)).toEqual([['VERDICT_MISSING', 'verdict']]);
  });

  it.each([
    ['names another seal', { seal: new Uint8Array(32) }, ['SEAL_UNEXPECTED', 'packet_tree.sha256']],
  ] as const)('a packet object that %s', async (_what, change, expected) => {
    const forged = await at.commit(at.good, { change: (packet) => ({ ...packet, ...change }) });
    const report = await verifyRevision(at.ledger, `@${forged}`);
    expect(report.levels.seal).toBe('failed');
    expect(codes(report.findings)).toEqual([expected]);
  });
});
