import { beforeEach, describe, expect, it } from 'vitest';
import { fromSystemError } from '../../src/errors.ts';
import type { Digest } from '../../src/objects/digest.ts';
import type { Backend } from '../../src/store/backend.ts';
import { PackStore } from '../../src/store/pack-store.ts';
import { scrub } from '../../src/store/scrub.ts';
import { refusedWith, refuses } from '../support/refusals.ts';
import { memoryHarness } from './harness.ts';
import { store, utf8 } from './objects.ts';

/** What the machine refuses is not missing, and not damaged. */
describe('a pack that cannot be opened', () => {
  let backend: Backend;
  let [here, hidden]: (Digest | undefined)[] = [];
  let fault: string | undefined;

  beforeEach(async () => {
    const sound = memoryHarness().open();
    const target = await PackStore.open(sound);
    [here] = (await store(target, [utf8('here')])).digests;
    const { digests, packs } = await store(target, [utf8('hidden')]);
    [hidden] = digests;
    fault = 'EMFILE';
    const failing = (name: string): void => {
      if (fault === undefined || (name !== packs[0] && name !== 'main')) return;
      const { message } = new Error('too many open files');
      throw fromSystemError(Object.assign(new Error(message), { code: fault, syscall: 'open' }), name);
    };
    backend = Object.assign(Object.create(sound) as Backend, {
      sync: null,
      size: async (name: string) => (failing(name), sound.size(name)),
      readHead: async (name: string) => (failing(name), sound.readHead(name)),
      list: (prefix: 'packs/' | 'heads/') => (prefix === 'heads/' ? heads() : sound.list(prefix)),
      readRange: async (...[name, at, length]: Parameters<Backend['readRange']>) => (
        failing(name),
        sound.readRange(name, at, length)
      ),
    });
  });

  it('hides nothing that lies elsewhere, and what may lie in it is not called missing', async () => {
    const target = await PackStore.open(backend);
    expect(await target.get(here!)).toEqual(utf8('here'));
    expect(await target.has(here!)).toBe(true);
    expect(await target.findPrefix(here!.slice(0, 8))).toEqual([here]);
    for (const ask of [
      () => target.get(hidden!),
      () => target.has(hidden!),
      () => target.findPrefix(hidden!.slice(0, 8)),
      () => all(target),
    ])
      expect(await refusedWith(ask)).toBe('IO_FAILED');
  });

  it('is opened again when it is asked for again', async () => {
    const target = await PackStore.open(backend);
    await refuses(() => target.get(hidden!), 'IO_FAILED');
    fault = undefined;
    expect(await target.get(hidden!)).toEqual(utf8('hidden'));
    expect(await refusedWith(() => target.get('0'.repeat(64) as Digest))).toBe('OBJECT_MISSING');
  });

  it.each([
    ['EMFILE', 'IO_FAILED'],
    ['EACCES', 'PERMISSION_DENIED'],
  ] as const)('is not damaged for %s', async (system, code) => {
    fault = system;
    await refuses(() => scrub(backend), code);
  });

  it('is damaged where the disk does not give it back, as a head is', async () => {
    fault = 'EIO';
    const { findings } = await scrub(backend);
    expect(findings.map((found) => found.code)).toEqual(['HEAD_DAMAGED', 'PACK_DAMAGED']);
  });

  it('is told where it is a head', async () => {
    fault = 'EACCES';
    const list = (prefix: string) => (prefix === 'heads/' ? heads() : nothing());
    await refuses(
      () => scrub(Object.assign(Object.create(backend) as Backend, { list })),
      'PERMISSION_DENIED',
    );
  });
});

async function* heads(): AsyncIterable<string> {
  yield 'heads/main';
}

async function* nothing(): AsyncIterable<string> {
  // no pack
}

async function all(target: PackStore): Promise<void> {
  for await (const _ of target.list());
}
