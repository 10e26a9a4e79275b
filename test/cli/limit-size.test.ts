import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from '../../src/cli/main.ts';
import type { Link } from '../../src/objects/link.ts';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { sealFiles } from '../../src/packets/make-packet.ts';
import { putPacket } from '../../src/packets/store-packet.ts';
import { codes, Desk, type Finding } from './desk.ts';

interface Report {
  readonly ok: boolean;
  readonly levels: Record<string, string>;
  readonly findings: Finding[];
}

/** 1.25 MiB of zeros, of which 64 KiB are stored: sound, and larger than what is stored for it. */
it('what claims more than --limit-size, and more than is stored, is named and not hashed', async () => {
  using desk = new Desk();
  await desk.init();
  const zeros = new Uint8Array(65_537);
  let file: Link;
  {
    await using ledger = await desk.ledger();
    await using session = await ledger.session();
    const { writer } = session;
    const chunk = putBlob(writer, zeros);
    const entries = Array.from({ length: 20 }, (): [Link, number] => [chunk, zeros.length]);
    const chunks = putObject(writer, { kind: 'chunks', v: 1, level: 0, entries });
    const size = 20 * zeros.length;
    const sha256 = digestToBytes(digestOf(new Uint8Array(size)));
    file = putObject(writer, { kind: 'file', v: 1, size, sha256, chunks });
    const { tree, seal } = sealFiles(new Map([['zeros', file]]), writer);
    const packet = putPacket(writer, { tree, seal, macro: null, links: [] });
    await session.append({
      type: 'packet',
      packet,
      author: 'lane',
      lane: 'main',
      message: '',
    });
  }
  const found = [['CONTENT_NOT_HASHED', file.digest]];
  const limit = ['--limit-size', '1M'];
  expect((await desk.json<Report>(['verify', 'HEAD'])).ok).toBe(true);
  expect((await desk.json<Report>(['fsck'])).ok).toBe(true);
  const verified = await desk.json<Report>(['verify', 'HEAD', ...limit], 1);
  expect(verified).toMatchObject({ ok: false, levels: { objects: 'skipped', seal: 'skipped' } });
  expect(codes(verified.findings)).toEqual(
    expect.arrayContaining([...found, ['LEVEL_SKIPPED', 'objects'], ['LEVEL_SKIPPED', 'seal']]),
  );
  expect(codes((await desk.json<Report>(['fsck', ...limit], 1)).findings)).toEqual(found);
  for (const argv of [
    ['unpack', 'HEAD', 'out'],
    ['cat', file.digest],
    ['cat', 'HEAD:zeros'],
  ]) {
    const { findings } = await desk.fails([...argv, ...limit], 'OBJECT_TOO_LARGE', 1);
    expect(codes(findings!)).toEqual(found);
  }
  expect(existsSync(desk.path('out'))).toBe(false);
  await desk.json(['unpack', 'HEAD', 'out', '--limit-size', '2M']);
  expect(desk.bytes('out/zeros')).toHaveLength(20 * zeros.length);
  const pieces: number[] = [];
  const stdout = { write: (piece: string | Uint8Array) => pieces.push(piece.length) };
  const stderr = { write: () => true };
  const io = { stdout, stderr, env: desk.env, cwd: desk.dir, signal: new AbortController().signal };
  expect(await run(['cat', 'HEAD:zeros'], io)).toBe(0);
  expect(pieces).toEqual(Array(20).fill(zeros.length));
  for (const size of ['', '1.5G', '-1', '1g', '99999999999999T'])
    await desk.fails(['fsck', `--limit-size=${size}`], 'USAGE', 2);
});
