import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { isFree, WholeFolder } from '../../src/system/whole-folder.ts';
import { makeTestFolder } from '../support/folder.ts';
import { ENDED, MAKERS, temporaryOf } from '../support/killed.ts';

describe('a folder that is there whole or not at all', () => {
  let above: string;
  let place: string;
  const names = (path = place): string[] => readdirSync(path).sort();
  const begin = async (
    files: Record<string, string> = { a: 'A', 'deep/b': 'B', seal: 'S' },
  ): Promise<WholeFolder> => {
    const made = await WholeFolder.begin(place);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(made.work, name, '..'), { recursive: true });
      writeFileSync(join(made.work, name), text);
    }
    return made;
  };
  beforeEach(() => {
    above = makeTestFolder('whole');
    place = join(above, 'place');
  });

  it.each(['new', 'empty'])(
    'in a %s place: has what was filled in, and is taken away with nothing else',
    async (which) => {
      if (which === 'empty') mkdirSync(place);
      const made = await begin();
      await symlink('a', join(made.work, 'link'));
      expect(existsSync(place) ? names() : []).not.toContain('a');
      expect(await made.place('seal')).toBe(true);
      expect([names(), names(above)]).toEqual([['a', 'deep', 'link', 'seal'], ['place']]);
      expect([readFileSync(join(place, 'deep/b'), 'utf8'), readlinkSync(join(place, 'link'))]).toEqual([
        'B',
        'a',
      ]);
      for (const name of ['mine', 'deep/mine']) writeFileSync(join(place, name), 'precious');
      await made.undo();
      expect([names(), names(join(place, 'deep'))]).toEqual([['deep', 'mine'], ['mine']]);
    },
  );

  it('that was new is gone without a trace; one that was there stays', async () => {
    const made = await begin();
    await made.place();
    await made.undo();
    expect(names(above)).toEqual([]);
    mkdirSync(place);
    const again = await begin();
    await again.undo();
    expect(names()).toEqual([]);
  });

  it.each(['file', 'folder', 'link'])('a name that is a %s by now is left as it is', async (kind) => {
    mkdirSync(place);
    const made = await begin({ a: 'A', 'n/inside': 'N', z: 'Z' });
    const taken = join(place, kind === 'folder' ? 'n' : 'z');
    if (kind === 'folder') mkdirSync(join(taken, 'mine'), { recursive: true });
    else if (kind === 'link') await symlink('nowhere', taken);
    else writeFileSync(taken, 'mine');
    const { ino } = lstatSync(taken);
    expect(await made.place('z')).toBe(false);
    await made.undo();
    expect([names(), lstatSync(taken).ino]).toEqual([[kind === 'folder' ? 'n' : 'z'], ino]);
  });

  it('a new place that somebody has filled by now is left as it is', async () => {
    const made = await begin();
    mkdirSync(join(place, 'mine'), { recursive: true });
    expect(await made.place()).toBe(false);
    await made.undo();
    expect([names(), names(above)]).toEqual([['mine'], ['place']]);
  });

  it('the last name comes after all others', async () => {
    mkdirSync(place);
    const made = await begin({ a: 'A', 'seal/x': 'S', z: 'Z' });
    mkdirSync(join(place, 'seal/mine'), { recursive: true });
    expect(await made.place('seal')).toBe(false);
    expect(names().filter((name) => !name.startsWith('.'))).toEqual(['a', 'seal', 'z']);
    await made.undo();
    expect(names()).toEqual(['seal']);
  });

  it.each([
    ['nothing there', () => undefined, true],
    ['an empty folder', () => mkdirSync(place), true],
    ['something in it', () => mkdirSync(join(place, 'mine'), { recursive: true }), false],
    [
      'what a killed maker left in it',
      () => mkdirSync(join(place, temporaryOf(ENDED, 'folder')), { recursive: true }),
      true,
    ],
    [
      'what somebody makes in it',
      () => mkdirSync(join(place, temporaryOf(MAKERS[0]![1], 'folder')), { recursive: true }),
      false,
    ],
  ])('a place with %s', async (_, lay, free) => {
    lay();
    expect(await isFree(place)).toBe(free);
  });
});
