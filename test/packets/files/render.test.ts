import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/objects/digest.ts';
import type { Json } from '../../../src/objects/json.ts';
import { render } from '../../../src/packets/files/render.ts';
import { isListed, shippedTemplates, TEMPLATES } from '../../../src/packets/files/templates.ts';

interface Vector {
  readonly description: string;
  readonly name: string;
  readonly template: string;
  readonly data: Json;
  /** Null where the template is refused. */
  readonly text: string | null;
}

const FOLDER = new URL('../../vectors/template/', import.meta.url);
const vectors = readdirSync(FOLDER).map((file): [string, Vector] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Vector,
]);

describe('a template is filled', () => {
  it.each(vectors)('%s', (_, { name, template, data, text }) => {
    if (text === null) expect(() => render(name, template, data)).toThrow();
    else expect(render(name, template, data)).toBe(text);
  });

  it.each(vectors.filter(([name]) => name.startsWith('shell-')))(
    'a shell runs nothing of %s',
    (_, vector) => {
      const out = execFileSync('sh', ['-c', render(vector.name, vector.template, vector.data)]).toString();
      expect(out.split('\n')).not.toContain('INJECTED');
      expect(out.trimEnd().split('\n')).toHaveLength(1);
    },
  );
});

describe('the templates', () => {
  it('of this version are the newest that are listed', () => {
    for (const [name, text] of shippedTemplates())
      expect(digestOf(new Uint8Array(Buffer.from(text))), name).toBe(TEMPLATES.get(name)![0]);
  });

  it('are each bound to one name', () => {
    const digests = [...TEMPLATES.values()].flat();
    expect(new Set(digests).size).toBe(digests.length);
    expect(isListed('README.md', TEMPLATES.get('commands.sh')![0]!)).toBe(false);
    expect(isListed('constructor', TEMPLATES.get('commands.sh')![0]!)).toBe(false);
  });

  it('put no value first on a line, where Markdown might take it for something else', () => {
    expect(shippedTemplates().get('README.md')).not.toMatch(/^(\{\{[#?^][^}]*\}\})*\{\{[^#?^/]/m);
  });
});
