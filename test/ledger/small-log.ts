import { appendRecord, EMPTY_HEAD, lastCheckpoint, type Head } from '../../src/ledger/log-state.ts';
import type { LedgerConfig } from '../../src/ledger/config.ts';
import { signCheckpoint } from '../../src/log/checkpoint.ts';
import { COSIGNATURE, generateKey } from '../../src/log/note-key.ts';
import { encodeObject, type ObjectOf } from '../../src/objects/kinds.ts';
import type { Link } from '../../src/objects/link.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { putObject } from '../../src/objects/sink.ts';
import { putTextPacket } from './commit-text.ts';

/** Seconds since 1970. */
export const TIME = 1_700_000_000;
export const ORIGIN = 'vectors.example/log';
const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
export const KEY = generateKey(ORIGIN, seed(1), COSIGNATURE);
export const OTHER_KEY = generateKey(ORIGIN, seed(2), COSIGNATURE);

/** A log in the making, the same bytes every time. */
export class SignedLog {
  readonly objects = new MemoryObjects();
  head: Head = EMPTY_HEAD;

  append(entry: Link, signed = true): void {
    const { head, objects } = appendRecord(this.head, entry, (TIME + this.head.size) * 1000);
    for (const { link, bytes } of objects) this.objects.put(link.codec, link.digest, bytes);
    this.head = head;
    if (signed) this.sign({});
  }

  /** Signs the head as it is, or what is given instead. */
  sign(given: { size?: number; root?: Uint8Array; time?: number; origin?: string; skey?: string }): void {
    const { size, root } = this.head;
    const signed = { origin: ORIGIN, size, root, time: TIME + size, ...given };
    this.hold({ note: signCheckpoint(signed, given.skey ?? KEY.skey) });
  }

  /** A last checkpoint; the one before it, which it links unless something else is given, becomes an object. */
  hold(checkpoint: Pick<ObjectOf<'checkpoint'>, 'note'> & Partial<ObjectOf<'checkpoint'>>): void {
    const before = lastCheckpoint(this.head);
    if (before) this.objects.put('dag-cbor', before.link.digest, before.bytes);
    const previous = before?.link ?? null;
    const { bytes } = encodeObject({ kind: 'checkpoint', v: 1, previous, ...checkpoint });
    this.head = { ...this.head, checkpoint: bytes };
  }
}

/** What the vectors of broken ledgers are made of. */
export class SmallLog extends SignedLog {
  readonly policy: Link;

  /** Three records: the first policy and two packets, each signed. */
  constructor() {
    super();
    const none = { validators: [], expected: [], isolation: [], roles: [], required: [] };
    this.policy = putObject(this.objects, { kind: 'policy', v: 2, previous: null, ...none });
    this.append(this.entry({ type: 'policy', policy: this.policy }));
    for (const text of ['one', 'two'])
      this.append(this.entry({ type: 'packet', packet: putTextPacket(this.objects, text) }));
  }

  get config(): LedgerConfig {
    return { format: 2, origin: ORIGIN, verifierKey: KEY.vkey, policy: this.policy.digest };
  }

  entry(typed: { type: 'policy'; policy: Link } | { type: 'packet'; packet: Link }): Link {
    const who = { author: 'ada', lane: 'main', message: '' };
    return putObject(this.objects, { kind: 'entry', v: 2, ...typed, ...who, time: TIME * 1000 });
  }
}
