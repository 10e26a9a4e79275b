import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/objects/digest.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { sealFiles, type SealedTree } from '../../src/packets/make-packet.ts';
import { preparePacket, requirePlace, writePacket } from '../../src/packets/out-folder.ts';
import { makeTestFolder } from '../support/folder.ts';
import { ENDED, temporaryOf } from '../support/killed.ts';
import { refuses } from '../support/refusals.ts';

describe('a packet that is written into a folder', () => {
  let dir: string;
  let made: SealedTree;
  const objects = new MemoryObjects();
  const get = async (id: Digest): Promise<Uint8Array> => objects.get(id);
  const names = (path = dir): string[] => readdirSync(path).sort();
  const packetOf = (text: string): SealedTree => sealFiles(new Map([['a.txt', Buffer.from(text)]]), objects);
  const PACKET = ['HASH_MANIFEST.txt', 'a.txt', 'packet_tree.sha256'];
  beforeEach(() => {
    dir = join(makeTestFolder('out'), 'packet');
    made = packetOf('alpha\n');
  });

  it.each(['new', 'empty'])('that is %s: is there whole', async (which) => {
    if (which === 'empty') mkdirSync(dir);
    expect(await writePacket(dir, made, get)).toMatchObject({ files: 3 });
    expect(names()).toEqual(PACKET);
  });

  it('is nowhere before it is placed, and gone where it is not', async () => {
    {
      await using packet = await preparePacket(dir, made, get);
      expect([packet.files, existsSync(dir)]).toEqual([3, false]);
    }
    expect(names(dirname(dir))).toEqual([]);
    {
      await using packet = await preparePacket(dir, made, get);
      mkdirSync(join(dir, 'mine'), { recursive: true });
      await refuses(packet.place(), 'USAGE');
    }
    expect([names(dirname(dir)), names()]).toEqual([['packet'], ['mine']]);
  });

  it('that lies in a ledger, or cannot be made, is refused', async () => {
    const ledger = join(dir, '.custody');
    mkdirSync(join(ledger, 'packs'), { recursive: true });
    await requirePlace(join(ledger, 'packs/x'));
    writeFileSync(join(ledger, 'config.yaml'), '');
    await refuses(requirePlace(join(ledger, 'packs/x/y')), 'USAGE');
    await refuses(requirePlace(join(ledger, 'config.yaml/x')), 'USAGE');
    writeFileSync(join(dir, 'file'), '');
    await refuses(requirePlace(join(dir, 'file/x')), 'PATH_NOT_A_FOLDER');
    await refuses(requirePlace(join(dir, 'x'.repeat(300))), 'PATH_NOT_FOUND');
  });

  it('that holds only what a killed writer left there: that is cleared away', async () => {
    mkdirSync(join(dir, temporaryOf(ENDED, 'folder')), { recursive: true });
    await requirePlace(dir);
    await writePacket(dir, made, get);
    expect(names()).toEqual(PACKET);
  });

  it('that holds something by now: nothing of it is touched', async () => {
    mkdirSync(join(dir, 'mine'), { recursive: true });
    writeFileSync(join(dir, 'mine/precious'), 'x');
    await refuses(writePacket(dir, made, get), 'USAGE');
    expect([names(), names(join(dir, 'mine'))]).toEqual([['mine'], ['precious']]);
  });

  it('by two at once, often: one has it, and the other takes nothing of it away', async () => {
    for (let round = 0; round < 60; round++) {
      const place = join(dir, String(round));
      mkdirSync(place, { recursive: true });
      const ended = await Promise.allSettled([writePacket(place, made, get), writePacket(place, made, get)]);
      expect(ended.map(({ status }) => status)).toContain('fulfilled');
      expect(names(place)).toEqual(PACKET);
    }
  });

  it('and does not match its seal: nothing is left of it', async () => {
    const other = packetOf('ALPHA\n');
    mkdirSync(dir);
    const mismatched = { tree: made.tree, seal: other.seal };
    await refuses(writePacket(dir, mismatched, get), 'PACKET_BROKEN');
    expect(names()).toEqual([]);
  });
});
