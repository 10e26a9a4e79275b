import { appendRecord, EMPTY_HEAD, type Head } from '../../src/ledger/log-state.ts';
import { signCheckpoint } from '../../src/log/checkpoint.ts';
import { COSIGNATURE, generateKey } from '../../src/log/note-key.ts';
import { digestOf, digestToBytes } from '../../src/objects/digest.ts';
import { ContentBuilder, storeContent } from '../../src/objects/file.ts';
import { encodeKey } from '../../src/objects/rows/key.ts';
import { decodeKind, type AnyObject, type Encoded, type Kind } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { MapBuilder } from '../../src/objects/merkle-map.ts';
import { encodeRecord } from '../../src/objects/rows/sqlite-record.ts';
import { putObject } from '../../src/objects/sink.ts';
import { TreeBuilder } from '../../src/objects/tree.ts';
import { formatManifest, formatSeal } from '../../src/packets/seal/manifest.ts';
import { MANIFEST_NAME, SEAL_NAME } from '../../src/packets/seal/names.ts';
import { utf8 } from './hex.ts';
import { putRehearsal, TIME } from './rehearsal.ts';

/** The small world that all examples of spec/ come from: one object of each kind, linked as real ones are. */
export interface World {
  readonly objects: MemoryObjects;
  readonly examples: Readonly<Record<Kind, Link>>;
  readonly manifest: Uint8Array;
  readonly seal: Uint8Array;
  /** After one record, and after 257. */
  readonly small: Head;
  readonly large: Head;
  /** The text of the checkpoint after one record. */
  readonly note: string;
  readonly skey: string;
  readonly vkey: string;
}

export const ORIGIN = 'custody.example/spec';

export function makeWorld(): World {
  const objects = new MemoryObjects();
  const put = (object: AnyObject): Link => putObject(objects, object);
  const said = putRehearsal(objects);
  const { rehearsal, run, verdict, validator } = said;
  const policy = put({
    kind: 'policy',
    v: 2,
    previous: null,
    validators: [validator],
    expected: [{ name: 'hardened', prefix: 'e6547e69', suffix: '956c47' }],
    isolation: ['network-isolated'],
    roles: [],
    required: [],
  });
  const { tree, manifest, seal } = folder(objects);
  const packet = put({
    kind: 'packet',
    v: 2,
    tree,
    seal: digestToBytes(digestOf(manifest)),
    macro: null,
    links: [
      ['rehearsal', rehearsal],
      ['verdict', verdict],
    ],
  });
  const entry = put({
    kind: 'entry',
    v: 2,
    type: 'rehearsal',
    packet,
    run,
    author: 'ada',
    lane: 'lane-07',
    message: 'one birth: rejected',
    time: TIME,
  });

  const { skey, vkey } = generateKey(ORIGIN, new Uint8Array(32).fill(7), COSIGNATURE);
  const first = appendRecord(EMPTY_HEAD, entry, TIME);
  objects.put('dag-cbor', first.record.link.digest, first.record.bytes);
  let large = first.head;
  const full: Encoded[] = [];
  for (let i = 1; i <= 256; i++) {
    const next = appendRecord(large, entry, TIME + i);
    large = next.head;
    full.push(...next.objects);
  }
  for (const { link, bytes } of full) objects.put('dag-cbor', link.digest, bytes);
  const { root, size } = first.head;
  const note = signCheckpoint({ origin: ORIGIN, size, root, time: TIME / 1000 }, skey);
  const checkpoint = put({ kind: 'checkpoint', v: 1, note, previous: null });
  const small = { ...first.head, checkpoint: objects.get(checkpoint.digest) };

  const long = longFile(objects);
  const lists = mapOfLists(objects);
  return {
    objects,
    examples: {
      ...said,
      file: long,
      chunks: decodeKind('file', objects.get(long.digest)).chunks,
      tree,
      rows: decodeKind('table', objects.get(said.table.digest)).root,
      node: lists,
      policy,
      packet,
      entry,
      record: first.record.link,
      bundle: full[0]!.link,
      checkpoint,
      head: put(small),
    },
    manifest,
    seal,
    small,
    large,
    note,
    skey,
    vkey,
  };
}

/** A sealed folder with two files and a symlink to one of them. */
function folder(objects: MemoryObjects): { tree: Link; manifest: Uint8Array; seal: Uint8Array } {
  const item = (name: string, mode: 'file' | 'exec' | 'symlink', bytes: Uint8Array) => ({
    name,
    mode,
    link: storeContent(objects, bytes),
  });
  const report = utf8('{"ok":true}\n');
  const script = utf8('#!/bin/sh\n');
  const inner = new TreeBuilder(objects);
  inner.add(item('report.json', 'file', report));
  inner.add(item('run.sh', 'exec', script));
  const manifest = formatManifest([
    { path: 'evidence/report.json', sha256: digestOf(report) },
    { path: 'evidence/run.sh', sha256: digestOf(script) },
  ]);
  const seal = formatSeal(digestOf(manifest));
  const outer = new TreeBuilder(objects);
  outer.add(item(MANIFEST_NAME, 'file', manifest));
  outer.add({ name: 'evidence', mode: 'dir', link: inner.finish() });
  outer.add(item(SEAL_NAME, 'file', seal));
  return { tree: outer.finish(), manifest, seal };
}

/** 1,048,577 bytes of xorshift32 (seed 1; shifts 13, 17, 5; the top byte of each state): one more than a blob can hold. */
function longFile(objects: MemoryObjects): Link {
  const bytes = new Uint8Array(1_048_577);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 24;
  }
  const builder = new ContentBuilder(objects);
  builder.add(bytes);
  return builder.finish().link;
}

/** 400 rows: several leaves and one inner list above them. */
function mapOfLists(objects: MemoryObjects): Link {
  const map = new MapBuilder(objects);
  for (let i = 0n; i < 400n; i++)
    map.add(encodeKey([i]), encodeRecord([null, `row ${i} of a table that has 400 of them`]));
  return map.finish().root;
}
