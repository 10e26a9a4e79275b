import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** Words of one team. Whoever else uses custody has none of them. */
const WORDS =
  /fix7|qt001|directus|birth_registry|system_issues|os_proposal|real_run|real run|cutover|repoint|\bpermits?\b|opt-4/iu;

/** The demo tells the story of one profile, and names its folder. */
const ALLOWED = { 'src/cli/commands/demo.ts': ["openProfile(profileFolder('fix7-p0'))"] } as Readonly<
  Record<string, readonly string[]>
>;

describe('the engine', () => {
  it.each(['src', 'bin'])('knows nothing of one team: %s', (folder) => {
    const found: string[] = [];
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const path = `${folder}/${name}`;
      let text = readFileSync(join(ROOT, path), 'utf8');
      for (const words of ALLOWED[path] ?? []) text = text.replace(words, '');
      const match = WORDS.exec(text);
      if (match) found.push(`${path}: ${match[0]}`);
    }
    expect(found).toEqual([]);
  });

  it('is looked at with words that FIX7 does use', () => {
    const own = readdirSync(join(ROOT, 'profiles/fix7-p0'))
      .map((name) => readFileSync(join(ROOT, 'profiles/fix7-p0', name), 'utf8'))
      .join('\n');
    const words = WORDS.source.split('|').filter((word) => word !== 'real run');
    for (const word of words) expect(own).toMatch(new RegExp(word, 'iu'));
  });
});
