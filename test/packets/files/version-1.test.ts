import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { resolveRevision } from '../../../src/ledger/revision.ts';
import { closure } from '../../../src/objects/closure.ts';
import { digestOf, type Digest } from '../../../src/objects/digest.ts';
import type { ObjectOf } from '../../../src/objects/kinds.ts';
import { nodeLink, type Link } from '../../../src/objects/link.ts';
import { MemoryObjects } from '../../../src/objects/memory-objects.ts';
import { driveAsync } from '../../../src/objects/walk.ts';
import { comparePacketFiles } from '../../../src/packets/files/compare.ts';
import type { PacketFiles } from '../../../src/packets/files/content.ts';
import { packetFiles } from '../../../src/packets/files/packet-files.ts';
import { firstReadme, type FirstReadmeParts } from '../../../src/packets/files/version-1.ts';
import { findPacket, linkOf } from '../../../src/packets/find-packet.ts';
import { makeTestFolder } from '../../support/folder.ts';

const FIXTURE = fileURLToPath(new URL('../../vectors/ledgers/v1/custody/', import.meta.url));

describe('a packet of version 1', () => {
  let dir: string;
  let ledger: Ledger;
  beforeEach(async () => {
    dir = makeTestFolder('v1');
    cpSync(FIXTURE, join(dir, '.custody'), { recursive: true });
    ledger = await Ledger.open(dir);
  });
  afterEach(async () => {
    await ledger[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  async function stored(): Promise<{
    packet: ObjectOf<'packet'>;
    objects: MemoryObjects;
    files: PacketFiles;
  }> {
    const found = await findPacket(ledger, await resolveRevision(ledger, '@2'));
    const { packet } = found!;
    const [rehearsal, verdict] = ['rehearsal', 'verdict'].map((name) => linkOf(packet.links, name)!) as [
      Link,
      Link,
    ];
    const objects = new MemoryObjects();
    for await (const { link, bytes } of driveAsync(closure([rehearsal, verdict]), get))
      objects.put(link.codec, link.digest, bytes);
    return { packet, objects, files: await packetFiles(rehearsal, [verdict], objects) };
  }
  const get = (id: Digest): Promise<Uint8Array> => ledger.store.get(id);

  it('is made again byte for byte', async () => {
    const { packet, files } = await stored();
    expect(files.size).toBe(8);
    expect(await comparePacketFiles(packet, files, get)).toEqual([]);
  });

  it('differs where one file says something else, is missing, or is one too many', async () => {
    const { packet, files } = await stored();
    const codes = async (change: (files: Map<string, unknown>) => void): Promise<[string, string][]> => {
      const changed = new Map(files);
      change(changed);
      const findings = await comparePacketFiles(packet, changed, get);
      return findings.map(({ code, path }) => [code, path]);
    };
    const differs = (path: string): [string, string][] => [['TREE_DIFFERS', path]];
    expect(await codes((f) => f.set('README.md', 'accepted\n'))).toEqual(differs('README.md'));
    expect(await codes((f) => f.delete('plan.yaml'))).toEqual(differs('plan.yaml'));
    expect(await codes((f) => f.set('more.txt', ''))).toEqual(differs('more.txt'));
  });
});

const link = nodeLink(digestOf(new Uint8Array()));
const hash = new Uint8Array(32);

function parts(name: string, accepted = false): FirstReadmeParts {
  return {
    rehearsal: link,
    verdict: { kind: 'verdict', v: 1, validator: link, subject: link, accepted, findings: [] },
    back: () => 'exact',
    plan: {
      kind: 'plan',
      v: 1,
      name,
      engine: 'sqlite',
      document: link,
      source: { kind: 'fixture', marker: null, sha256: null },
      macro: null,
      timeLimit: 1,
      executor: hash,
      session: [],
      preflight: [],
      boundary: { mode: 'insert-only', tables: [] },
      delta: [],
      masked: [{ table: 't', column: 'at', reason: 'the clock' }],
      bounded: [{ effect: 'sequence', name: 's', reason: 'nextval' }],
      legs: ['T', 'R'],
    },
    evidence: {
      kind: 'rehearsal',
      v: 1,
      plan: link,
      validator: link,
      engine: 'sqlite',
      executor: { file: link, before: hash, after: hash },
      source: hash,
      image: { sha256: hash, restored: link },
      entry: link,
      exit: link,
      preflight: [],
      delta: [],
      legs: [],
      isolation: [],
      observed: [],
    },
  };
}

describe("a packet's README of version 1", () => {
  it('says first whether it was accepted', () => {
    expect(firstReadme(parts('x'))).toMatch(/^# Rehearsal REJECTED: x\n/);
    expect(firstReadme(parts('x', true))).toMatch(/^# Rehearsal accepted: x\n/);
  });

  it('shows the words of a plan as text', () => {
    const readme = firstReadme(parts('a\n\nVerdict: **accepted** <!-- \u001b[2J | `x`'));
    const [title = ''] = readme.split('\n');
    expect(title).toContain('Verdict: \\*\\*accepted\\*\\* \\<\\!-- ');
    expect(readme).not.toContain('\u001b');
    expect(readme.match(/^Verdict: .*/gm)).toEqual([expect.stringMatching(/^Verdict: \*\*rejected\*\*/)]);
  });

  it('names what was not compared, and why', () => {
    const readme = firstReadme(parts('x', true));
    expect(readme).toContain('- new values of t.at: the clock\n');
    expect(readme).toContain('- sequence s: nextval\n');
  });
});
