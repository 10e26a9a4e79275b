import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FINDING_CODES } from '../../../src/finding.ts';
import { parseDigest } from '../../../src/objects/digest.ts';
import { checkFolder } from '../../../src/packets/seal/check.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { NotPossible, TestFolder, codes, coreutilsPass } from './folder.ts';
import type { Item, Mutation } from './folder.ts';

interface Vector {
  description: string;
  /** What is there when the packet is sealed. */
  folder: Record<string, Item>;
  /** What happens then. */
  mutate: Mutation[];
  /** The seal that the auditor expects; "sealed" for the one the packet had. */
  expect?: string;
  /** Every [code, path]; the order does not matter. */
  findings: [string, string][];
  /** What `sha256sum -c` says to it; left out where it would not end. */
  coreutils?: 'pass' | 'fail';
}

const dir = new URL('../../vectors/packet/', import.meta.url);
const vectors = readdirSync(dir).map((name): [string, Vector] => [
  name.replace('.json', ''),
  JSON.parse(readFileSync(new URL(name, dir), 'utf8')) as Vector,
]);

describe('one vector a fault', () => {
  test.for(vectors)('%s', async ([, vector], { skip }) => {
    await using folder = await new TestFolder().fill(vector.folder);
    const { seal } = await sealFolder(folder.dir);
    try {
      for (const mutation of vector.mutate) await folder.mutate(mutation);
    } catch (error) {
      if (!(error instanceof NotPossible)) throw error;
      skip(error.message);
    }
    const wanted =
      vector.expect === 'sealed'
        ? seal
        : vector.expect === undefined
          ? undefined
          : parseDigest(vector.expect);
    const checked = await checkFolder(folder.dir, { expect: wanted });
    expect(codes(checked.findings).sort()).toEqual([...vector.findings].sort());
    if (vector.coreutils !== undefined) expect(coreutilsPass(folder.dir)).toBe(vector.coreutils === 'pass');
  });

  test('every code of the seal level stands alone in some vector', () => {
    const level = FINDING_CODES.slice(0, FINDING_CODES.indexOf('TREE_DIFFERS'));
    const alone = new Set(
      vectors.filter(([, v]) => v.findings.length === 1).map(([, v]) => v.findings[0]?.[0]),
    );
    // FILE_UNREADABLE needs another user: check.deep.test.ts.
    expect(level.filter((code) => !alone.has(code))).toEqual(['FILE_UNREADABLE']);
  });

  test('what passes here passes coreutils', () => {
    const clean = vectors.filter(([, v]) => v.findings.length === 0);
    expect(clean.map(([, v]) => v.coreutils ?? 'pass')).not.toContain('fail');
  });
});
