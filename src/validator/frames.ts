import { CustodyError } from '../errors.ts';
import { MAX_OBJECT } from '../objects/codec.ts';
import { digestOf, type Digest } from '../objects/digest.ts';
import type { Codec } from '../objects/link.ts';

/**
 * How evidence travels to a validator (SPEC.md, "The validator's input"): the 64 hex digits of the subject and a line
 * feed; then each object as a 4-byte big-endian length, one byte of codec (0 raw, 1 dag-cbor), and the bytes.
 */
export const MAX_EVIDENCE = 4 * 2 ** 30;
const SUBJECT = 65;

export function frameSubject(subject: Digest): Buffer {
  return Buffer.from(`${subject}\n`, 'latin1');
}

/** The five bytes that go before an object's bytes. */
export function frameHeader(codec: Codec, length: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(length);
  header[4] = codec === 'raw' ? 0 : 1;
  return header;
}

export interface Frame {
  readonly codec: Codec;
  /** Computed from the bytes here: whoever sent them claims nothing. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** Reads frames out of pieces of any size. @throws CustodyError OBJECT_TOO_LARGE, OBJECT_NOT_CANONICAL. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);
  #subject: string | undefined;

  *add(piece: Uint8Array): Generator<Frame> {
    let rest = Buffer.concat([this.#pending, piece]);
    if (this.#subject === undefined && rest.length >= SUBJECT) {
      this.#subject = rest.toString('latin1', 0, SUBJECT - 1);
      if (rest[SUBJECT - 1] !== 0x0a)
        throw new CustodyError('OBJECT_NOT_CANONICAL', 'the subject is not a line of its own');
      rest = rest.subarray(SUBJECT);
    }
    while (this.#subject !== undefined && rest.length >= 5) {
      const length = rest.readUInt32BE();
      const codec = rest[4];
      if (length > MAX_OBJECT) throw new CustodyError('OBJECT_TOO_LARGE', `an object of ${length} bytes`);
      if (codec !== 0 && codec !== 1)
        throw new CustodyError('OBJECT_NOT_CANONICAL', `unknown codec ${String(codec)}`);
      if (rest.length < 5 + length) break;
      const bytes = new Uint8Array(rest.subarray(5, 5 + length));
      rest = rest.subarray(5 + length);
      yield { codec: codec === 0 ? 'raw' : 'dag-cbor', digest: digestOf(bytes), bytes };
    }
    this.#pending = rest;
  }

  /** @returns the subject, once everything came. @throws OBJECT_NOT_CANONICAL when something is cut short. */
  finish(): string {
    if (this.#subject === undefined || this.#pending.length > 0) {
      throw new CustodyError('OBJECT_NOT_CANONICAL', 'the evidence is cut short');
    }
    return this.#subject;
  }
}
