import { mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { locateSource, openLocated } from '../../src/engines/source-path.ts';
import { makeTestFolder } from '../support/folder.ts';

describe('a source', () => {
  let folder: string;
  const at = (...names: string[]): string => join(folder, ...names);
  beforeEach(() => {
    folder = realpathSync(makeTestFolder('source'));
    for (const name of ['mine', 'live']) {
      mkdirSync(at(name));
      writeFileSync(at(name, 'a.db'), name);
    }
    symlinkSync(at('mine', 'a.db'), at('link.db'));
  });

  const swapped = (): void => {
    rmSync(at('link.db'));
    symlinkSync(at('live', 'a.db'), at('link.db'));
  };

  it('is where its links lead', async () => {
    const real = at('mine', 'a.db');
    expect(await locateSource({ file: at('link.db') })).toBe(real);
    expect(await locateSource({ file: at('link.db'), real })).toBe(real);
    await using handle = await openLocated(real);
    expect(await handle.readFile('utf8')).toBe('mine');
  });

  it('that leads elsewhere than it did is refused', async () => {
    swapped();
    const located = locateSource({ file: at('link.db'), real: at('mine', 'a.db') });
    await expect(located).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  });

  it('that was not there is refused once something is', async () => {
    rmSync(at('link.db'));
    symlinkSync(at('live', 'a.db'), at('link.db'));
    const located = locateSource({ file: at('link.db'), real: at('link.db') });
    await expect(located).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  });

  it('whose folder was swapped for a link is not read', async () => {
    renameSync(at('mine'), at('moved'));
    symlinkSync(at('live'), at('mine'));
    await expect(openLocated(at('mine', 'a.db'))).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  });

  it('that is a link itself is not followed', async () => {
    await expect(openLocated(at('link.db'))).rejects.toMatchObject({ code: 'IO_FAILED' });
  });
});
