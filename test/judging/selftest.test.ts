import { expect, it } from 'vitest';
import { controlCases, setOf } from '../../src/judging/controls.ts';
import { builtInValidator, storeValidator } from '../../src/judging/policy.ts';
import { selftestOf } from '../../src/judging/selftest.ts';
import { digestToBytes } from '../../src/objects/digest.ts';
import { decodeKind } from '../../src/objects/kinds.ts';
import { MemoryObjects } from '../../src/objects/memory-objects.ts';
import { digestFromBytes } from '../../src/objects/digest.ts';
import { PYTHON, says, scriptBytes } from './foreign-validators.ts';

const knownOf = (code: Uint8Array, runner: 'node-permission' | 'interpreter') => {
  const objects = new MemoryObjects();
  const link = storeValidator(objects, { name: 'one', code, runner });
  const pinned = { link, validator: decodeKind('validator', objects.get(link.digest)), code };
  // Where the system grants a sandbox it is used all the same.
  return selftestOf(pinned, { unsandboxed: true });
};

// That it passes them all is shown in test/cli/commands.deep.test.ts.
it('of the one of this version, the figure is over these vectors: OWN in releases.ts', async () => {
  const cases = await controlCases('node-permission');
  const known = await knownOf(await builtInValidator(), 'node-permission');
  expect(known && { ...known, vectors: digestFromBytes(known.vectors) }).toEqual({
    vectors: setOf(cases),
    passed: cases.length,
    of: cases.length,
  });
});

it('of another module for node, nothing is known', async () => {
  expect(await knownOf(Buffer.from('// another'), 'node-permission')).toBeNull();
});

// A verdict has the digest of the cases that its validator was tried on, and `verify` compares it with today's.
it('of a foreign one the cases are these: with other ones `verdict` gets its next version', async () => {
  expect(setOf(await controlCases('interpreter'))).toBe(
    '410c32e88ce6761f70bf79583ca7e7b1676d0bd79993f71fdaa90ca725fc6301',
  );
});

it.each([
  ['a real one', PYTHON, 5],
  ['one that always says yes', says('{"accepted": true}'), 1],
  ['one that always says no', says('{"accepted": false}'), 4],
])('of a foreign one it is what it gives: %s', { timeout: 60_000 }, async (_, text, passed) => {
  const vectors = digestToBytes(setOf(await controlCases('interpreter')));
  expect(await knownOf(scriptBytes(text), 'interpreter')).toEqual({ vectors, passed, of: 5 });
});
