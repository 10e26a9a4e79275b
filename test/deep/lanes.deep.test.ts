import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { verifyRevision } from '../../src/workflows/verify.ts';
import { smallLedger, useFolder } from './ledgers.ts';

const folder = useFolder();
const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('lane-child.ts', import.meta.url));
const LANES = 8;
const PACKETS = 10;

it('8 processes commit 10 packets each at once: 80 records, none lost, all verified, while others read', async () => {
  const dir = folder.file('ledger');
  const scratch = folder.file('scratch');
  mkdirSync(scratch);
  await (await smallLedger(dir))[Symbol.asyncDispose]();
  let writing = true;
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    run(process.execPath, [CHILD, dir, scratch, `lane-${lane}`, String(PACKETS)]),
  );
  const done = Promise.all(lanes).finally(() => {
    writing = false;
  });
  let reads = 0;
  let size = 1;
  while (writing) {
    await using ledger = await Ledger.open(dir);
    const head = await ledger.head();
    expect(head.size).toBeGreaterThanOrEqual(size);
    size = head.size;
    const report = await verifyRevision(ledger, 'HEAD', {});
    expect(report.findings).toEqual([]);
    reads++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const printed = (await done).flatMap(({ stdout }) => stdout.trim().split('\n'));
  expect(reads).toBeGreaterThan(0);
  expect(printed).toHaveLength(LANES * PACKETS);

  await using ledger = await Ledger.open(dir);
  const head = await ledger.head();
  expect(head.size).toBe(1 + LANES * PACKETS);
  const acknowledged = new Map(printed.map((line) => line.split(' ') as [string, string]));
  expect(acknowledged.size).toBe(LANES * PACKETS);
  const perLane = new Map<string, number>();
  for await (const { index, record } of ledger.records(head, head.size - 1, 1)) {
    expect(acknowledged.get(String(index))).toBe(record.entry.digest);
    const { lane } = decodeKind('entry', await ledger.store.get(record.entry.digest));
    perLane.set(lane, (perLane.get(lane) ?? 0) + 1);
  }
  expect([...perLane.values()]).toEqual(Array(LANES).fill(PACKETS));
  const report = await fsckLedger(ledger);
  expect(report.findings).toEqual([]);
  expect(report.records).toBe(head.size);
  for (const revision of ['HEAD', '@1', '@40']) {
    const { ok, findings, levels } = await verifyRevision(ledger, revision, {
      require: ['objects', 'chain'],
    });
    expect({ ok, findings }).toEqual({ ok: true, findings: [] });
    expect(levels).toMatchObject({ seal: 'done', objects: 'done', chain: 'done', signatures: 'done' });
  }
});
