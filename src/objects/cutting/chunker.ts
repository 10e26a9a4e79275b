import { sha256Bytes } from '../sha256.ts';

/** Content up to this size is one blob, so that its id is what `sha256sum` prints. Bytes. */
export const MAX_BLOB = 1_048_576;

/**
 * FastCDC (Xia et al., USENIX ATC 2016) with normalised chunking: a gear hash over the bytes cuts where its high bits
 * are zero, with a stricter mask before the normal size and a looser one after it. spec/FORMAT.md, "Chunks".
 */
export const MIN_CHUNK = 65_536;
export const NORMAL_CHUNK = 131_072;
export const MAX_CHUNK = 1_048_576;

/** 19 and 15 high bits: 17 (128 KiB) plus and minus 2. */
const STRICT = 0xffffe000 | 0;
const LOOSE = 0xfffe0000 | 0;

/** Gear table: the first four bytes, big-endian, of SHA-256("custody gear" ‖ byte). */
const GEAR = /* @__PURE__ */ Int32Array.from({ length: 256 }, (_, byte) => {
  const digest = sha256Bytes(new Uint8Array(Buffer.concat([Buffer.from('custody gear'), Buffer.of(byte)])));
  return (digest[0]! << 24) | (digest[1]! << 16) | (digest[2]! << 8) | digest[3]!;
});

/**
 * Length of the first chunk of `data`, which must hold at least {@link MAX_CHUNK} bytes or reach to the end of the
 * content: otherwise the cut would depend on how the content was read.
 */
export function cutPoint(data: Uint8Array): number {
  if (data.length <= MIN_CHUNK) return data.length;
  const end = Math.min(data.length, MAX_CHUNK);
  const normal = Math.min(end, NORMAL_CHUNK);
  let h = 0;
  let at = MIN_CHUNK;
  for (; at < normal; at++) {
    h = (h << 1) + GEAR[data[at]!]!;
    if ((h & STRICT) === 0) return at + 1;
    h |= 0;
  }
  for (; at < end; at++) {
    h = (h << 1) + GEAR[data[at]!]!;
    if ((h & LOOSE) === 0) return at + 1;
    h |= 0;
  }
  return end;
}
