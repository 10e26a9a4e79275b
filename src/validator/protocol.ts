import type { Digest } from '../objects/digest.ts';

/**
 * How a validator gets its evidence (spec/REHEARSAL.md, "The protocol of validators"): it asks for objects by digest, then says its
 * verdict. A message is the length of its body (4 bytes, big-endian), one byte that says what it is, and the body.
 */
export const PROTOCOL = 'ask/1';

export const MESSAGES = {
  /** To the validator, first: `ask/1`, a space, the subject in hex. */
  hello: 'H',
  /** To the validator, for each question: the object's bytes, or an empty body where it is not to be had. */
  object: 'O',
  absent: 'A',
  /** From the validator: the 32 bytes of a digest; at last, one JSON document. */
  question: 'Q',
  verdict: 'V',
} as const;

/** Bytes before a body. */
export const HEADER = 5;
/** Bytes of a verdict. */
export const MAX_VERDICT = 8 * 2 ** 20;

export function message(type: keyof typeof MESSAGES, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER + body.length);
  bytes.writeUInt32BE(body.length);
  bytes.write(MESSAGES[type], 4, 'latin1');
  bytes.set(body, HEADER);
  return bytes;
}

/** What the first {@link HEADER} bytes of a message say. */
export function readHeader(header: Uint8Array): { length: number; type: string } {
  const { buffer, byteOffset } = header;
  return { length: new DataView(buffer, byteOffset).getUint32(0), type: String.fromCharCode(header[4]!) };
}

export function hello(subject: Digest): Buffer {
  return message('hello', Buffer.from(`${PROTOCOL} ${subject}`, 'latin1'));
}
