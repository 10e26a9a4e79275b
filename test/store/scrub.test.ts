import { existsSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CustodyError, type ErrorCode } from '../../src/errors.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { type Backend, packName } from '../../src/store/backend.ts';
import { swapHead } from '../../src/store/heads.ts';
import { PackStore } from '../../src/store/pack-store.ts';
import { scrub } from '../../src/store/scrub.ts';
import { flipped, fsHarness, type Harness, memoryHarness, readAll } from './harness.ts';
import { ELSEWHERE, ENDED, lay, MAKERS, temporaryOf } from '../support/killed.ts';
import { lacking } from '../support/lacking.ts';
import { incompressible, sampleHead, sampleObject, store, storeSample, utf8 } from './objects.ts';
import { refusedWith, refuses } from '../support/refusals.ts';

const NOTHING = { packs: 0, objects: 0, bytes: 0, leftovers: [], findings: [] };
const lack = lacking('Linux');

const codes = async (backend: Backend): Promise<string[]> =>
  (await scrub(backend)).findings.map(({ code }) => code);

describe('scrub', () => {
  let harness: Harness;
  let backend: Backend;
  beforeEach(() => {
    harness = fsHarness();
    backend = harness.open();
  });
  afterEach(() => harness.dispose());

  it('counts what is sound', async () => {
    const { pack } = await storeSample(await PackStore.open(backend));
    await using lock = await backend.lock();
    const { bytes } = await swapHead(backend, lock, null, sampleHead(1));
    const seen: string[] = [];
    const result = await scrub(backend, { onFile: (name) => seen.push(name) });
    expect(result.findings).toEqual([]);
    expect(result).toMatchObject({ packs: 1, objects: 4, bytes: (await backend.size(pack))! + bytes.length });
    expect(seen).toEqual([pack, 'heads/main']);
  });

  it('finds nothing in an empty ledger, also where the empty folders are missing', async () => {
    expect(await scrub(backend)).toEqual(NOTHING);
    harness.tamper('packs', null);
    harness.tamper('heads', null);
    expect(await scrub(backend)).toEqual(NOTHING);
    await storeSample(await PackStore.open(backend));
    expect((await scrub(backend)).packs).toBe(1);
  });

  it('names files that are not ours', async () => {
    const { pack } = await storeSample(await PackStore.open(backend));
    harness.tamper('packs/.tmp-1-00', utf8('x'));
    harness.tamper('packs/README', utf8('x'));
    harness.tamper(`${pack}.bak`, utf8('x'));
    harness.tamper('heads/Main', utf8('x'));
    const { findings } = await scrub(backend);
    expect(findings.map(({ code }) => code)).toEqual(Array(4).fill('FILE_FOREIGN'));
    expect(findings.map(({ path }) => path)).toEqual(
      ['heads/Main', 'packs/.tmp-1-00', `${pack}.bak`, 'packs/README'].sort(),
    );
  });

  it.skipIf(lack)(`temporary files are no damage, and named unless their writer runs${lack}`, async () => {
    for (const [, maker] of MAKERS) harness.tamper(`packs/${temporaryOf(maker)}`, utf8('half'));
    harness.tamper(`heads/${temporaryOf(ENDED)}`, utf8('half'));
    const { findings, leftovers } = await scrub(backend);
    expect(findings).toEqual([]);
    expect([...leftovers].sort()).toEqual(
      [
        ...MAKERS.slice(1).map(([, maker]) => `packs/${temporaryOf(maker)}`),
        `heads/${temporaryOf(ENDED)}`,
      ].sort(),
    );
  });

  it.each<[ErrorCode, string[] | 'thrown']>([
    ['PATH_NOT_FOUND', []],
    ['PERMISSION_DENIED', []],
    ['PATH_NOT_A_FILE', ['FILE_FOREIGN']],
    ['IO_FAILED', 'thrown'],
  ])('a temporary file that cannot be looked at: %s', async (code, found) => {
    harness.tamper(`packs/${temporaryOf(ENDED)}`, utf8('half'));
    vi.spyOn(backend, 'size').mockRejectedValue(new CustodyError(code, code));
    if (found === 'thrown') await refuses(scrub(backend), code);
    else expect((await scrub(backend)).findings.map((finding) => finding.code)).toEqual(found);
  });

  it('what has a temporary name and is no regular file is foreign, and nobody waits for it', async () => {
    const [a, b] = [temporaryOf(ENDED), temporaryOf(ELSEWHERE)].map((name) =>
      join(backend.location, 'packs', name),
    );
    execFileSync('mkfifo', [a!]);
    symlinkSync('elsewhere', b!);
    mkdirSync(join(backend.location, 'packs', temporaryOf({ ...ENDED, start: '1' })));
    await storeSample(await PackStore.open(backend)); // what writes would sweep
    const { findings, leftovers } = await scrub(backend);
    expect(findings.map(({ code }) => code)).toEqual(Array(3).fill('FILE_FOREIGN'));
    expect(leftovers).toEqual([]);
  });

  it.skipIf(lack)(
    `the next writer removes what a killed one left, or nobody known a day ago${lack}`,
    async () => {
      const at = (name: string): string => join(backend.location, name);
      const young = [`packs/${temporaryOf(ELSEWHERE)}`];
      const old = temporaryOf({ ...ELSEWHERE, start: '1' });
      const gone = [`packs/${temporaryOf(ENDED)}`, `packs/${old}`];
      for (const name of [...young, ...gone]) harness.tamper(name, utf8('half'));
      lay(at(gone[1]!), 25);
      await storeSample(await PackStore.open(backend));
      expect([...young, ...gone].map((name) => existsSync(at(name)))).toEqual([true, false, false]);
      harness.tamper(`heads/${temporaryOf(ENDED)}`, utf8('half'));
      await using lock = await backend.lock();
      await swapHead(backend, lock, null, sampleHead(1));
      expect((await scrub(backend)).leftovers).toEqual(young);
    },
  );

  it('names a second head', async () => {
    harness.tamper('heads/other', utf8('x'));
    const { findings } = await scrub(backend);
    expect(findings.map(({ code, path }) => [code, path])).toEqual([['FILE_FOREIGN', 'heads/other']]);
  });

  it('takes no link for a pack or a head, however sound what it leads to', async () => {
    const { pack } = await storeSample(await PackStore.open(backend));
    await using lock = await backend.lock();
    await swapHead(backend, lock, null, sampleHead(1));
    for (const [i, name] of [pack, 'heads/main'].entries()) {
      renameSync(join(harness.dir!, name), join(harness.dir!, `away-${i}`));
      symlinkSync(join(harness.dir!, `away-${i}`), join(harness.dir!, name));
    }
    const { findings } = await scrub(backend);
    expect(findings.map(({ code, path }) => [code, path])).toEqual([
      ['HEAD_DAMAGED', 'heads/main'],
      ['PACK_DAMAGED', pack],
    ]);
  });

  it('does not hang or fail on what is no file under a pack name', async () => {
    const name = (digit: string): string => packName(digit.repeat(64));
    mkdirSync(join(harness.dir!, name('a')));
    execFileSync('mkfifo', [join(harness.dir!, name('b'))]);
    symlinkSync('/dev/zero', join(harness.dir!, name('c')));
    symlinkSync('nowhere', join(harness.dir!, name('d')));
    harness.tamper(name('e'), new Uint8Array());
    const { findings } = await scrub(backend);
    expect(findings.map(({ code, path }) => [code, path])).toEqual([
      ['PACK_DAMAGED', name('a')],
      ['PACK_DAMAGED', name('b')],
      ['PACK_DAMAGED', name('c')],
      ['PACK_DAMAGED', name('d')],
      ['PACK_DAMAGED', name('e')],
      ['PACK_MISNAMED', name('e')],
    ]);
    const target = await PackStore.open(backend);
    const { digests } = await store(target, [utf8('still works')]);
    expect(await target.get(digests[0]!)).toEqual(utf8('still works'));
  });

  it('finds a sound pack under another name', async () => {
    const { pack } = await storeSample(await PackStore.open(backend));
    const bytes = await readAll(backend, pack);
    harness.tamper(packName('0'.repeat(64)), bytes);
    expect(await codes(backend)).toEqual(['PACK_MISNAMED']);
  });

  it('goes on after each fault and reports all', async () => {
    const target = await PackStore.open(backend);
    const packs: string[] = [];
    for (let i = 0; i < 4; i++)
      packs.push((await store(target, [incompressible(300, i), incompressible(5000, 10 + i)])).packs[0]!);
    for (const pack of packs.slice(1)) harness.tamper(pack, flipped(await readAll(backend, pack), 200));
    harness.tamper('heads/main', utf8('nonsense'));
    const { findings, packs: seen } = await scrub(backend);
    expect(seen).toBe(4);
    const count = (code: string): number => findings.filter((finding) => finding.code === code).length;
    expect([count('OBJECT_DAMAGED'), count('PACK_MISNAMED'), count('HEAD_DAMAGED')]).toEqual([3, 3, 1]);
  });

  it('stops when told to', async () => {
    await storeSample(await PackStore.open(backend));
    await refuses(() => scrub(backend, { signal: AbortSignal.abort() }), 'INTERRUPTED');
  });
});

describe('one flipped byte anywhere', () => {
  it('in a pack is found, and costs no object but those it lies in', async () => {
    const harness = memoryHarness();
    const backend = harness.open();
    const target = await PackStore.open(backend);
    await using writer = await target.writer();
    const digests = [
      putBlob(writer, incompressible(700, 1)).digest,
      putBlob(writer, incompressible(200, 2)).digest,
      putObject(writer, sampleObject(3)).digest,
    ];
    const [pack] = await writer.finish();
    const whole = await readAll(backend, pack!);
    for (let at = 0; at < whole.length; at++) {
      harness.tamper(pack!, flipped(whole, at, 1 << (at & 7)));
      const { findings } = await scrub(backend);
      expect(findings.map(({ code }) => code)).toContain('PACK_MISNAMED');
      const reader = await PackStore.open(backend);
      const lost = await Promise.all(digests.map((digest) => refusedWith(() => reader.get(digest))));
      const inBlockTable =
        at >= 8 + 700 + 200 + 60 && lost.filter((code) => code !== 'none').length === digests.length;
      // The whole block goes only with its row in the block table; else at most one object does.
      if (!inBlockTable) expect(lost.filter((code) => code !== 'none').length).toBeLessThanOrEqual(1);
      const named = findings.filter(({ code }) => code === 'OBJECT_DAMAGED').length;
      if (lost.some((code) => code === 'OBJECT_CORRUPT')) expect(named).toBeGreaterThan(0);
    }
  });

  it('in a compressed pack is found, and never gives other bytes', async () => {
    const harness = memoryHarness();
    const backend = harness.open();
    const { digests, pack } = await storeSample(await PackStore.open(backend));
    const whole = await readAll(backend, pack);
    for (let at = 0; at < whole.length; at++) {
      harness.tamper(pack, flipped(whole, at, 1 << (at & 7)));
      expect(await codes(backend)).toContain('PACK_MISNAMED');
      const reader = await PackStore.open(backend);
      for (const digest of digests) {
        expect(['none', 'OBJECT_CORRUPT', 'OBJECT_MISSING', 'PACK_CORRUPT']).toContain(
          await refusedWith(() => reader.get(digest)),
        );
      }
    }
  });

  it('in a head is found', async () => {
    const harness = memoryHarness();
    const backend = harness.open();
    await using lock = await backend.lock();
    const { bytes } = await swapHead(backend, lock, null, sampleHead(9));
    for (let at = 0; at < bytes.length; at++) {
      harness.tamper('heads/main', flipped(bytes, at));
      expect(await codes(backend)).toEqual(['HEAD_DAMAGED']);
    }
  });
});
