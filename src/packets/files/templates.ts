import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../objects/digest.ts';
import type { ObjectOf } from '../../objects/kinds.ts';
import { findPath } from '../../objects/tree.ts';
import { driveAsync } from '../../objects/walk.ts';

/**
 * The texts of a packet that a template makes, and the SHA-256 of each template that a release has shipped for it, the newest
 * first. A line is added when a template changes and never removed: packets made by it are still checked.
 */
export const TEMPLATES: ReadonlyMap<string, readonly string[]> = new Map([
  ['README.md', ['01c5588d0b283047dcb8050a3d8f33e7cd6219ea52ccc46bd711badb6f02daf5']],
  ['RERUN.sh', ['bf451d7bd66dd9e2780bbb87eeeacbc00ced349143f1e35b771ff2ae8444b32e']],
  ['commands.sh', ['9d24be489d36fceab0dbb5cea5cef568cdde5c88c68daee961bdd4dd7f709d0a']],
]);

/** By the name of the text that it makes. */
export type Templates = ReadonlyMap<string, string>;

/** Where a packet holds the template of a text. */
export function templatePath(name: string): string {
  return `templates/${name}`;
}

export function isListed(name: string, sha256: string): boolean {
  return TEMPLATES.get(name)?.includes(sha256) ?? false;
}

/** Those of this version. The folder lies beside this file, and beside the built command. */
export function shippedTemplates(): Templates {
  const read = (name: string): string => readFileSync(join(import.meta.dirname, templatePath(name)), 'utf8');
  return new Map([...TEMPLATES.keys()].map((name) => [name, read(name)]));
}

/** Those of a packet that are listed under the name of their text. @throws what reading objects throws. */
export async function storedTemplates(
  { tree }: Pick<ObjectOf<'packet'>, 'tree'>,
  get: (id: Digest) => Promise<Uint8Array>,
): Promise<Templates> {
  const templates = new Map<string, string>();
  for (const name of TEMPLATES.keys()) {
    for await (const { link } of driveAsync(findPath(tree, templatePath(name)), get)) {
      // A template is short: its link is its SHA-256.
      if (isListed(name, link.digest))
        templates.set(name, Buffer.from(await get(link.digest)).toString('utf8'));
    }
  }
  return templates;
}
