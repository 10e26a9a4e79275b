import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { readCheckpoints, compareCheckpoints } from '../../src/verify/signatures.ts';
import { verifyChain } from '../../src/verify/chain.ts';
import { ObjectsCheck } from '../../src/verify/objects.ts';
import { decode } from '../../src/objects/codec.ts';
import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { readBytes, readContent } from '../../src/objects/file.ts';
import { decodeKind, type ObjectOf } from '../../src/objects/kinds.ts';
import { nodeLink, rawLink, type Link } from '../../src/objects/link.ts';
import { rowBytes, walkMap } from '../../src/objects/map-walk.ts';
import { boundKey, encodeKey } from '../../src/objects/rows/key.ts';
import { encodeDefinition } from '../../src/objects/snapshots/facts.ts';
import { walkTree } from '../../src/objects/tree.ts';
import { driveAsync, resultOfAsync } from '../../src/objects/walk.ts';
import { HashedObject } from '../../src/store/hashing.ts';
import { MemoryBackend } from '../../src/store/memory.ts';
import { PackWriter } from '../../src/store/pack-writer.ts';
import { fsckLedger } from '../../src/workflows/fsck.ts';
import { codes } from '../cli/desk.ts';
import { hex } from '../objects/support.ts';
import { FROZEN_KINDS, LARGEST, makeFrozen, NAMES, NOISE, TEXT } from './frozen.ts';
import { FROZEN_FACTS, LONG, FROZEN_TABLES } from './frozen-values.ts';
import { KEY, ORIGIN } from './small-log.ts';

/**
 * The formats that no longer change. The fixture is never made anew: where this is red, a ledger that somebody has can no longer
 * be read, or an id is another one. What changes gets a higher `v` and a reader for this one (spec/FORMAT.md, "Versions").
 */
const FOLDER = join(import.meta.dirname, '../vectors/ledgers/frozen');
const { 'pack of the noise': NOISE_PACK, ...IDS } = JSON.parse(
  readFileSync(`${FOLDER}.json`, 'utf8'),
) as Record<string, Digest>;
const node = (role: string): Link => nodeLink(IDS[role]!);

describe('what is frozen', () => {
  const made = makeFrozen();
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = await Ledger.open(FOLDER);
  });
  afterAll(() => ledger[Symbol.asyncDispose]());

  it('has the ids that are written down', () => expect(made.ids).toEqual(IDS));

  it('has the objects that are stored, byte for byte, and no other', async () => {
    const stored: Digest[] = [];
    for await (const { digest } of ledger.store.list()) stored.push(digest);
    expect([...made.objects.entries()].map(([id]) => id).sort()).toEqual(stored);
    for (const id of stored) expect(hex(await ledger.get(id))).toBe(hex(made.objects.get(id)));
  });

  it('has the head and the configuration, byte for byte', () => {
    expect(hex(made.headFile)).toBe(readFileSync(join(FOLDER, 'heads/main'), 'hex'));
    expect(made.config).toBe(readFileSync(join(FOLDER, 'config.yaml'), 'utf8'));
  });

  it('makes the same pack of what zstd leaves as it is', () => {
    const writer = new PackWriter(new MemoryBackend().stage());
    writer.add(HashedObject.check(digestOf(NOISE), NOISE));
    expect(writer.close()).toBe(NOISE_PACK);
  });

  it('is every kind that does not grow', () => {
    const kinds = [...made.objects.entries()].flatMap(([, { codec, bytes }]) => {
      const { kind, v } = codec === 'dag-cbor' ? (decode(bytes) as { kind: string; v: number }) : {};
      return kind === undefined || v === 1000 ? [] : [kind];
    });
    const { kind } = made.head;
    const record = decodeKind('record', made.head.tail[0]!).kind;
    expect([...new Set([...kinds, kind, record])].sort()).toEqual(FROZEN_KINDS);
  });
});

describe('the frozen ledger', () => {
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = await Ledger.open(FOLDER);
  });
  afterAll(() => ledger[Symbol.asyncDispose]());

  it('is read: the log, each record under its bundle and root', async () => {
    const head = await ledger.head();
    const chain = await verifyChain(ledger, head);
    expect([chain.records, chain.findings]).toEqual([258, []]);
    expect(chain.entries.map(({ entry }) => entry.digest)).toEqual([
      IDS['entry of record 0'],
      ...Array<string>(257).fill(IDS['entry of the others']!),
    ]);
    expect(chain.entries.at(-1)?.signatures).toHaveLength(2);
    const { id } = await ledger.record(head, 257);
    expect(id).toBe(IDS['last record']);
  });

  it('is read: the checkpoints, each signed by the key of the log', async () => {
    const head = await ledger.head();
    const checkpoints = await readCheckpoints(ledger, head, { origin: ORIGIN, verifierKey: KEY.vkey });
    const sizes = new Set([1, 2, 257]);
    const { roots } = await verifyChain(ledger, head, { sizes });
    const { checkpoints: good, findings } = compareCheckpoints(checkpoints, roots);
    expect([good.map(({ size }) => size), findings]).toEqual([[257, 2, 1], []]);
    expect(checkpoints.opened.map(({ path }) => path)).toEqual(
      ['last checkpoint', 'checkpoint before', 'first checkpoint'].map((role) => `checkpoints/${IDS[role]}`),
    );
  });

  it('is read: contents', async () => {
    const read = (link: Link): Promise<Uint8Array> => readBytes(link, ledger.get);
    expect((await read(rawLink(IDS['empty']!))).length).toBe(0);
    expect(hex(await read(rawLink(IDS['text']!)))).toBe(hex(TEXT));
    expect(hex(await read(rawLink(IDS['noise']!)))).toBe(hex(NOISE));
    expect(Buffer.compare(await read(rawLink(IDS['largest']!)), LARGEST)).toBe(0);
    expect(Buffer.compare(await read(node('file')), LONG)).toBe(0);
    const pieces: number[] = [];
    for await (const piece of driveAsync(readContent(node('file')), ledger.get)) pieces.push(piece.length);
    expect(pieces).toEqual([...Array<number>(61).fill(65_568), 131_114, 1_048_576, 8]);
    expect(decodeKind('chunks', await ledger.get(IDS['chunks']!)).level).toBe(1);
  });

  it('is read: folders', async () => {
    const found: [string, string, string][] = [];
    for await (const { path, entry } of driveAsync(walkTree(node('folder')), ledger.get))
      found.push([path, entry.mode, entry.link.digest]);
    expect(found).toEqual([
      ['bare', 'dir', expect.stringMatching(/^[0-9a-f]{64}$/)],
      ['long', 'file', IDS['file']],
      ['run.sh', 'exec', IDS['text']],
      ['to', 'symlink', digestOf(Buffer.from('wide/file-000-ü.txt'))],
      ['wide', 'dir', IDS['wide']],
      ...NAMES.map((name) => [`wide/${name}`, 'file', IDS['text']]),
    ]);
    expect(decodeKind('tree', await ledger.get(IDS['wide']!)).level).toBe(1);
  });

  it.each(['sqlite', 'postgres'] as const)('is read: a state of %s', async (engine) => {
    const snapshot = decodeKind('snapshot', await ledger.get(IDS[engine]!));
    expect([snapshot.engine, snapshot.coverage]).toEqual([engine, { list: 1, without: [] }]);
    for (const [name, facts] of Object.entries(FROZEN_FACTS))
      expect(await entriesOf(snapshot.facts[name]!)).toEqual(
        facts.map(([key, definition]) => [hex(encodeKey(key)), hex(encodeDefinition(definition))]).sort(),
      );
    const tables = await tablesOf(snapshot);
    expect(tables.map(({ name }) => name)).toEqual(FROZEN_TABLES[engine].map(({ spec }) => spec.name).sort());
    for (const { spec, rows } of FROZEN_TABLES[engine]) {
      const table = tables.find(({ name }) => name === spec.name)!;
      expect(table).toMatchObject({ columns: spec.columns, key: spec.key, masked: spec.masked ?? [] });
      expect(await entriesOf(table.root)).toEqual(rows.map(([key, row]) => [hex(boundKey(key)), hex(row)]));
    }
  });

  it('is read: a state of which something was left out, by a later list', async () => {
    const snapshot = decodeKind('snapshot', await ledger.get(IDS['later']!));
    expect([snapshot.coverage.list, snapshot.coverage.without.length]).toEqual([2, 3]);
    expect(Object.keys(snapshot.facts)).toContain('some-more');
  });

  it('is sound', async () => {
    const objects = new ObjectsCheck(ledger);
    await objects.reach(['file', 'folder', 'sqlite', 'postgres', 'later'].map(node), 'fixture');
    await objects.hashFiles();
    expect(objects.findings).toEqual([]);
  });

  it('has entries and signatures that no reader knows: they are named, once each, and nothing else', async () => {
    const { findings } = await fsckLedger(ledger);
    const { signatures } = decodeKind('record', (await ledger.head()).tail.at(-1)!);
    const unknown = [
      IDS['entry of record 0'],
      IDS['entry of the others'],
      ...signatures.map((s) => s.digest),
    ];
    expect(codes(findings)).toEqual(unknown.sort().map((id) => ['OBJECT_VERSION_UNKNOWN', id]));
  });

  async function entriesOf(root: Link): Promise<[string, string][]> {
    const found: [string, string][] = [];
    for await (const { key, row } of driveAsync(walkMap(root), ledger.get))
      found.push([hex(key), hex(await resultOfAsync(rowBytes(row), ledger.get))]);
    return found;
  }

  async function tablesOf({ tables }: ObjectOf<'snapshot'>): Promise<ObjectOf<'table'>[]> {
    const found: ObjectOf<'table'>[] = [];
    for await (const { row } of driveAsync(walkMap(tables), ledger.get))
      found.push(decodeKind('table', await ledger.get((row as Link).digest)));
    return found;
  }
});
