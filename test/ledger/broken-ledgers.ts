import type { Head } from '../../src/ledger/log-state.ts';
import { encode, type Value } from '../../src/objects/codec.ts';
import { digestOf, type Digest } from '../../src/objects/digest.ts';
import { decodeKind, encodeObject, type ObjectOf } from '../../src/objects/kinds.ts';
import { nodeLink, type Link } from '../../src/objects/link.ts';
import { putObject } from '../../src/objects/sink.ts';
import { headOver } from '../workflows/forge.ts';
import { putTextPacket } from './commit-text.ts';
import { OTHER_KEY, SmallLog, TIME } from './small-log.ts';

/** One fault in a ledger that is otherwise whole, signed and consistent. */
export interface BrokenLedger {
  readonly description: string;
  readonly log: SmallLog;
  /** Objects that are left out. */
  readonly without?: readonly Digest[];
}

const GONE = nodeLink(digestOf(Buffer.from('gone')));

const FIRST = { kind: 'record', v: 2, index: 0, previous: null, signatures: [] } as const;

/** A document of whatever kind and version. */
function put(log: SmallLog, value: Value): Link {
  const bytes = encode(value);
  log.objects.put('dag-cbor', digestOf(bytes), bytes);
  return nodeLink(digestOf(bytes));
}

function with256(): SmallLog {
  const log = new SmallLog();
  const entry = decodeKind('record', log.head.tail[1]!).entry;
  while (log.head.size < 257) log.append(entry, false);
  log.sign({});
  return log;
}

/** The log with other records, signed anew. */
function over(log: SmallLog, records: readonly Uint8Array[]): SmallLog {
  log.head = headOver(records, null);
  log.sign({});
  return log;
}

function changed(
  index: number,
  change: (record: ObjectOf<'record'>) => Partial<ObjectOf<'record'>>,
): SmallLog {
  const log = new SmallLog();
  const records = log.head.tail.map((bytes, i) => {
    const record = decodeKind('record', bytes);
    return i === index ? encodeObject({ ...record, ...change(record) }).bytes : bytes;
  });
  return over(log, records);
}

/** A last record with this entry. */
function ending(make: (log: SmallLog) => Link): SmallLog {
  const log = new SmallLog();
  log.append(make(log));
  return log;
}

function bundled(change: (head: Head, log: SmallLog) => Head): SmallLog {
  const log = with256();
  log.head = change(log.head, log);
  return log;
}

function swapped(
  log: SmallLog,
  change: (bundle: ObjectOf<'bundle'>) => Partial<ObjectOf<'bundle'>>,
): SmallLog {
  const [[link, root]] = log.head.full[0] as [[Link, Uint8Array]];
  const bundle = decodeKind('bundle', log.objects.get(link.digest));
  const other = putObject(log.objects, { ...bundle, ...change(bundle) });
  log.head = { ...log.head, full: [[[other, root]]] };
  return log;
}

function signed(change: (log: SmallLog) => void): SmallLog {
  const log = new SmallLog();
  change(log);
  return log;
}

export const BROKEN_LEDGERS: Readonly<Record<string, () => BrokenLedger>> = {
  sound: () => ({ description: 'Nothing is wrong: three records, three checkpoints.', log: new SmallLog() }),
  'sound-bundle': () => ({
    description: 'Nothing is wrong: 257 records, 256 of them in a bundle.',
    log: with256(),
  }),
  'sound-unsigned': () => {
    const log = new SmallLog();
    log.head = { ...log.head, checkpoint: null };
    return { description: 'Nothing is wrong: nobody signed it.', log };
  },
  'record-previous-other': () => ({
    description: 'The last record names the first as the one before it.',
    log: changed(2, () => ({ previous: nodeLink(digestOf(new SmallLog().head.tail[0]!)) })),
  }),
  'record-index-other': () => ({
    description: 'The last record says that it is record 3.',
    log: changed(2, () => ({ index: 3 })),
  }),
  'record-not-a-record': () => {
    const log = new SmallLog();
    const other = encodeObject(log.head).bytes;
    return {
      description: 'The last record is a head.',
      log: over(log, [...log.head.tail.slice(0, 2), other]),
    };
  },
  'record-version-1': () => {
    const log = new SmallLog();
    const { index, previous, entry, time } = decodeKind('record', log.head.tail[2]!);
    const bytes = encode({ kind: 'record', v: 1, index, previous, entry, time });
    return {
      description: 'The last record is of version 1.',
      log: over(log, [...log.head.tail.slice(0, 2), bytes]),
    };
  },
  'record-signature-reserved': () => {
    const log = new SmallLog();
    const signature = put(log, { kind: 'signature', v: 1 });
    const record = decodeKind('record', log.head.tail[2]!);
    const other = encodeObject({ ...record, signatures: [signature] }).bytes;
    return {
      description: 'The last record links a signature, a kind to come.',
      log: over(log, [...log.head.tail.slice(0, 2), other]),
    };
  },
  'sound-time-backwards': () => ({
    description: 'The last record is older than the one before it: no fault, but a note.',
    log: changed(2, () => ({ time: 1 })),
  }),
  'entry-missing': () => {
    const log = new SmallLog();
    const { digest } = decodeKind('record', log.head.tail[2]!).entry;
    return { description: 'The entry of the last record is missing.', log, without: [digest] };
  },
  'entry-not-an-entry': () => ({
    description: 'The last record links a packet as its entry.',
    log: ending((log) => putTextPacket(log.objects, 'three')),
  }),
  'entry-version-1': () => ({
    description: 'The entry of the last record is of version 1.',
    log: ending((log) =>
      put(log, {
        kind: 'entry',
        v: 1,
        type: 'packet',
        links: [],
        author: '',
        lane: '',
        message: '',
        time: 0,
      }),
    ),
  }),
  'entry-links-another-kind': () => ({
    description: 'An entry of type packet links a policy as its packet.',
    log: ending((log) => log.entry({ type: 'packet', packet: log.policy })),
  }),
  'entry-packet-missing': () => ({
    description: 'The packet that the last entry links is missing.',
    log: ending((log) => log.entry({ type: 'packet', packet: GONE })),
  }),
  'policy-again': () => ({
    description: 'The last entry would make the first policy the newest: it names none before it.',
    log: ending((log) => log.entry({ type: 'policy', policy: log.policy })),
  }),
  'first-record-no-policy': () => {
    const log = new SmallLog();
    const { time } = decodeKind('record', log.head.tail[0]!);
    const entry = log.entry({ type: 'packet', packet: putTextPacket(log.objects, 'one') });
    const first = encodeObject({ ...FIRST, entry, time });
    return { description: 'Record 0 holds a packet, and there is no other.', log: over(log, [first.bytes]) };
  },
  'bundle-missing': () => {
    const log = with256();
    return { description: 'The bundle is missing.', log, without: [log.head.full[0]![0]![0].digest] };
  },
  'bundle-short': () => ({
    description: 'The bundle lacks its last record.',
    log: swapped(with256(), ({ entries }) => ({ entries: entries.slice(0, -1) })),
  }),
  'bundle-of-another-place': () => ({
    description: 'The bundle says that it begins with record 256.',
    log: swapped(with256(), () => ({ first: 256 })),
  }),
  'bundle-not-a-bundle': () => ({
    description: 'The head links the first policy as its bundle.',
    log: bundled((head, { policy }) => ({ ...head, full: [[[policy, head.full[0]![0]![1]]]] })),
  }),
  'bundle-records-swapped': () => ({
    description: 'Two records in the bundle stand in each other’s place.',
    log: swapped(with256(), ({ entries: [first, ...rest] }) => ({
      entries: [first!, ...rest.slice(0, -2), rest.at(-1)!, rest.at(-2)!],
    })),
  }),
  'checkpoint-not-canonical': () => ({
    description: 'A byte follows the last checkpoint in the head.',
    log: signed((log) => {
      const checkpoint = Buffer.concat([log.head.checkpoint!, Buffer.of(0)]);
      log.head = { ...log.head, checkpoint };
    }),
  }),
  'checkpoint-not-a-checkpoint': () => ({
    description: 'The head holds the first policy as its checkpoint.',
    log: signed((log) => (log.head = { ...log.head, checkpoint: log.objects.get(log.policy.digest) })),
  }),
  'checkpoint-version-2': () => ({
    description: 'The last checkpoint is of version 2.',
    log: signed((log) => {
      const checkpoint = encode({ ...decodeKind('checkpoint', log.head.checkpoint!), v: 2 });
      log.head = { ...log.head, checkpoint };
    }),
  }),
  'policy-version-1': () => ({
    description: 'The last entry holds a policy of version 1.',
    log: ending((log) => log.entry({ type: 'policy', policy: put(log, { kind: 'policy', v: 1 }) })),
  }),
  'first-policy-version-1': () => {
    const log = new SmallLog();
    const policy = put(log, { kind: 'policy', v: 1 });
    const { time } = decodeKind('record', log.head.tail[0]!);
    const entry = log.entry({ type: 'policy', policy });
    const first = encodeObject({ ...FIRST, entry, time });
    return {
      description: 'Record 0 holds the first policy, which is of version 1, and there is no other.',
      log: Object.assign(over(log, [first.bytes]), { policy }),
    };
  },
  'checkpoint-no-note': () => ({
    description: 'The last checkpoint holds no note.',
    log: signed((log) => log.hold({ note: 'nothing' })),
  }),
  'checkpoint-other-key': () => ({
    description: 'Another key signed the last checkpoint, under the same name.',
    log: signed((log) => log.sign({ skey: OTHER_KEY.skey })),
  }),
  'checkpoint-other-root': () => ({
    description: 'The last checkpoint, signed by the key of the log, has another root.',
    log: signed((log) => {
      log.head = { ...log.head, checkpoint: null };
      log.sign({ root: new Uint8Array(32) });
    }),
  }),
  'checkpoint-too-large': () => ({
    description: 'The last checkpoint covers one record more than there is.',
    log: signed((log) => log.sign({ size: 4, root: new Uint8Array(32) })),
  }),
  'checkpoint-earlier': () => ({
    description: 'The last checkpoint was signed a second before the one that it links.',
    log: signed((log) => log.sign({ time: TIME + 2 })),
  }),
  'checkpoint-previous-missing': () => ({
    description: 'The last checkpoint links one before it that is not there.',
    log: signed((log) => {
      const { note } = decodeKind('checkpoint', log.head.checkpoint!);
      log.hold({ note, previous: GONE });
    }),
  }),
  'checkpoint-previous-not-a-checkpoint': () => ({
    description: 'The last checkpoint links the first policy as the one before it.',
    log: signed((log) => {
      const { note } = decodeKind('checkpoint', log.head.checkpoint!);
      log.hold({ note, previous: log.policy });
    }),
  }),
};
