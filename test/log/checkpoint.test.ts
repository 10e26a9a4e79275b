import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/errors.ts';
import {
  checkFollows,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../src/log/checkpoint.ts';
import { COSIGNATURE, generateKey } from '../../src/log/note-key.ts';
import { cosignNote, openNote, parseNote, signNote } from '../../src/log/note.ts';
import { emptyRoot, leafHash } from '../../src/log/tree-hash.ts';
import { hinted, hex, readVector, unhex, vectorsIn } from './vectors.ts';
import type { LogVector } from './vectors.ts';

interface CheckpointVector extends LogVector {
  vkey: string;
  note: string;
  checkpoint: { origin: string; size: number; root: string; time: number };
}

const KEY = readVector('key/ok-cosigning.json') as { skey: string; vkey: string; name: string };
const ROOT = leafHash(unhex('00'));
const OTHER = generateKey('witness.example', unhex('07'.repeat(32)), COSIGNATURE);
const TIME = 1_790_000_000;

describe('checkpoint vectors', () => {
  it.each(vectorsIn<CheckpointVector>('checkpoint'))('%s', (_, vector) => {
    hinted(() => openCheckpoint(vector.note, vector.vkey), vector.code);
    hinted(() => openCheckpoint(Buffer.from(vector.note), vector.vkey), vector.code);
    if (vector.code !== null) return;
    const checkpoint = openCheckpoint(vector.note, vector.vkey);
    expect({ ...checkpoint, root: hex(checkpoint.root) }).toEqual(vector.checkpoint);
    // Ed25519 is deterministic: signing again gives the log's line again.
    expect(vector.note.startsWith(signCheckpoint(checkpoint, KEY.skey))).toBe(true);
  });

  it('say by their cause when the note itself is malformed', () => {
    try {
      openCheckpoint('no note', KEY.vkey);
      expect.unreachable();
    } catch (error) {
      expect(((error as CustodyError).cause as CustodyError).code).toBe('NOTE_MALFORMED');
    }
  });
});

interface LinkVector extends LogVector {
  earlier: { note: string; vkey: string };
  later: { note: string; vkey: string };
}

describe('vectors of a checkpoint and the one that it links', () => {
  it.each(vectorsIn<LinkVector>('checkpoint-link'))('%s', (_, { earlier, later, code }) => {
    const [before, after] = [earlier, later].map(({ note, vkey }) => openCheckpoint(note, vkey));
    hinted(() => checkFollows(after!, before!), code);
  });
});

describe('checkpoints', () => {
  it("read the example of C2SP's specification", () => {
    const note =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
      '— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';
    const { text, signatures } = parseNote(note);
    const { origin, size, root } = parseCheckpoint(text);
    expect([origin, size, root.length]).toEqual(['example.com/behind-the-sofa', 20_852_163, 32]);
    expect(signatures.map(({ keyId }) => keyId)).toEqual(['033de0ae']);
  });

  it('open as they were signed', () => {
    const origins = fc.webUrl().map((url) => url.replace(/^https?:\/\//, '').replaceAll('+', '-'));
    fc.assert(
      fc.property(
        origins,
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.maxSafeNat(),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (origin, size, time, root) => {
          const { skey, vkey } = generateKey(origin, root, COSIGNATURE);
          const opened = openCheckpoint(signCheckpoint({ origin, size, root, time }, skey), vkey);
          expect({ ...opened, root: hex(opened.root) }).toEqual({ origin, size, root: hex(root), time });
          expect(formatCheckpoint(opened)).toBe(
            `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`,
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('do not open after any byte was changed', () => {
    const note = Buffer.from(signCheckpoint({ origin: KEY.name, size: 8, root: ROOT, time: TIME }, KEY.skey));
    for (let at = 0; at < note.length; at++) {
      const changed = Buffer.from(note);
      changed[at]! ^= 1;
      expect(() => openCheckpoint(changed, KEY.vkey)).toThrow(CustodyError);
    }
  });

  it('are signed by the key of their origin only', () => {
    const checkpoint = { origin: KEY.name, size: 8, root: ROOT, time: TIME };
    hinted(() => signCheckpoint(checkpoint, OTHER.skey), 'ORIGIN_MALFORMED');
    hinted(() => signCheckpoint(checkpoint, KEY.vkey), 'KEY_MALFORMED');
    const { skey } = readVector('key/ok-generated.json') as { skey: string };
    hinted(() => signCheckpoint(checkpoint, skey), 'KEY_MALFORMED');
    hinted(() => signNote('a\n', KEY.skey), 'KEY_MALFORMED');
    for (const time of [-1, 1.5, 2 ** 53])
      hinted(() => signCheckpoint({ ...checkpoint, time }, KEY.skey), 'NOTE_MALFORMED');
    // Another key's signature over this body is right, but not this log's word.
    const note = cosignNote(formatCheckpoint(checkpoint), OTHER.skey, TIME);
    expect(openNote(note, [OTHER.vkey]).verified).toHaveLength(1);
    hinted(() => openCheckpoint(note, OTHER.vkey), 'CHECKPOINT_MALFORMED');
  });

  it.each(['', 'a b', 'a+b', 'a\nb', 'a\u00a0b', 'a\tb', 'a\ud800'])('have no origin %j', (origin) => {
    hinted(() => formatCheckpoint({ origin, size: 8, root: ROOT }), 'ORIGIN_MALFORMED');
    const body = formatCheckpoint({ origin: 'a', size: 8, root: ROOT });
    hinted(() => parseCheckpoint(body), null);
    hinted(() => parseCheckpoint(`${origin}${body.slice(1)}`), 'CHECKPOINT_MALFORMED');
  });

  it('are not made of a size or root that cannot be', () => {
    const make = (size: number, root: Uint8Array) => () => formatCheckpoint({ origin: 'a', size, root });
    for (const size of [-1, 1.5, Number.NaN, 2 ** 53]) hinted(make(size, ROOT), 'CHECKPOINT_MALFORMED');
    hinted(make(8, ROOT.subarray(1)), 'CHECKPOINT_MALFORMED');
    hinted(make(0, ROOT), 'CHECKPOINT_MALFORMED');
    hinted(make(0, emptyRoot()), null);
  });
});
