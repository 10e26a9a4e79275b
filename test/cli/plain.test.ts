import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainCat } from '../../src/cli/plain.ts';
import { Desk } from './desk.ts';

describe('the line that is read without the parser', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = new Desk();
    await desk.init();
    await desk.packet();
    await desk.json(['commit', 'evidence']);
  });
  afterEach(() => desk[Symbol.dispose]());

  it('does what the parser does', async () => {
    for (const id of ['HEAD:a.txt', '@1', 'HEAD~9', 'head', 'HEAD:nowhere', '', '-x', '12345678']) {
      // Said twice, quiet changes nothing, and takes the other way.
      const parsed = await desk.run(['cat', id, '--quiet', '--ledger', desk.dir]);
      expect(await desk.run(['cat', id, '--ledger', desk.dir]), id).toEqual(parsed);
      expect(await desk.run(['cat', id]), id).toEqual(await desk.run(['cat', id, '--quiet']));
    }
    expect(await desk.run(['cat', 'HEAD', '--ledger', 'nowhere'])).toEqual(
      await desk.run(['cat', 'HEAD', '--ledger=nowhere']),
    );
  });

  it.each([
    [['cat']],
    [['cat', '']],
    [['cat', '--help']],
    [['cat', 'a', 'b']],
    [['cat', 'a', '--json']],
    [['cat', 'a', '--ledger']],
    [['cat', 'a', '--ledger', '']],
    [['cat', 'a', '--ledger', '--json']],
    [['cat', 'a', '--ledger', 'b', 'c']],
    [['--ledger', 'b', 'cat', 'a']],
    [['show', 'a']],
    [[]],
  ])('leaves %j to the parser', (argv) => {
    expect(plainCat(argv)).toBeUndefined();
  });
});
