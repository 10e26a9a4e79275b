/** Real coreutils as the oracle: what passes here passes `sha256sum -c`, and its own output is our manifest. */
import { spawnSync } from 'node:child_process';
import { rmSync, unlinkSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCustodyError } from '../../../src/errors.ts';
import { checkFolder } from '../../../src/packets/seal/check.ts';
import { foldPath } from '../../../src/packets/seal/names.ts';
import { sealFolder } from '../../../src/packets/seal/seal.ts';
import { TestFolder, coreutilsPass } from './folder.ts';

const piece = fc.constantFrom(
  ...` '"-*?\`;#&|<()[!~%=aB0.éüß,:@+`.split(''),
  ...['  ', '--', '$HOME', '..x', '日本', '👩\u200d🔬', '\u{1f600}', '\uff01', 'SHA256 (x) = '],
);
const name = fc
  .array(piece, { minLength: 1, maxLength: 5 })
  .map((pieces) => pieces.join(''))
  .filter((n) => n !== '.' && n !== '..' && n !== '-');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));

/** Trees without collisions and without a file where another path needs a folder. */
const tree = fc
  .dictionary(path, fc.string({ maxLength: 20 }), { minKeys: 1, maxKeys: 8, noNullPrototype: true })
  .filter((files) => {
    const taken = new Map<string, string>();
    return Object.keys(files).every((p) =>
      p.split('/').every((_, i, all) => {
        const prefix = all.slice(0, i + 1).join('/');
        const kind = `${prefix} ${i + 1 === all.length ? 'file' : 'dir'}`;
        const before = taken.get(foldPath(prefix));
        taken.set(foldPath(prefix), kind);
        return before === undefined || (before === kind && !kind.endsWith('file'));
      }),
    );
  });

test('weird but legal names: sealed, clean, and coreutils agree', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (files) => {
      await using folder = new TestFolder();
      for (const [p, text] of Object.entries(files)) await folder.put(p, { text });
      const { files: count, seal } = await sealFolder(folder.dir);
      expect(count).toBe(Object.keys(files).length);
      expect((await checkFolder(folder.dir, { expect: seal })).findings).toEqual([]);
      expect(coreutilsPass(folder.dir)).toBe(true);

      const theirs = spawnSync(
        'bash',
        [
          '-c',
          `find . -type f ! -path ./HASH_MANIFEST.txt ! -path ./packet_tree.sha256 -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum --`,
        ],
        { cwd: folder.dir, encoding: 'utf8' },
      );
      expect(folder.read('HASH_MANIFEST.txt').toString()).toBe(theirs.stdout);
    }),
    { numRuns: 60 },
  );
});

test('after any change that coreutils notice, we notice it; what we pass, they pass', async () => {
  const change = fc.record({
    at: fc.nat(),
    byte: fc.nat(),
    bit: fc.nat(7),
    kind: fc.constantFrom('flip', 'remove', 'cut'),
  });
  await fc.assert(
    fc.asyncProperty(change, fc.nat(), async ({ byte, bit, kind }, pick) => {
      await using folder = await new TestFolder().fill({ 'a b': 'alpha', 'c/d': 'delta', "e'": 'x' });
      await sealFolder(folder.dir);
      const all = ['a b', 'c/d', "e'", 'HASH_MANIFEST.txt', 'packet_tree.sha256'];
      const victim = all[pick % all.length] ?? 'a b';
      const bytes = folder.read(victim);
      if (kind === 'remove') unlinkSync(folder.at(victim));
      else if (kind === 'cut') folder.write(victim, bytes.subarray(0, byte % bytes.length));
      else {
        const i = byte % bytes.length;
        bytes[i] = (bytes[i] ?? 0) ^ (1 << bit);
        folder.write(victim, bytes);
      }
      expect((await checkFolder(folder.dir)).findings).not.toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test('any bytes as a name: sealed and accepted by coreutils, or refused', async () => {
  const bytes = fc
    .uint8Array({ minLength: 1, maxLength: 6 })
    .filter(
      (b) => !b.includes(0) && !b.includes(0x2f) && !['.', '..'].includes(Buffer.from(b).toString('latin1')),
    );
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 4 })
    .map((s) => new Uint8Array(Buffer.from(s)));
  await using folder = await new TestFolder().fill({ 'm.txt': 'm' });
  let sealed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        bytes,
        text.filter(
          (b) => !b.includes(0) && !b.includes(0x2f) && !'..'.startsWith(Buffer.from(b).toString()),
        ),
      ),
      async (raw) => {
        const key = `hex:${Buffer.from(raw).toString('hex')}`;
        await folder.put(key, { text: 'x' });
        try {
          await sealFolder(folder.dir, { force: true });
          sealed++;
          expect((await checkFolder(folder.dir)).findings).toEqual([]);
          expect(coreutilsPass(folder.dir)).toBe(true);
        } catch (error) {
          if (!isCustodyError(error, 'NAME_REFUSED')) throw error;
        } finally {
          rmSync(folder.at(key));
        }
      },
    ),
    { numRuns: 200 },
  );
  expect(sealed).toBeGreaterThan(0);
});
