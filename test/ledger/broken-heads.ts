import { EMPTY_HEAD, type Head } from '../../src/ledger/log-state.ts';
import { encode } from '../../src/objects/codec.ts';
import { sha256Bytes } from '../../src/objects/sha256.ts';
import { nodeLink } from '../../src/objects/link.ts';
import { digestOf } from '../../src/objects/digest.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { encodeHead } from '../../src/store/heads.ts';
import { SmallLog } from './small-log.ts';

const OTHER = new Uint8Array(32).fill(1);

function upTo(size: number): { head: Head; records: Uint8Array[] } {
  const log = new SmallLog();
  const { entry } = decodeKind('record', log.head.tail[1]!);
  const records = [...log.head.tail];
  while (log.head.size < size) {
    log.append(entry, false);
    const newest = log.head.tail.at(-1);
    if (newest) records.push(newest);
    else records.push(lastOf(log));
  }
  return { head: log.head, records };
}

/** The record that went into a bundle just now. */
function lastOf({ head, objects }: SmallLog): Uint8Array {
  const [link] = head.full[0]!.at(-1)!;
  return decodeKind('bundle', objects.get(link.digest)).entries.at(-1) as Uint8Array;
}

/** Two bundles, and two records in the tail. */
const base = (): Head => upTo(514).head;

/** Heads that decode and contradict themselves. */
const CONTRADICTIONS: Readonly<Record<string, [string, (head: Head) => Head]>> = {
  'size-one-more': ['one record more than it lists', (h) => ({ ...h, size: h.size + 1 })],
  'size-one-less': ['one record less than it lists', (h) => ({ ...h, size: h.size - 1 })],
  'root-other': ['another root', (h) => ({ ...h, root: OTHER })],
  'frontier-other': ['another frontier', (h) => ({ ...h, frontier: [OTHER, ...h.frontier.slice(1)] })],
  'frontier-long': ['a frontier that is too long', (h) => ({ ...h, frontier: [...h.frontier, OTHER] })],
  'frontier-empty': ['no frontier', (h) => ({ ...h, frontier: [] })],
  'last-other': ['another last record', (h) => ({ ...h, last: nodeLink(digestOf(OTHER)) })],
  'last-null': ['no last record', (h) => ({ ...h, last: null })],
  'tail-other': ['another record in its tail', (h) => ({ ...h, tail: [...h.tail.slice(0, -1), OTHER] })],
  'tail-swapped': [
    'the two records of its tail in each other’s place',
    (h) => ({ ...h, tail: [...h.tail].reverse() }),
  ],
  'bundle-less': ['a bundle less', (h) => ({ ...h, full: [h.full[0]!.slice(1)] })],
  'bundle-root-other': [
    'bundles with another root',
    (h) => ({ ...h, full: [h.full[0]!.map(([b]) => [b, OTHER])] }),
  ],
  'bundles-swapped': [
    'two bundles in each other’s place',
    (h) => ({ ...h, full: [[...h.full[0]!].reverse()] }),
  ],
  'level-empty': ['an empty level on top', (h) => ({ ...h, full: [...h.full, []] })],
  'level-wrong': ['its bundles at level 1', (h) => ({ ...h, full: [[], h.full[0]!] })],
};

interface HeadFile {
  readonly description: string;
  /** The whole file. */
  readonly bytes: Uint8Array;
}

/** A file whose body has its SHA-256 before it. */
const hashed = (body: Uint8Array): Uint8Array => Buffer.concat([sha256Bytes(body), body]);

function files(): Record<string, HeadFile> {
  const head = base();
  const { bytes } = encodeHead(head);
  const flipped = Buffer.from(bytes);
  flipped[bytes.length - 1]! ^= 1;
  const { checkpoint: _, ...lacking } = head;
  const full = upTo(256);
  const made: Record<string, HeadFile> = {
    sound: { description: 'Nothing is wrong: 514 records, two bundles.', bytes },
    'sound-empty': { description: 'Nothing is wrong: no record.', bytes: encodeHead(EMPTY_HEAD).bytes },
    empty: { description: 'An empty file.', bytes: new Uint8Array() },
    'hash-alone': { description: 'A SHA-256 and no body.', bytes: hashed(new Uint8Array()) },
    short: { description: 'The last byte is missing.', bytes: bytes.subarray(0, -1) },
    'bit-flipped': { description: 'One bit of the body is another.', bytes: flipped },
    'not-a-head': {
      description: 'The body is a checkpoint.',
      bytes: hashed(encode({ kind: 'checkpoint', v: 1, note: '', previous: null })),
    },
    'version-2': {
      description: 'The body is a head of version 2.',
      bytes: hashed(encode({ ...head, v: 2 })),
    },
    'field-missing': {
      description: 'The head has no checkpoint, not even null.',
      bytes: hashed(encode(lacking)),
    },
    'checkpoint-linked': {
      description: 'The head links its checkpoint, where it must hold the bytes.',
      bytes: hashed(encode({ ...head, checkpoint: nodeLink(digestOf(head.checkpoint!)) })),
    },
    'empty-root-other': {
      description: 'A head of no record with another root.',
      bytes: encodeHead({ ...EMPTY_HEAD, root: OTHER }).bytes,
    },
    'empty-last': {
      description: 'A head of no record with a last one.',
      bytes: encodeHead({ ...EMPTY_HEAD, last: head.last }).bytes,
    },
    'tail-full': {
      description: 'The head has 256 records in its tail, which should be a bundle.',
      bytes: encodeHead({ ...full.head, full: [], tail: full.records }).bytes,
    },
  };
  for (const [name, [description, change]] of Object.entries(CONTRADICTIONS))
    made[name] = { description: `The head has ${description}.`, bytes: encodeHead(change(head)).bytes };
  return made;
}

export const HEAD_FILES = files();
