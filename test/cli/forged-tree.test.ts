import { expect, it } from 'vitest';
import { decodeKind } from '../../src/objects/kinds.ts';
import { putBlob, putObject } from '../../src/objects/sink.ts';
import { parseDigest } from '../../src/objects/digest.ts';
import { codes, Desk, type Finding } from './desk.ts';

/** Whoever appends may put any tree under a true seal: no command may read from it what another one refuses. */
it('a forged file under a true seal is refused by every command', async () => {
  using desk = new Desk();
  await desk.init();
  const { seal, packet } = await desk.json<{ seal: string; packet: string }>(['commit', await desk.packet()]);
  {
    await using ledger = await desk.ledger();
    await using session = await ledger.session();
    const { writer } = session;
    const held = decodeKind('packet', await ledger.get(parseDigest(packet)));
    const tree = decodeKind('tree', await ledger.get(held.tree.digest));
    const link = putBlob(writer, Buffer.from('forged\n'));
    const entries = tree.entries.map((entry) =>
      'name' in entry && entry.name === 'a.txt' ? { ...entry, link } : entry,
    );
    const forged = putObject(writer, { ...held, tree: putObject(writer, { ...tree, entries }) });
    await session.append({
      type: 'packet',
      packet: forged,
      author: 'liar',
      lane: 'main',
      message: '',
    });
  }
  const faults = [
    ['MANIFEST_CHANGED', 'HASH_MANIFEST.txt'],
    ['SEAL_MALFORMED', 'packet_tree.sha256'],
    ['SEAL_UNEXPECTED', 'packet_tree.sha256'],
  ];
  const found = await desk.json<{ findings: Finding[]; levels: Record<string, string> }>(
    ['verify', 'HEAD', '--expect', seal],
    1,
  );
  expect(found.levels['seal']).toBe('failed');
  expect(new Set(codes(found.findings).map(String))).toEqual(new Set(faults.map(String)));
  const { findings } = await desk.json<{ findings: Finding[] }>(['fsck'], 1);
  expect(findings.map(({ code, path }) => [code, path.split('/').at(-1)])).toEqual(faults);
  for (const argv of [
    ['cat', 'HEAD:a.txt'],
    ['show', 'HEAD'],
    ['show', 'HEAD:b/c.txt'],
    ['unpack', 'HEAD', 'out'],
    ['diff', '@1', 'HEAD'],
    ['diff', 'HEAD:a.txt', '@1:a.txt'],
  ]) {
    const error = await desk.fails(argv, 'PACKET_BROKEN', 1);
    expect(codes(error.findings!), argv.join(' ')).toEqual(faults);
  }
  // What is sound stays readable beside it.
  expect((await desk.run(['cat', '@1:a.txt'])).stdout).toBe('alpha\n');
});
