import { copyFileSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signerKey } from '../../../src/ledger/signer-key.ts';
import { digestOf, digestToBytes } from '../../../src/objects/digest.ts';
import { closure } from '../../../src/objects/closure.ts';
import { decodeKind, type ObjectOf } from '../../../src/objects/kinds.ts';
import { nodeLink } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { putObject } from '../../../src/objects/sink.ts';
import { driveAsync } from '../../../src/objects/walk.ts';
import { readEntries } from '../../../src/verify/log-entries.ts';
import { verifyChain } from '../../../src/verify/chain.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { verifyReruns } from '../../../src/verify/reruns.ts';
import type { RehearseResult } from '../../../src/workflows/rehearse.ts';
import { requireSealed, storePacket } from '../../../src/packets/store-packet.ts';
import { TEMPLATES } from '../../../src/packets/files/templates.ts';
import { commitForged, materialOf } from '../forge.ts';
import { Made } from './made.ts';

describe('rerun', () => {
  let made: Made;
  let result: RehearseResult;
  let other: RehearseResult;
  beforeAll(async () => {
    made = await Made.begin();
    result = await made.rehearse(made.plan('plan', { rollback: false }), 'packet');
    other = await made.rehearse(made.plan('other', { body: 'tree', rollback: false }));
    // Nothing of what was rehearsed is needed any more.
    for (const name of ['app.sqlite', 'plan.yaml', 'plan-sql']) rmSync(made.path(name), { recursive: true });
  }, 600_000);
  afterAll(() => made[Symbol.asyncDispose]());

  const trusted = (): { validators: [typeof made.validator] } => ({ validators: [made.validator] });

  it('gives the same seal, from an unpacked packet without a ledger', { timeout: 300_000 }, async () => {
    const again = await made.rerun('packet', { ...trusted(), out: made.path('again'), accepted: true });
    expect(again).toMatchObject({
      same: true,
      accepted: true,
      subject: result.rehearsal,
      again: result.rehearsal,
      seal: { subject: result.seal, again: result.seal },
      differences: [],
      files: [],
      findings: [],
      record: null,
    });
    const manifest = readFileSync(made.path('packet/HASH_MANIFEST.txt'));
    expect(readFileSync(made.path('again/HASH_MANIFEST.txt')).equals(manifest)).toBe(true);
  });

  it('gives the same from the ledger, and is signed and recorded', { timeout: 300_000 }, async () => {
    const { skey, vkey } = await signerKey('alice.example', made.keys);
    const again = await made.rerun('@1', { signer: { skey, author: 'alice', lane: 'audit' } });
    expect(again).toMatchObject({ same: true, seal: { again: result.seal }, record: 3, unsigned: null });
    await using ledger = await openLedger();
    const chain = await verifyChain(ledger, await ledger.head());
    const { reruns } = await readEntries(ledger.store, chain.entries);
    const subject = nodeLink(result.rehearsal);
    const counted = async (rerunners: string[]): Promise<boolean[]> =>
      (await verifyReruns(ledger, reruns, subject, { rerunners })).reruns.map((one) => one.counted);
    expect(await counted([vkey])).toEqual([true]);
    expect(await counted([])).toEqual([false]);
  });

  it('says which leg, table and row differ', { timeout: 300_000 }, async () => {
    const record = await forge((rehearsal, strange) => ({
      ...rehearsal,
      legs: rehearsal.legs.map((leg) => (leg.leg === 'R' ? { ...leg, after: strange.legs[1]!.after } : leg)),
      isolation: rehearsal.isolation.map((one) =>
        one.assertion === 'network-isolated' ? { ...one, holds: !one.holds } : one,
      ),
    }));
    const { skey } = await signerKey('alice.example', made.keys);
    const again = await made.rerun(`@${record}`, { signer: { skey, author: 'alice', lane: 'audit' } });
    expect(again).toMatchObject({ same: false, accepted: true, again: result.rehearsal });
    const rows = again.differences.filter(({ change }) => change !== null);
    expect(rows).toEqual([
      {
        path: 'rehearsal.json/legs/1/after',
        leg: 'R',
        name: null,
        before: null,
        after: null,
        change: {
          part: 'row',
          change: 'changed',
          table: 'posts',
          key: { columns: { id: 'p3' } },
          before: { id: 'p3', body: 'tree', at: { masked: true } },
          after: { id: 'p3', body: 'three', at: { masked: true } },
          columns: ['body'],
        },
      },
    ]);
    expect(again.differences.map(({ path }) => path)).toContain('rehearsal.json/legs/1/after');
    expect(again.differences.filter(({ name }) => name === 'network-isolated')).toMatchObject([
      { path: expect.stringMatching(/^rehearsal\.json\/isolation\/\d+\/holds$/) as string, leg: null },
    ]);
    expect(again.files).toContain('rehearsal.json');
    expect(new Set(again.findings.map(({ code }) => code))).toEqual(new Set(['RERUN_DIFFERS']));
    // That it differs is evidence, too.
    await using ledger = await openLedger();
    const rerun = decodeKind('rerun', await ledger.store.get(again.rerun!));
    expect(rerun).toMatchObject({ same: false });
    expect(rerun.differences.join('\n')).toContain(
      '(leg R): table posts, row id="p3": body="tree" → body="three"',
    );
  });

  it('notices a source with one other row, sealed anew', { timeout: 300_000 }, async () => {
    cpSync(made.path('packet'), made.path('swapped'), { recursive: true });
    made.database('swapped.sqlite', 'TWO');
    copyFileSync(made.path('swapped.sqlite'), made.path('swapped/source/source'));
    await sealFolder(made.path('swapped'), { force: true });
    const { skey } = await signerKey('alice.example', made.keys);
    const again = await made.rerun('swapped', {
      ...trusted(),
      signer: { skey, author: 'alice', lane: 'audit' },
    });
    // It names a rehearsal of the ledger, but is not what the ledger holds of it.
    expect(again).toMatchObject({ same: false, rerun: null, record: null });
    // Nor is it that because somebody appends that it is.
    for (const lie of ['tree', 'seal'] as const) {
      await frame('swapped', lie);
      const framed = await made.rerun('swapped', {
        ...trusted(),
        signer: { skey, author: 'alice', lane: 'audit' },
      });
      expect(framed).toMatchObject({ same: false, rerun: null, record: null });
    }
    const paths = again.differences.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['rehearsal.json/source/sha256', 'rehearsal.json/entry']));
  });

  it('notices a packet that says something else of the same run', { timeout: 300_000 }, async () => {
    cpSync(made.path('packet'), made.path('praise'), { recursive: true });
    made.write('praise/README.md', 'All is well.\n');
    await sealFolder(made.path('praise'), { force: true });
    const { skey } = await signerKey('alice.example', made.keys);
    const again = await made.rerun('praise', {
      ...trusted(),
      signer: { skey, author: 'alice', lane: 'audit' },
    });
    expect(again).toMatchObject({
      same: false,
      // Nobody signs that the rehearsal comes out otherwise: it does not.
      rerun: null,
      record: null,
      again: result.rehearsal,
      differences: [],
      more: 0,
      files: ['README.md'],
    });
    expect(again.findings.map(({ code, path }) => [code, path])).toEqual([['RERUN_DIFFERS', 'README.md']]);
  });

  it(
    'writes the words of the packet, which other releases may have shipped',
    { timeout: 300_000 },
    async () => {
      const older = 'Older words: {{plan.name}}\n';
      const [list, shipped] = [TEMPLATES as Map<string, readonly string[]>, TEMPLATES.get('README.md')!];
      list.set('README.md', [...shipped, digestOf(new Uint8Array(Buffer.from(older)))]);
      try {
        cpSync(made.path('packet'), made.path('older'), { recursive: true });
        made.write('older/templates/README.md', older);
        made.write('older/README.md', 'Older words: one more post\n');
        await sealFolder(made.path('older'), { force: true });
        expect(await made.rerun('older', trusted())).toMatchObject({ same: true, files: [] });
        await using ledger = await openLedger();
        const { rehearsal, verdict } = result;
        const files = { 'templates/README.md': older, 'README.md': 'Older words: one more post\n' };
        const record = await commitForged(ledger, await materialOf(ledger, { rehearsal, verdict }), {
          files,
        });
        expect(await made.rerun(`@${record}`, trusted())).toMatchObject({ same: true, files: [] });
      } finally {
        list.set('README.md', shipped);
      }
    },
  );

  describe('refuses, before anything runs', () => {
    const refused = async (subject: string, code: string, options = {}): Promise<void> => {
      await expect(made.rerun(subject, { ...trusted(), ...options })).rejects.toMatchObject({ code });
    };
    const copy = async (name: string, change: (dir: string) => void): Promise<string> => {
      cpSync(made.path('packet'), made.path(name), { recursive: true });
      change(name);
      await sealFolder(made.path(name), { force: true });
      return name;
    };

    it('a packet that does not fit its seal', async () => {
      cpSync(made.path('packet'), made.path('broken'), { recursive: true });
      made.write('broken/plan.yaml', `${readFileSync(made.path('packet/plan.yaml'), 'utf8')}\n`);
      await refused('broken', 'PACKET_BROKEN');
      rmSync(made.path('broken/packet_tree.sha256'));
      await refused('broken', 'PACKET_NOT_SEALED');
    });

    it('a validator that nobody trusts, also where the packet brings it', async () => {
      await refused('packet', 'VALIDATOR_NOT_PINNED', { validators: [] });
    });

    it('a validator whose file is another one than the trusted', async () => {
      await refused(
        await copy('lenient', (name) => made.write(`${name}/validator.mjs`, 'console.log(1)\n')),
        'PACKET_BROKEN',
      );
    });

    it('scripts that are not those of the plan', async () => {
      const name = await copy('scripts', (dir) => {
        const file = `${dir}/rehearsal.json`;
        made.write(file, readFileSync(made.path(file), 'utf8').replaceAll('plan-sql/insert.sql', 'x.sql'));
        made.write(`${dir}/scripts/x.sql`, 'SELECT 1;\n');
      });
      await refused(name, 'PACKET_BROKEN');
    });

    it('JSON that is nested without end', async () => {
      const name = await copy('nested', (dir) => {
        const file = `${dir}/rehearsal.json`;
        const text = readFileSync(made.path(file), 'utf8').trimEnd().slice(0, -1);
        made.write(file, `${text},"more":${'['.repeat(200_000)}${']'.repeat(200_000)}}\n`);
      });
      await refused(name, 'PACKET_BROKEN');
    });

    it('a folder that is no packet of a rehearsal, and a record that is none', async () => {
      made.write('plain/a.txt', 'a\n');
      await sealFolder(made.path('plain'));
      await refused('plain', 'PACKET_BROKEN');
      await refused('@0', 'USAGE');
    });

    it("the log's own name as a signer", async () => {
      const { skey } = await signerKey('test.example/log', made.keys);
      await refused('@1', 'USAGE', { signer: { skey, author: 'a', lane: 'b' } });
    });

    it('an --out that is not empty', async () => {
      await refused('packet', 'USAGE', { out: made.path('plain') });
      expect(existsSync(made.path('plain/README.md'))).toBe(false);
    });
  });

  const openLedger = async (): Promise<typeof made.ledger> => {
    const { Ledger } = await import('../../../src/ledger/ledger.ts');
    return Ledger.open(made.dir, { keys: made.keys });
  };

  /** Appends the links of the honest rehearsal with another folder, or with the seal of that alone. */
  async function frame(name: string, lie: 'tree' | 'seal'): Promise<void> {
    await using ledger = await openLedger();
    const honest = decodeKind('packet', await ledger.store.get(result.packet));
    const folder = made.path(name);
    const sealed = await requireSealed(folder);
    await using session = await ledger.session();
    const packet =
      lie === 'tree'
        ? (await storePacket(session.writer, folder, sealed, { macro: undefined, links: honest.links }))
            .packet
        : putObject(session.writer, { ...honest, seal: digestToBytes(sealed.seal) });
    const entry = { author: 'mallory', lane: 'main', message: '' };
    await session.append({ type: 'rehearsal', packet, run: nodeLink(result.run), ...entry });
  }

  /** Records a rehearsal as a liar would: changed, with a verdict that accepts it and the packet that both give. */
  async function forge(
    change: (rehearsal: ObjectOf<'rehearsal'>, strange: ObjectOf<'rehearsal'>) => ObjectOf<'rehearsal'>,
  ): Promise<number> {
    const { store } = made.ledger;
    const objects = new MemoryObjects();
    const links = [result, other].flatMap(({ rehearsal, verdicts }) => [rehearsal, verdicts[0]!.verdict]);
    for await (const { link, bytes } of driveAsync(closure(links.map(nodeLink)), (id) => store.get(id)))
      objects.put(link.codec, link.digest, bytes);
    const read = (id: typeof result.rehearsal): ObjectOf<'rehearsal'> =>
      decodeKind('rehearsal', objects.get(id));
    const rehearsal = putObject(objects, change(read(result.rehearsal), read(other.rehearsal)));
    const said = decodeKind('verdict', objects.get(result.verdicts[0]!.verdict));
    const verdict = putObject(objects, { ...said, subject: rehearsal });
    return commitForged(made.ledger, { objects, rehearsal, verdict });
  }
});
