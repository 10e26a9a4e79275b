import { beforeEach, describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import { nodeLink, type Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putBlob, putObject, type ObjectSource } from '../../src/objects/sink.ts';
import type { ChainReport } from '../../src/verify/chain.ts';
import { policyAt, readEntries } from '../../src/verify/log-entries.ts';

let objects: MemoryObjects;
let policies: [Link, Link];
let records: ChainReport['entries'][number][];
let source: ObjectSource;

type Typed =
  { type: 'policy'; policy: Link } | { type: 'rerun'; rerun: Link } | { type: 'packet'; packet: Link };
const entry = (typed: Typed): Link =>
  putObject(objects, { kind: 'entry', v: 2, ...typed, author: 'a', lane: 'l', message: '', time: 0 });

function policy(previous: Link | null): Link {
  return putObject(objects, {
    kind: 'policy',
    v: 2,
    previous,
    validators: [],
    expected: [],
    isolation: [],
    roles: [],
    required: [],
  });
}

beforeEach(() => {
  objects = new MemoryObjects();
  source = { get: async (id) => objects.get(id) };
  const first = policy(null);
  policies = [first, policy(first)];
  const rerun = nodeLink(putBlob(objects, new Uint8Array([1])).digest);
  const entries = [
    entry({ type: 'policy', policy: first }),
    entry({ type: 'packet', packet: rerun }),
    entry({ type: 'rerun', rerun }),
    entry({ type: 'policy', policy: policies[1] }),
    entry({ type: 'policy', policy: first }),
  ];
  records = entries.map((link, index) => ({ index, entry: link, signatures: [] }));
});

describe('the entries of a log', () => {
  it('say which policy is in force at which record, and what claims to be a rerun', async () => {
    const read = await readEntries(source, records);
    const at = [0, 1, 2, 3, 4].map((index) => policyAt(read, index)?.id);
    const [first, second] = policies.map(({ digest }) => digest);
    expect(at).toEqual([first, first, first, second, second]);
    expect(policyAt(read, 5)).toBeUndefined();
    expect(read.reruns.map(({ index }) => index)).toEqual([2]);
    expect(read.findings.map(({ code, path }) => [code, path])).toEqual([['POLICY_MISMATCH', 'records/4']]);
  });

  it.each([
    ['is missing from the chain', (i: number) => records.splice(i, 1)],
    [
      'is none',
      (i: number) => (records[i] = { index: i, entry: nodeLink(policies[0].digest), signatures: [] }),
    ],
  ])('say nothing of the policy from the record on whose entry %s', async (_, damage) => {
    damage(1);
    const read = await readEntries(source, records);
    expect(policyAt(read, 0)?.id).toBe(policies[0].digest);
    expect([1, 2, 3].map((index) => policyAt(read, index))).toEqual([undefined, undefined, undefined]);
  });

  it('pass on what the disk refuses: that is no damage', async () => {
    source = {
      get: async () => {
        throw new CustodyError('IO_FAILED', 'no');
      },
    };
    await expect(readEntries(source, records)).rejects.toMatchObject({ code: 'IO_FAILED' });
  });
});
