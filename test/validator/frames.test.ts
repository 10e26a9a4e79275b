import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_OBJECT } from '../../src/objects/codec.ts';
import { digestOf } from '../../src/objects/digest.ts';
import type { Codec } from '../../src/objects/link.ts';
import { frameHeader, FrameReader, frameSubject, type Frame } from '../../src/validator/frames.ts';
import { refusedWith } from '../support/refusals.ts';

const SUBJECT = digestOf(new Uint8Array(0));

function stream(objects: readonly { codec: Codec; bytes: Uint8Array }[]): Buffer {
  return Buffer.concat([
    frameSubject(SUBJECT),
    ...objects.flatMap(({ codec, bytes }) => [frameHeader(codec, bytes.length), bytes]),
  ]);
}

function read(pieces: readonly Uint8Array[]): { subject: string; frames: Frame[] } {
  const reader = new FrameReader();
  const frames = pieces.flatMap((piece) => [...reader.add(piece)]);
  return { subject: reader.finish(), frames };
}

const objects = fc.array(
  fc.record({ codec: fc.constantFrom<Codec>('raw', 'dag-cbor'), bytes: fc.uint8Array({ maxLength: 60 }) }),
  { maxLength: 6 },
);

describe('frames', () => {
  it('come out as they went in, however the pipe splits them', () => {
    fc.assert(
      fc.property(objects, fc.array(fc.nat(500), { maxLength: 12 }), (sent, cuts) => {
        const bytes = stream(sent);
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        const { subject, frames } = read(pieces);
        expect(subject).toBe(SUBJECT);
        expect(frames).toEqual(
          sent.map(({ codec, bytes: b }) => ({ codec, digest: digestOf(b), bytes: new Uint8Array(b) })),
        );
      }),
    );
  });

  it('come out byte by byte too, and own their bytes', () => {
    const bytes = stream([{ codec: 'raw', bytes: Uint8Array.of(1, 2, 3) }]);
    const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
    const { frames } = read(pieces);
    for (const piece of pieces) piece.fill(0);
    expect(frames[0]!.bytes).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('are cut short at any byte: refused, but where a whole object ended', () => {
    const sent = [
      { codec: 'raw' as const, bytes: new Uint8Array(10) },
      { codec: 'dag-cbor' as const, bytes: new Uint8Array(3) },
    ];
    const bytes = stream(sent);
    const whole = new Set([65, 65 + 15, 65 + 15 + 8]);
    for (let end = 0; end <= bytes.length; end++) {
      expect(refusedWith(() => read([bytes.subarray(0, end)]))).toBe(
        whole.has(end) ? 'none' : 'OBJECT_NOT_CANONICAL',
      );
    }
  });

  it('take objects up to the limit and none above', () => {
    const largest = stream([{ codec: 'raw', bytes: new Uint8Array(MAX_OBJECT) }]);
    expect(read([largest]).frames).toHaveLength(1);
    const header = Buffer.concat([frameSubject(SUBJECT), frameHeader('raw', MAX_OBJECT + 1)]);
    expect(refusedWith(() => read([header]))).toBe('OBJECT_TOO_LARGE');
    const huge = Buffer.concat([frameSubject(SUBJECT), Buffer.from('ffffffff00', 'hex')]);
    expect(refusedWith(() => read([huge]))).toBe('OBJECT_TOO_LARGE');
  });

  it.each([2, 0x55, 0x71, 255])('refuse codec %i', (codec) => {
    const bytes = Buffer.concat([frameSubject(SUBJECT), Buffer.from([0, 0, 0, 0, codec])]);
    expect(refusedWith(() => read([bytes]))).toBe('OBJECT_NOT_CANONICAL');
  });

  it('refuse a subject that is no line', () => {
    expect(refusedWith(() => read([Buffer.from(`${SUBJECT}x`)]))).toBe('OBJECT_NOT_CANONICAL');
    expect(refusedWith(() => read([]))).toBe('OBJECT_NOT_CANONICAL');
  });
});
