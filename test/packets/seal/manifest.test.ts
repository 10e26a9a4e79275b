import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/objects/digest.ts';
import {
  LINE_FINDINGS_LIMIT,
  formatManifest,
  formatSeal,
  parseManifest,
  parseSeal,
} from '../../../src/packets/seal/manifest.ts';

const sha256 = digestOf(Buffer.from('abc'));
const HEX = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

test('the exact bytes', () => {
  const bytes = formatManifest([
    { path: 'b/a', sha256 },
    { path: 'b.txt', sha256 },
  ]);
  expect(bytes.toString()).toBe(`${HEX}  b.txt\n${HEX}  b/a\n`);
  expect(formatSeal(sha256).toString()).toBe(`${HEX}  HASH_MANIFEST.txt\n`);
  expect(formatSeal(sha256)).toHaveLength(84);
});

test('a seal has one form', () => {
  const good = formatSeal(sha256).toString();
  expect(parseSeal(Buffer.from(good))).toBe(HEX);
  for (let i = 0; i < good.length; i++) {
    expect(parseSeal(Buffer.from(good.slice(0, i) + good.slice(i + 1)))).toBeUndefined();
    expect(parseSeal(Buffer.from(`${good.slice(0, i)}Z${good.slice(i + 1)}`))).toBeUndefined();
  }
  expect(parseSeal(Buffer.from(`${good}\n`))).toBeUndefined();
});

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((n) => n !== '.' && n !== '..');
const path = fc
  .array(name, { minLength: 1, maxLength: 3 })
  .map((names) => names.join('/'))
  .filter((p) => parseManifest(Buffer.from(`${HEX}  ${p}\n`)).findings.length === 0);

describe('parseManifest', () => {
  test('reads what formatManifest writes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 10, minLength: 1 }), (paths) => {
        const parsed = parseManifest(
          formatManifest(paths.map((p) => ({ path: p, sha256: digestOf(Buffer.from(p)) }))),
        );
        expect(parsed.findings).toEqual([]);
        expect([...parsed.files.keys()].sort()).toEqual([...paths].sort());
        for (const p of paths) expect(parsed.files.get(p)).toBe(digestOf(Buffer.from(p)));
      }),
    );
  });

  test('accepts nothing but what formatManifest writes', () => {
    const piece = fc.constantFrom(
      HEX,
      '  ',
      ' ',
      'a',
      'b',
      '/',
      '.',
      '..',
      '\n',
      '\\',
      '-',
      '*',
      '\t',
      'é',
      '\0',
    );
    const line = fc.array(piece, { maxLength: 6 }).map((p) => p.join(''));
    const tail = fc.array(piece, { maxLength: 4 }).map((p) => `${HEX}  ${p.join('')}\n`);
    fc.assert(
      fc.property(fc.array(fc.oneof(line, tail), { maxLength: 4 }), (lines) => {
        const bytes = Buffer.from(lines.join(''));
        const { files, findings } = parseManifest(bytes);
        if (findings.length > 0) return;
        const again = formatManifest(Array.from(files, ([p, digest]) => ({ path: p, sha256: digest })));
        expect(again.equals(bytes)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(parseManifest(bytes).findings).not.toEqual([]);
      }),
    );
  });

  test('counts faulty lines beyond the limit instead of keeping them', () => {
    const { findings, files } = parseManifest(
      Buffer.from(`${'\n'.repeat(LINE_FINDINGS_LIMIT + 5)}${HEX}  a\n`),
    );
    expect(findings).toHaveLength(LINE_FINDINGS_LIMIT + 1);
    expect(findings.at(-1)).toMatchObject({ code: 'MANIFEST_LINE_MALFORMED', path: 'HASH_MANIFEST.txt' });
    expect([...files.keys()]).toEqual(['a']);
  });
});
