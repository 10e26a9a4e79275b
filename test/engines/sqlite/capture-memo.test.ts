import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { captureDatabase } from '../../../src/engines/sqlite/capture/capture.ts';
import { CaptureMemo } from '../../../src/engines/sqlite/capture-memo.ts';
import type { Digest } from '../../../src/objects/digest.ts';
import type { Codec } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { insertOnly, make, prepare, useTemp } from './helpers.ts';
import { refuses } from '../../support/refusals.ts';

const temp = useTemp();
const source = (name: string): string =>
  make(temp.file(name), 'CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)');

/** Counts what is put: a capture that was remembered puts nothing. */
class Counting extends MemoryObjects {
  puts = 0;
  override put(codec: Codec, digest: Digest, bytes: Uint8Array): void {
    this.puts++;
    super.put(codec, digest, bytes);
  }
  /** Whether `work` captured in full. */
  async full(work: Promise<unknown>): Promise<boolean> {
    const was = this.puts;
    await work;
    return this.puts > was;
  }
}

describe('captures of the same bytes', () => {
  it('are made in full twice, and remembered from then on', async () => {
    const path = source('memo.db');
    const copy = temp.file('memo-copy.db');
    copyFileSync(path, copy);
    const seen: string[] = [];
    const memo = new CaptureMemo((file, sink) => {
      seen.push(file);
      return captureDatabase(file, sink);
    });
    const sink = new MemoryObjects();
    const first = await memo.capture(path, sink);
    // Another file with the same bytes is the second capture; a third is remembered.
    for (const file of [copy, path, copy]) expect(await memo.capture(file, sink)).toEqual(first);
    expect(seen).toEqual([path, copy]);
  });

  it('are remembered for one sink alone', async () => {
    const path = source('sinks.db');
    let full = 0;
    const memo = new CaptureMemo((file, sink) => (full++, captureDatabase(file, sink)));
    const [a, b] = [new MemoryObjects(), new MemoryObjects()];
    for (const sink of [a, a, a, b, b, b]) await memo.capture(path, sink);
    expect(full).toBe(4);
    expect(b.size).toBe(a.size);
  });

  it('must agree', async () => {
    const path = source('lies.db');
    const other = make(temp.file('other.db'), 'CREATE TABLE other(a)');
    let calls = 0;
    const memo = new CaptureMemo((file, sink) => captureDatabase(calls++ === 0 ? file : other, sink));
    const sink = new MemoryObjects();
    await memo.capture(path, sink);
    await refuses(memo.capture(path, sink), 'ENGINE_FAILED');
    await refuses(memo.capture(path, sink), 'ENGINE_FAILED');
  });

  it('are not mistaken for those of other bytes: one bit is enough', async () => {
    const path = source('bit.db');
    const sink = new MemoryObjects();
    const memo = new CaptureMemo(captureDatabase);
    const digests = new Set<string>();
    for (let i = 0; i < 3; i++) digests.add((await memo.capture(path, sink)).snapshot.digest);
    const bytes = readFileSync(path);
    // The last byte of the file is the value of the first row.
    bytes[bytes.length - 1]! ^= 4;
    writeFileSync(path, bytes);
    digests.add((await memo.capture(path, sink)).snapshot.digest);
    expect(digests.size).toBe(2);
  });
});

it('a rehearsal captures the before-state twice, and what is changed each time', async () => {
  await using workspace = await prepare(source('legs.db'));
  const sink = new Counting();
  await using clone = await workspace.restore('T');
  const before = await clone.capture(sink);
  expect(await sink.full(clone.capture(sink))).toBe(true);
  expect(await sink.full(clone.capture(sink))).toBe(false);
  {
    await using session = await clone.open();
    await session.begin();
    // Nothing was changed yet: an image of the same bytes.
    expect((await session.capture(sink)).snapshot).toEqual(before.snapshot);
    await session.apply(Buffer.from('INSERT INTO t VALUES (3)'), insertOnly('t'));
    expect(await sink.full(session.capture(sink))).toBe(true);
    await session.rollback();
  }
  expect(await sink.full(clone.capture(sink))).toBe(false);
  {
    await using session = await clone.open();
    await session.begin();
    await session.apply(Buffer.from('INSERT INTO t VALUES (3)'), insertOnly('t'));
    await session.commit();
  }
  expect(await sink.full(clone.capture(sink))).toBe(true);
  expect((await clone.capture(sink)).snapshot.digest).not.toBe(before.snapshot.digest);
  await clone.reset();
  expect(await sink.full(clone.capture(sink))).toBe(false);
  expect((await clone.capture(sink)).snapshot).toEqual(before.snapshot);
  const other = new Counting();
  expect(await other.full(clone.capture(other))).toBe(true);
});
